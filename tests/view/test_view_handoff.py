"""A hand-over: what the next one must know, in words that can be read aloud."""

from pathlib import Path

from fleet_in_trouble import NOW, make_alert
from msgspec.structs import replace

from opsconsole.alerting.response import merged, respond
from opsconsole.model.alert import Ack, Note
from opsconsole.model.episode import Episode
from opsconsole.model.event import Event
from opsconsole.model.run import Run, RunTarget
from opsconsole.model.silence import Matcher, Silence
from opsconsole.model.snapshot import Access, Feed, Freeze, Snapshot
from opsconsole.model.states import (
    AlertState,
    Effect,
    RunState,
    ServiceState,
    Severity,
    TargetState,
)
from opsconsole.view.handoff import hand_over
from opsconsole.view.handoff_text import as_said, literal, markdown

SINCE = NOW - 12 * 3_600


def _episode(name: str, on: str, ago: float, took: float | None, **more: object) -> Episode:
    fired = NOW - ago
    made = Episode(
        f"{name}-{fired:.0f}", f"{name}@{on}", name, on, Severity.WARNING,
        AlertState.FIRING if took is None else AlertState.RESOLVED, fired,
        resolved_at=None if took is None else fired + took,
    )  # fmt: skip
    return replace(made, **more)


def _shift() -> Snapshot:
    ack = Ack("op1", NOW - 600, "cleaning wal")
    alerts = [
        make_alert("ServiceDown", "service:checkout", ago=540, summary="2 of 6 checks down",
                   runbook="core.unit-restart"),
        make_alert("PgReplLag", "host:db-prod-02", ago=840, summary="lag 412s > 60s", ack=ack,
                   notes=(Note("op1", NOW - 300, "archiver restarted, lag falls"),)),
        *(make_alert("LoadPerCore", f"host:web-prod-0{n}", "warning", 1860, owner="op2",
                     summary="load 2.3 per core")
          for n in (3, 5, 7)),
        make_alert("CertExpiry", "host:edge-prod-01", "warning", 190_000, summary="ends in 6d",
                   suppressed_by=("silence:c10ba37d",)),
    ]  # fmt: skip
    restart = Run(
        "20261122-0301-aa", "core.unit-restart", "Restart", Effect.WRITE, "op1", RunState.INDETERMINATE,
        NOW - 700, {},
        (RunTarget("web-prod-11", TargetState.UNKNOWN), RunTarget("web-prod-12", TargetState.CHANGED)),
        "h", ended=NOW - 690, reason="5xx after the deploy",
    )  # fmt: skip
    silence = Silence(
        "c10ba37d", "main", (Matcher("alertname", "=", "CertExpiry"),), NOW - 60, NOW + 7_200, "op2",
        "renewed on monday",
    )  # fmt: skip
    return Snapshot(
        now=NOW,
        alerts={alert.episode: alert for alert in alerts},
        runs={restart.id: restart},
        silences={silence.id: silence},
        feeds={"am-2": Feed("am-2", "alertmanager", ServiceState.DOWN)},
        access=Access(freezes=(Freeze("f1", "op1", NOW + 3_600, "db migration", "role:db"),)),
    )


def test_a_shift_reads_well_to_someone_who_was_not_there() -> None:
    episodes = [
        _episode("FsSpace", "host:db-prod-02", 7_200, 2_400, owner="op1", acked_at=NOW - 7_080),
        _episode("UnitFailed", "host:batch-prod-01", 3_600, 600),
        _episode("UnitFailed", "host:batch-prod-01", 2_900, 300),
        _episode("PgReplLag", "host:db-prod-02", 840, None, acked_at=NOW - 600, severity=Severity.CRITICAL),
    ]  # fmt: skip
    events = [Event(1, NOW - 668, "ci", "deploy", "service:checkout", "checkout v2.42.0")]

    text = markdown(hand_over(_shift(), episodes, events, since=SINCE, until=NOW, by="op1"))

    assert text == Path(__file__).with_name("handoff.md").read_text()


def test_a_quiet_shift_is_one_sentence() -> None:
    text = markdown(hand_over(Snapshot(now=NOW), [], [], since=SINCE, until=NOW, by="op1"))

    assert text == "# Hand-over 11-21 15:12Z to 11-22 03:12Z\n\nNothing burns now.\n"


def test_what_machines_say_stays_text() -> None:
    alert = make_alert("X", "host:a", summary="`rm` <b>[link](http://x.example)</b> # | _x_")
    shown = Snapshot(now=NOW, alerts={alert.episode: alert})

    text = markdown(hand_over(shown, [], [], since=SINCE, until=NOW, by="op1"))

    assert "\\`rm\\` \\<b\\>\\[link\\](http://x.example)\\</b\\> \\# \\| \\_x\\_" in text


def test_an_alert_that_flaps_is_one_trouble() -> None:
    episodes = [
        _episode("A", "host:a", 3_600, 60),
        _episode("A", "host:a", 3_400, 60),
        _episode("A", "host:a", 1_000, 60),
        _episode("B", "host:a", 3_400, 60, suppressed_by=("silence:x",)),
    ]

    assert [len(trouble) for trouble in merged(episodes[:3])] == [2, 1]
    found = respond(episodes)
    assert found.fired == 2
    assert found.to_resolve is not None
    assert found.to_resolve.mean == (260 + 60) / 2


def test_a_critical_that_nobody_answered_is_counted() -> None:
    loud = _episode("A", "host:a", 600, None, severity=Severity.CRITICAL)

    assert respond([loud]).unanswered == 1
    assert respond([replace(loud, acked_at=NOW - 540)]).unanswered == 0


def test_a_screen_shows_what_machines_said_as_they_said_it() -> None:
    said = r"lag 4s > 1s [page] `x` \\ # _ | <a>"

    assert as_said(literal(said)) == said
    assert as_said("**bold** stays") == "**bold** stays"
