"""The state machine of a condition: what may and what may never happen, whatever is seen in between."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.alerting.life_cycle import Life, Seen, Sight, gone, step, unseen
from opsconsole.model.states import AlertState, Severity

LOOKS = st.lists(
    st.tuples(
        st.floats(0.5, 40.0),
        st.sampled_from([True, False, None]),
        st.booleans(),
        st.booleans(),
    ),
    max_size=40,
)


def _seen(breached: bool | None, *, cleared: bool = True, hold: float = 30.0, keep: float = 20.0,
          ready: bool = True, critical: bool = False) -> Seen:  # fmt: skip
    sight = Sight(breached, cleared=cleared, hold=hold, ready=ready)
    return Seen("k", "FsSpace", "host:a", {"host": "a"}, warning=sight, keep=keep,
                critical=sight if critical else Sight(breached and False), summary="s")  # fmt: skip


def _walk(looks: list[tuple[float, bool | None, bool, bool]]) -> list[tuple[float, Life | None]]:
    now, life = 1000.0, None
    walked: list[tuple[float, Life | None]] = []
    for wait, breached, cleared, ready in looks:
        now += wait
        if life is not None or breached:
            life = step(life, _seen(breached, cleared=cleared, ready=ready), now)
        if life is not None and life.state is AlertState.RESOLVED:
            walked.append((now, life))
            life = None
        else:
            walked.append((now, life))
    return walked


@given(LOOKS)
def test_it_fires_only_after_its_wait_and_only_on_a_look_that_saw_it(looks: list) -> None:
    before: Life | None = None
    for (now, life), (_, breached, _, ready) in zip(_walk(looks), looks, strict=True):
        began = life is not None and life.since == now and life.state is AlertState.FIRING
        if began and (before is None or before.since is None):
            assert life is not None
            assert breached is True
            assert ready
            assert now - life.active_at >= 30.0
        before = life


@given(LOOKS)
def test_a_look_that_saw_nothing_changes_no_state(looks: list) -> None:
    before: Life | None = None
    for (_, life), (_, breached, _, _) in zip(_walk(looks), looks, strict=True):
        if breached is None:
            assert (life.state if life else None) == (before.state if before else None)
            assert life is None or not life.fresh
        before = None if life is not None and life.state is AlertState.RESOLVED else life


@given(LOOKS)
def test_it_is_resolved_only_by_being_seen_clear(looks: list) -> None:
    for (_, life), (_, breached, cleared, _) in zip(_walk(looks), looks, strict=True):
        if life is not None and life.state is AlertState.RESOLVED:
            assert breached is False
            assert cleared


@given(LOOKS)
def test_an_episode_keeps_its_begin(looks: list) -> None:
    begun: float | None = None
    for _, life in _walk(looks):
        if life is None or life.since is None:
            begun = None
            continue
        assert begun in (None, life.since)
        begun = None if life.state is AlertState.RESOLVED else life.since


@pytest.mark.parametrize(
    ("looks", "states"),
    [
        ([(0, True), (29, True), (30, True)], ["pending", "pending", "firing"]),
        ([(0, True), (20, False), (30, True)], ["pending", None, "pending"]),
        ([(0, True), (20, None), (30, True)], ["pending", "pending", "firing"]),
        ([(0, True), (30, None), (31, True)], ["pending", "pending", "firing"]),
        (
            [(0, True), (30, True), (40, False), (59, False), (60, False)],
            ["pending", "firing", "recovering", "recovering", "resolved"],
        ),
        (
            [(0, True), (30, True), (40, False), (50, True), (55, False), (74, False)],
            ["pending", "firing", "recovering", "firing", "recovering", "recovering"],
        ),
        (
            [(0, True), (30, True), (40, False), (50, None), (60, False)],
            ["pending", "firing", "recovering", "recovering", "resolved"],
        ),
    ],
)
def test_a_condition_lives_as_drawn(
    looks: list[tuple[float, bool | None]], states: list[str | None]
) -> None:
    life: Life | None = None
    seen = []
    for at, breached in looks:
        life = step(life, _seen(breached), 1000.0 + at)
        seen.append(str(life.state) if life else None)

    assert seen == states


def test_the_same_look_gives_the_same_object() -> None:
    life = step(None, _seen(True, hold=0), 1000.0)
    assert life is not None

    assert step(life, _seen(True, hold=0), 1060.0) is life
    assert not life.is_due(9e9)


def test_what_waits_is_due_at_its_time_and_what_is_settled_never() -> None:
    pending = step(None, _seen(True), 1000.0)
    assert pending is not None
    firing = step(pending, _seen(True), 1030.0)
    assert firing is not None
    recovering = step(firing, _seen(False), 1031.0)
    assert recovering is not None

    assert [x.is_due(9e9) for x in (pending, firing, recovering)] == [True, False, True]
    assert [pending.is_due(1029.9), pending.is_due(1030.0)] == [False, True]
    assert [recovering.is_due(1050.9), recovering.is_due(1051.0)] == [False, True]


def test_a_pending_critical_is_called_critical_until_a_warning_is_on() -> None:
    critical = step(None, _seen(True, critical=True), 1000.0)
    assert critical is not None
    assert critical.severity is Severity.CRITICAL


def test_a_rule_that_lost_its_level_ends_there() -> None:
    life = step(None, _seen(True, hold=0, critical=True), 1000.0)
    assert life is not None

    now_only_warning = Seen("k", "FsSpace", "host:a", {}, warning=Sight(True), summary="s")
    life = step(life, now_only_warning, 1001.0)
    assert life is not None
    assert life.severity is Severity.WARNING


def test_what_exists_no_more_ends_and_says_so_only_if_it_fired() -> None:
    pending = step(None, _seen(True), 1000.0)
    firing = step(None, _seen(True, hold=0), 1000.0)
    assert pending is not None
    assert firing is not None

    assert gone(pending, 1001.0) is None
    ended = gone(firing, 1001.0)
    assert ended is not None
    assert ended.state is AlertState.RESOLVED


def test_unseen_twice_is_unseen_once() -> None:
    life = step(None, _seen(True, hold=0), 1000.0)
    assert life is not None
    once = unseen(life, 1001.0)

    assert unseen(once, 1002.0) is once
