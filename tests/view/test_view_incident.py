"""Incidents and on call as people read them: the post-mortem, the timeline, the header, what helped."""

from opsconsole.model.episode import Episode
from opsconsole.model.event import Event
from opsconsole.model.incident import Incident
from opsconsole.model.oncall import Fix, Fixes, OnCall
from opsconsole.model.run import Run, RunTarget
from opsconsole.model.snapshot import Access, Snapshot
from opsconsole.model.states import AlertState, Effect, RunState, Severity, TargetState
from opsconsole.view.handoff import hand_over
from opsconsole.view.handoff_text import markdown
from opsconsole.view.header import lines
from opsconsole.view.incident import page, span_of
from opsconsole.view.incident_text import page_lines, post_mortem
from opsconsole.view.oncall import fixes_words, on_call_lines

T0 = 1_795_356_000.0  # 2026-11-22T14:00:00Z
INCIDENT = Incident(
    "i1", "shop is away", opened=T0 + 300.0, opener="op1", began=T0, commander="op2", status="closed",
    stable=T0 + 900.0, closed=T0 + 1_800.0, alerts=("f1-1",), on=("host:web1",),
    impact="no orders for 15 minutes", links=("https://example.com/b/1",),
)  # fmt: skip
FIRES = (
    Episode(
        "f1-1", "f1", "UnitFailed", "host:web1", Severity.CRITICAL, AlertState.RESOLVED, T0,
        acked_at=T0 + 120.0, resolved_at=T0 + 900.0, owner="op2", summary="nginx.service failed",
    ),
    Episode(
        "f2-1", "f2", "Load", "host:db1", Severity.WARNING, AlertState.FIRING, T0 + 60.0,
    ),
)  # fmt: skip
RUNS = (
    Run(
        "r1", "core.unit-restart", "", Effect.WRITE, "op2", RunState.SUCCEEDED, T0 + 600.0, {},
        (RunTarget("web1", TargetState.CHANGED),), "", reason="nginx died",
    ),
    Run(
        "r2", "core.df", "", Effect.READ, "op2", RunState.SUCCEEDED, T0 + 610.0, {},
        (RunTarget("web1", TargetState.UNCHANGED),), "",
    ),
)  # fmt: skip
EVENTS = (
    Event(1, T0 - 600.0, "ci", "deploy", "", "shop 4.2 deployed"),
    Event(2, T0, "engine", "fired", "host:web1", "UnitFailed nginx.service", "critical"),
    Event(3, T0 + 60.0, "engine", "fired", "host:db1", "Load 19", "warning"),
    Event(4, T0 + 300.0, "op1", "incident", "", "i1 opened: shop is away", data={"incident": "i1"}),
    Event(5, T0 + 310.0, "op1", "incident", "", "i2: another one", data={"incident": "i2"}),
    Event(6, T0 + 9_000.0, "engine", "fired", "host:web1", "much later"),
    Event(7, T0 - 9_000.0, "ci", "deploy", "", "much earlier"),
)
PAGE = page(INCIDENT, FIRES, EVENTS, RUNS, T0 + 9_999.0)


def test_the_timeline_has_what_belongs_to_it_and_nothing_else() -> None:
    assert [moment.text for moment in PAGE.timeline] == [
        "shop 4.2 deployed", "UnitFailed nginx.service", "i1 opened: shop is away",
    ]  # fmt: skip
    assert span_of(INCIDENT, T0 + 9_999.0) == (T0 - 1_500.0, T0 + 1_800.0)
    assert [run.id for run in PAGE.runs] == ["r1"]
    assert [fire.name for fire in PAGE.fires] == ["UnitFailed"]


def test_a_post_mortem_fills_in_what_is_known_and_asks_for_the_rest() -> None:
    assert (
        post_mortem(PAGE, T0 + 9_999.0)
        == """\
# shop is away

- id: i1, critical, closed
- began 11-22 14:00Z, opened 11-22 14:05Z by op1
- stable 11-22 14:15Z, after 15m
- closed 11-22 14:30Z, after 30m
- commander: op2
- on: web1
- https://example.com/b/1

## Summary

_Say in two sentences what happened and why._

## Impact

no orders for 15 minutes

## Fires

- 11-22 14:00Z critical UnitFailed on web1: nginx.service failed; over after 15m, op2 had it

## Timeline

- 11-22 13:50Z ci deploy: shop 4.2 deployed
- 11-22 14:00Z engine fired: UnitFailed nginx.service (web1)
- 11-22 14:05Z op1 incident: i1 opened: shop is away

## Runs that changed something

- 11-22 14:10Z core.unit-restart on web1 by op2: succeeded ("nginx died")

## What helped

- UnitFailed on web1 was over 5m after core.unit-restart by op2

## In numbers

- fires: 1, 1 critical, 0 never answered
- time to answer (MTTA): 2m (median; mean 2m, 9 of 10 within 2m)
- time to resolve (MTTR): 15m (median; mean 15m, 9 of 10 within 15m)

## To do

- [ ] _What will keep it from happening again, who does it, by when._
"""
    )


def test_a_page_says_who_leads_and_how_long_it_was() -> None:
    told = page_lines(PAGE, T0 + 9_999.0)

    assert told[:3] == (
        "i1  shop is away",
        "critical, closed, for 30m; opened 11-22 14:05Z by op1",
        "commander op2",
    )


def header_of(**more: object) -> str:
    shown = Snapshot(now=T0, access=Access("test"), **more)  # type: ignore[arg-type]
    return "".join(str(each.text) for each in lines(shown, T0, 140)[0])


def test_the_header_says_who_is_on_call_and_which_incident_is_open() -> None:
    on_call = OnCall("op1", "op2", until=T0 + 3_600.0, next="op2")
    is_open = Incident("i3", "x", opened=T0)

    told = header_of(on_call=on_call, incidents={"i3": is_open, "i1": INCIDENT})

    assert "on call op1 → op2 15:00" in told
    assert "INCIDENT i3 active" in told


def test_a_header_without_a_schedule_says_nothing_and_with_an_empty_one_that_nobody_is() -> None:
    assert "call" not in header_of().lower()
    assert "ON CALL nobody" in header_of(on_call=OnCall(problem="nobody is on the schedule now"))


def test_a_hand_over_names_both() -> None:
    on_call = OnCall("op1", "op2", until=T0 + 3_600.0, next="op2")
    shown = Snapshot(now=T0, on_call=on_call, incidents={"i1": INCIDENT})

    text = markdown(hand_over(shown, (), (), since=T0 - 60.0, until=T0, by="op1"))

    assert text.startswith("# Hand-over 11-22 13:59Z to 11-22 14:00Z: op1 to op2 at 11-22 15:00Z")
    assert "i1 shop is away: closed after 30m" in text


def test_who_is_on_call_in_lines() -> None:
    assert on_call_lines(OnCall("op1", "op2", T0 + 3_600.0, "op2", "op3"), T0) == (
        "primary    op1",
        "secondary  op2",
        "until      2026-11-22 15:00Z (in 1h00)",
        "then       op2, secondary op3",
    )
    assert "on_call:" in on_call_lines(OnCall(), T0)[0]


def test_what_helped_is_said_with_its_numbers() -> None:
    fixes = Fixes("e", (Fix("core.unit-restart", 2, 2, 360.0, same=True),), before=3)

    assert fixes_words(fixes) == ("cleared after core.unit-restart 2/2, median 6m",)
    assert fixes_words(Fixes("e", before=4, alone=3)) == ("3 of 4 before ended without a run",)
    assert fixes_words(None) == ()
