"""While one was away: what began, what ended, who acked, what was run; what is quiet has no missing owner."""

from opsconsole.model.episode import Episode
from opsconsole.model.event import Event
from opsconsole.model.run import Run
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import AlertState, Effect, RunState, Severity
from opsconsole.view.away import away, lines, words
from opsconsole.view.cells import plain
from opsconsole.view.glyphs import UNICODE

NOW = 1_764_040_364.0
SINCE = NOW - 7_200


def episode(name: str, fired: float, ended: float | None = None, **more: object) -> Episode:
    state = AlertState.FIRING if ended is None else AlertState.RESOLVED
    severity = Severity.CRITICAL if name.startswith("Crit") else Severity.WARNING
    at = None if ended is None else NOW - ended
    return Episode(
        f"e-{name}",
        f"f-{name}",
        name,
        "host:web-01",
        severity,
        state,
        NOW - fired,
        None,
        at,
        **more,
    )


EPISODES = (
    episode("WarnNew", 600),
    episode("CritNew", 900),
    episode("CritQuiet", 950, suppressed_by=("silence:s1",)),
    episode("Came", 5_000, 4_000, owner="op2"),
    episode("Ended", 9_000, 3_000),
    episode("Old", 90_000),
    episode("LongOver", 90_000, 80_000),
)
EVENTS = (
    Event(1, NOW - 500, "op2", "acked", "host:web-01", "ack WarnNew"),
    Event(2, NOW - 9_000, "op2", "acked", "host:web-01", "ack Old"),
    Event(3, NOW - 400, "ci", "deploy", "", "web v2"),
)


def seen():
    run = Run(
        "r1",
        "core.unit-restart",
        "Restart",
        Effect.WRITE,
        "op2",
        RunState.SUCCEEDED,
        NOW - 300,
        {},
        (),
        "",
    )
    return away(Snapshot(runs={"r1": run}), EPISODES, EVENTS, since=SINCE, until=NOW)


def test_an_absence_is_told_in_a_line() -> None:
    assert (
        words(seen()) == "away 2h00: 4 fired (2 critical, 1 over again), 1 resolved, 1 acked, 1 run"
    )


def test_an_absence_in_which_nothing_happened_says_so() -> None:
    assert words(away(Snapshot(), (), (), since=SINCE, until=NOW)) == "away 2h00: nothing happened"


def test_what_still_burns_stands_first_the_critical_ones_on_top() -> None:
    text = [plain(line) for line in lines(seen(), UNICODE)]
    names = ("CritNew", "CritQuiet", "WarnNew", "Came", "Ended", "ack WarnNew", "unit-restart")

    places = [next(n for n, line in enumerate(text) if name in line) for name in names]
    assert places == sorted(places)
    assert not any("Old" in line or "LongOver" in line or "web v2" in line for line in text)


def test_only_what_may_call_and_has_nobody_is_said_to_have_nobody() -> None:
    text = {
        plain(line).split()[2]: plain(line)
        for line in lines(seen(), UNICODE)
        if "web-01  " in plain(line)
    }

    assert "NOBODY" in text["CritNew"]
    assert "quiet" in text["CritQuiet"]
    assert "op2" in text["Came"]
