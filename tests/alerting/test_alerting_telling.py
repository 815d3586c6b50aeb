"""Escalation, what is told, and what helped before: tables over alerts, no clock."""

from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from opsconsole.alerting.escalation import due
from opsconsole.alerting.fixes import fixes_for
from opsconsole.alerting.telling import Pace, admit, digest, hold, loud, occasions
from opsconsole.model.alert import Ack, Alert
from opsconsole.model.episode import Episode
from opsconsole.model.oncall import Escalation, EscalationStep, Notifier
from opsconsole.model.run import Run, RunTarget
from opsconsole.model.states import AlertState, Effect, Freshness, RunState, Severity, TargetState

T0 = 1_800_000_000.0
STEPS = (EscalationStep(300.0, "primary"), EscalationStep(900.0, "secondary"))


def fire(**more: Any) -> Alert:
    usual = Alert(
        fingerprint="f1", episode="f1-1", name="ServiceDown", severity=Severity.CRITICAL,
        raw_severity="critical", state=AlertState.FIRING, since=T0, on="service:shop", source="rules",
    )  # fmt: skip
    return replace(usual, **more)


@pytest.mark.parametrize(
    ("alert", "after", "to"),
    [
        (fire(), 299.0, []),
        (fire(), 300.0, ["primary"]),
        (fire(), 900.0, ["primary", "secondary"]),
        (fire(escalated=(Escalation(T0, "primary"),)), 900.0, ["secondary"]),
        (fire(ack=Ack("op1", T0)), 900.0, []),
        (fire(owner="op1"), 900.0, []),
        (fire(suppressed_by=("silence:1",)), 900.0, []),
        (fire(suppressed_by=("flapping",)), 900.0, []),
        (fire(severity=Severity.WARNING), 900.0, []),
        (fire(state=AlertState.PENDING), 900.0, []),
        (fire(state=AlertState.RESOLVED), 900.0, []),
        (fire(state=AlertState.RECOVERING), 300.0, ["primary"]),
    ],
)
def test_a_critical_that_nobody_has_goes_on_in_time(
    alert: Alert, after: float, to: list[str]
) -> None:
    assert [one.to for one in due([alert], STEPS, {}, T0 + after)] == to


def test_the_time_runs_from_when_it_last_had_somebody_or_was_quiet() -> None:
    quiet = {"f1-1": T0 + 1_000.0}

    assert due([fire()], STEPS, quiet, T0 + 1_299.0) == ()
    assert [one.waited for one in due([fire()], STEPS, quiet, T0 + 1_300.0)] == [300.0]


MUTED = fire(suppressed_by=("silence:1",))
OVER = fire(state=AlertState.RESOLVED)


@pytest.mark.parametrize(
    ("before", "after", "told", "kinds"),
    [
        (None, fire(), False, ["fired"]),
        (None, fire(name="Blind"), False, ["blind"]),
        (None, fire(since=T0 - 3_600.0), False, []),
        (None, MUTED, False, []),
        (MUTED, fire(since=T0 - 3_600.0), False, ["fired"]),
        (fire(), fire(value=2.0), True, []),
        (fire(), OVER, True, ["resolved"]),
        (fire(), replace(OVER, freshness=Freshness.STALE), True, []),
        (MUTED, replace(OVER, suppressed_by=("silence:1",)), True, ["resolved"]),
        (MUTED, replace(OVER, suppressed_by=("silence:1",)), False, []),
        (fire(), fire(escalated=(Escalation(T0, "primary"),)), True, ["escalated"]),
        (fire(severity=Severity.WARNING), fire(), True, ["fired"]),
        (fire(state=AlertState.PENDING), fire(), False, ["fired"]),
        (fire(), fire(state=AlertState.RECOVERING), True, []),
    ],
)
def test_what_is_told_of_a_change(
    before: Alert | None, after: Alert, told: bool, kinds: list[str]
) -> None:
    old = {} if before is None else {before.episode: before}
    known = frozenset({"f1-1"} if told else ())

    found, _ = occasions(old, {"f1-1": after}, known, T0 + 1.0)

    assert [one.kind for one in found] == kinds


def test_a_fire_is_told_once_and_its_end_once() -> None:
    looks: list[dict[str, Alert]] = [
        {}, {"f1-1": fire()}, {"f1-1": fire(value=1.0)}, {"f1-1": MUTED}, {"f1-1": fire(value=2.0)},
        {"f1-1": OVER}, {"f1-1": replace(OVER, value=3.0)}, {},
    ]  # fmt: skip
    told: frozenset[str] = frozenset()
    heard = []
    for old, new in pairwise(looks):
        found, told = occasions(old, new, told, T0)
        heard += [one.kind for one in found]

    assert heard == ["fired", "resolved"]
    assert told == frozenset()


def test_what_burns_at_the_start_is_told_of_when_it_ends() -> None:
    start = {"f1-1": fire(), "f2-1": replace(MUTED, episode="f2-1")}

    assert loud(start) == {"f1-1"}


def test_more_than_the_limit_comes_as_one_digest_when_there_is_room() -> None:
    way, pace, sent = Notifier("pager", "exec", limit=2, per=600.0), Pace(), 0
    for n in range(14):
        pace, goes = admit(pace, way, T0 + n)
        if goes:
            sent += 1
        else:
            pace = hold(pace, f"fired A{n}")

    early, none = digest(pace, way, T0 + 599.0)
    late, many = digest(early, way, T0 + 600.0)

    assert sent == 2
    assert none is None
    assert many is not None
    assert (many.count, len(many.named)) == (12, 5)
    assert (late.held, late.sent) == (0, (T0 + 1.0, T0 + 600.0))


def test_while_some_are_held_a_new_one_does_not_overtake_them() -> None:
    way = Notifier("pager", "exec", limit=1, per=60.0)
    pace = hold(Pace((T0,)), "fired A")

    assert admit(pace, way, T0 + 61.0)[1] is False


def episode(n: int, on: str = "host:web1", took: float | None = 600.0) -> Episode:
    at = T0 - n * 86_400.0
    return Episode(
        f"e{n}", "f1", "UnitFailed", on, Severity.CRITICAL, AlertState.RESOLVED, at,
        resolved_at=None if took is None else at + took,
    )  # fmt: skip


def run(
    n: int, after: float, target: str = "web1", action: str = "core.unit-restart", **more: Any
) -> Run:
    at = T0 - n * 86_400.0 + after
    made = Run(
        f"r{n}-{after:g}", action, action, Effect.WRITE, "op1", RunState.SUCCEEDED, at, {},
        (RunTarget(target, TargetState.CHANGED),), "",
    )  # fmt: skip
    return replace(made, **more)


NOW = fire(name="UnitFailed", on="host:web1", episode="now")


def test_what_was_done_last_before_the_end_is_what_helped() -> None:
    found = fixes_for(NOW, [episode(1), episode(2)], [run(1, 240.0), run(2, 300.0)])

    (fix,) = found.fixes
    assert (fix.action, fix.cleared, fix.tried, fix.same) == ("core.unit-restart", 2, 2, True)
    assert fix.median == 330.0
    assert (found.before, found.before_same, found.alone) == (2, 2, 0)


def test_of_several_runs_only_the_last_one_counts_as_the_end() -> None:
    runs = [run(1, 60.0, action="core.flush"), run(1, 300.0)]

    found = fixes_for(NOW, [episode(1)], runs)

    assert [(fix.action, fix.cleared, fix.tried) for fix in found.fixes] == [
        ("core.unit-restart", 1, 1)
    ]


def test_the_same_object_goes_before_others() -> None:
    runs = [run(1, 300.0, action="core.flush"), run(2, 300.0, "web2"), run(3, 300.0, "web3")]

    found = fixes_for(NOW, [episode(1), episode(2, "host:web2"), episode(3, "host:web3")], runs)

    assert [(fix.action, fix.same) for fix in found.fixes] == [
        ("core.flush", True),
        ("core.unit-restart", False),
    ]


@pytest.mark.parametrize(
    "made",
    [
        run(1, 300.0, effect=Effect.READ),
        run(1, 300.0, "web2"),
        run(1, 700.0),
        run(1, -10.0),
    ],
    ids=["it only read", "elsewhere", "after its end", "before it"],
)
def test_what_cannot_have_helped_does_not_count(made: Run) -> None:
    found = fixes_for(NOW, [episode(1)], [made])

    assert found.fixes == ()
    assert found.alone == 1


def test_a_fire_that_ended_long_after_a_run_did_not_end_by_it() -> None:
    assert fixes_for(NOW, [episode(1, took=7_200.0)], [run(1, 60.0)]).fixes == ()
