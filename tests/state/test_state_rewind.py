"""The board of a moment read back from the history, beside the board that stood there then."""

import random
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from opsconsole.model.alert import Alert
from opsconsole.model.event import Event
from opsconsole.model.inventory import Check, Host, Inventory, Service
from opsconsole.model.run import Run, RunTarget
from opsconsole.model.sample import CheckResult
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import (
    AlertState,
    Effect,
    Freshness,
    RunState,
    ServiceState,
    TargetState,
)
from opsconsole.state.blocks import KEPT
from opsconsole.state.history import History
from opsconsole.state.rewind import board_at, spans
from opsconsole.state.store import Store

T0 = 1_800_000_000.0
CHECK = Check("shop/web", "http", "http://web", service="shop", every=30.0, fails=3, passes=1)
INVENTORY = Inventory(
    hosts=(Host("web-01", "web-01", every=10.0), Host("db-01", "db-01", every=10.0)),
    services=(Service("shop", checks=(CHECK,), hosts=("web-01",)),),
)


class Past:
    """A store that writes a history, and what of it is read back."""

    def __init__(self, store: Store, history: History, path: Path, clock: Any) -> None:
        self.path = path
        self.store = store
        self.history = history
        self.clock = clock

    def at(self, second: float) -> None:
        """Let time pass to a second of the story."""
        self.clock.at = T0 + second
        self.store.tick(self.clock.at)

    async def read(self, second: float, inventory: Inventory = INVENTORY) -> Snapshot:
        """Read the board of that second back."""
        await self.history.keep("flush", b"")
        then = await self.history.then(T0 + second, spans(inventory))
        assert then is not None
        return board_at(inventory, then, T0 + second)

    async def forget_samples(self) -> None:
        """Make it a day later: only means are left."""
        self.store.take_in()
        await self.history.keep("flush", b"")
        with closing(sqlite3.connect(self.path)) as db:
            db.execute("DELETE FROM block")
            db.execute("DELETE FROM tail")
            db.commit()


@pytest.fixture
async def past(tmp_path: Path, clock: Any) -> AsyncIterator[Past]:
    path = tmp_path / "history.db"
    history = History(path, clock, on_banner=lambda *_: None, on_loaded=lambda _: None)
    await history.start()
    store = Store(clock, history)
    store.put_inventory(INVENTORY)
    yield Past(store, history, path, clock)
    await history.stop()


def seen(board: Snapshot) -> Mapping[str, object]:
    """What two boards of one moment must have in common."""
    alerts = board.alerts.values()
    return {
        "hosts": {
            host.name: (host.state, host.failed, host.alerts, host.worst, round(host.at, 3))
            for host in board.hosts.values()
        },
        "values": {
            host.name: {key: host.metrics.get(key) for key in KEPT}
            for host in board.hosts.values()
            if not host.failed
        },
        "away": {h.name: (h.reach, h.reason) for h in board.hosts.values() if h.failed},
        "services": {
            service.name: (
                service.state, service.reason, service.latency, service.p95, service.error_ratio,
                service.spark,
            )
            for service in board.services.values()
        },
        "alerts": {
            alert.episode: (
                alert.state, alert.severity, alert.since, alert.suppressed_by, alert.ack,
                alert.owner, alert.notes,
            )
            for alert in alerts
        },
        "feeds": {feed.name: (feed.state, feed.ok, feed.total) for feed in board.feeds.values()},
        "events": [(event.at, event.kind, event.text) for event in board.events.values()],
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
async def test_the_board_read_back_is_the_board_that_stood_there(
    past: Past, good: Any, bad: Any, fire: Any, seed: int
) -> None:
    chance = random.Random(seed)
    alerts: dict[str, Alert] = {}
    stood: dict[float, Snapshot] = {}
    for second in range(0, 2_400, 10):
        past.at(second)
        for host in ("web-01", "db-01"):
            loads = {"load.per_core": chance.randrange(16) / 8, "cpu.busy": chance.randrange(4) / 4}
            away = second > 0 and chance.random() < 0.1
            past.store.put_sample(bad(host) if away else good(host, metrics=loads))
        if second % 30 == 0:
            state = chance.choice([ServiceState.UP, ServiceState.UP, ServiceState.DOWN])
            reason = "" if state is ServiceState.UP else "status 502"
            took = chance.randrange(1, 64) / 64
            past.store.put_result(CheckResult(CHECK.name, past.clock.at, took, state, reason))
        await _burn(past, alerts, fire, chance)
        if second % 70 == 0:
            past.at(second + 0.5)
            stood[second + 1] = past.store.snapshot

    for second, board in stood.items():
        assert seen(await past.read(second)) == seen(board), second


async def _burn(past: Past, alerts: dict[str, Alert], fire: Any, chance: random.Random) -> None:
    """Let a fire begin, end or fall silent, and somebody do something about one."""
    now = past.clock.at
    for name in ("Load", "Disk"):
        burning = next((a for a in alerts.values() if a.name == name and a.is_firing), None)
        if chance.random() < 0.15:
            alert = burning or fire("host:db-01", name, since=now, episode=f"{name}-{now}")
            alerts[alert.episode] = _moved(burning, chance, now) if burning else alert
    over = [e for e, a in alerts.items() if not a.is_firing and now - a.since >= 900]
    stepped_back = [e for e, a in alerts.items() if a.is_firing and chance.random() < 0.02]
    for episode in (*over, *stepped_back):
        del alerts[episode]
    past.store.put_alerts(dict(alerts))
    for episode, alert in past.store.snapshot.alerts.items():
        if alert.is_firing and chance.random() < 0.2:
            await _marked(past.store, episode, chance)


async def _marked(store: Store, episode: str, chance: random.Random) -> None:
    match chance.randrange(6):
        case 0:
            await store.ack([episode], "op1", until=chance.choice((None, store.snapshot.now + 45)))
        case 1:
            await store.unack([episode], "op1")
        case 2:
            await store.take([episode], chance.choice(("op1", "op2")))
        case 3:
            await store.take([episode], "op1", "")
        case _:
            await store.note([episode], "op1", "seen it")


def _moved(alert: Alert, chance: random.Random, now: float) -> Alert:
    if chance.random() < 0.5:
        return structs.replace(alert, state=AlertState.RESOLVED, since=now)
    return structs.replace(alert, suppressed_by=() if alert.suppressed_by else ("inhibited:1",))


async def test_a_host_that_went_away_says_why_and_is_not_ok(
    past: Past, good: Any, bad: Any
) -> None:
    past.at(0)
    past.store.put_sample(good("web-01"))
    past.at(10)
    past.store.put_sample(bad("web-01"))
    past.at(7_200)

    fresh, away = (await past.read(5)).hosts["web-01"], (await past.read(11)).hosts["web-01"]
    later = (await past.read(7_000)).hosts["web-01"]

    assert (fresh.state, fresh.reach) == ("ok", "up")
    assert (away.state, away.reach, away.reason) == ("unknown", "no-answer", "no answer in 8 s")
    assert (later.state, later.reach, later.reason) == ("unknown", "no-answer", "no answer in 8 s")


async def test_a_host_that_nothing_is_kept_of_is_pending_and_never_ok(past: Past) -> None:
    past.at(60)

    assert {host.state for host in (await past.read(30)).hosts.values()} == {"pending"}


async def test_a_day_later_a_board_has_the_means_of_five_minutes(past: Past, good: Any) -> None:
    for second in range(0, 1_300, 10):
        past.at(second)
        load = 1.0 if second < 300 else 3.0
        past.store.put_sample(good("web-01", metrics={"load.per_core": load}))
    await past.forget_samples()

    early, late = await past.read(200), await past.read(500)

    assert early.hosts["web-01"].metrics["load.per_core"] == 1.0
    assert late.hosts["web-01"].metrics["load.per_core"] == 3.0
    assert (early.hosts["web-01"].state, early.hosts["web-01"].at) == ("ok", T0 + 200)


async def test_a_run_stands_where_it_stood_and_nothing_can_be_chosen_in_it(past: Past) -> None:
    targets = (
        RunTarget("web-01", TargetState.CHANGED, started=T0 + 10, ended=T0 + 20),
        RunTarget("db-01", TargetState.FAILED, "restart", "exit 1", started=T0 + 20, ended=T0 + 40),
        RunTarget("db-02", TargetState.NOT_STARTED, why="not started: halted"),
    )
    run = Run(
        "r1", "unit-restart", "Restart", Effect.WRITE, "op1", RunState.FAILED, T0 + 5, {},
        targets, "hash", ended=T0 + 50, choices=("close",),
    )  # fmt: skip
    past.at(60)
    past.store.put_run(run)

    before, within, after = await past.read(4), await past.read(30), await past.read(55)

    assert before.runs == {}
    assert within.runs["r1"].state is RunState.RUNNING
    assert [t.state for t in within.runs["r1"].targets] == ["changed", "running", "pending"]
    assert within.runs["r1"].ended is None
    assert after.runs["r1"] == structs.replace(run, choices=())


async def test_one_steps_from_event_to_event(past: Past) -> None:
    for second in (10, 20, 30):
        past.at(second)
        past.store.put_event(Event(0, T0 + second, "op1", "note", "", f"at {second}"))
    await past.history.keep("flush", b"")
    steps = [
        await past.history.step(T0 + at, way)
        for at, way in ((25, -1), (19, -1), (20, 1), (30, 1), (5, -1))
    ]

    assert steps == [T0 + 20, T0 + 10, T0 + 30, None, None]


async def test_a_fire_that_came_again_under_its_name_was_over_between(
    past: Past, fire: Any
) -> None:
    burning = fire("host:db-01", "Load", since=T0, episode="Load-1")
    over = structs.replace(burning, state=AlertState.RESOLVED, since=T0 + 100)
    story = (
        (0, {"Load-1": burning}),
        (100, {"Load-1": over}),
        (1_000, {}),
        (2_000, {"Load-1": burning}),
    )
    for second, alerts in story:
        past.at(second)
        past.store.put_alerts(alerts)
    past.at(2_100)

    boards = [(await past.read(second)).alerts.get("Load-1") for second in (50, 200, 1_500, 2_050)]

    assert [board and board.state for board in boards] == ["firing", "resolved", None, "firing"]
    assert boards[1] is not None
    assert boards[1].since == T0 + 100


async def test_a_fire_that_was_let_go_was_fresh_before(past: Past, fire: Any) -> None:
    burning = fire("host:db-01", "Load", since=T0, episode="Load-1")
    stale = structs.replace(
        burning, state=AlertState.RESOLVED, since=T0 + 100, freshness=Freshness.STALE
    )
    for second, alert in ((0, burning), (100, stale)):
        past.at(second)
        past.store.put_alerts({"Load-1": alert})
    past.at(200)

    before, after = (await past.read(50)).alerts["Load-1"], (await past.read(150)).alerts["Load-1"]

    assert (before.freshness, after.freshness) == ("live", "stale")


RUN = Run(
    "r1", "unit-restart", "Restart", Effect.WRITE, "op1", RunState.AWAITING_APPROVAL, T0 + 5, {},
    (RunTarget("web-01", TargetState.PENDING),), "hash",
)  # fmt: skip


async def test_a_run_of_which_nothing_had_left_is_not_running(past: Past) -> None:
    past.at(5)
    past.store.put_run(RUN)
    past.at(100)
    past.store.put_run(structs.replace(RUN, state=RunState.ABORTED, ended=T0 + 100))
    past.at(200)

    assert (await past.read(50)).runs["r1"].state is RunState.PLANNED


@pytest.mark.parametrize(("away", "second"), [(False, 1_190), (True, 700), (True, 1_100)])
async def test_beyond_a_day_a_host_that_was_away_is_not_ok(
    past: Past, good: Any, bad: Any, away: bool, second: int
) -> None:
    for at in range(0, 1_300, 10):
        past.at(at)
        is_away = away and 610 <= at < 1_210
        sample = bad("web-01") if is_away else good("web-01", metrics={"load.per_core": 1.0})
        past.store.put_sample(sample)
    await past.forget_samples()

    host = (await past.read(second)).hosts["web-01"]

    assert host.state == ("unknown" if away else "ok")
    assert host.reach == ("no-answer" if away else "up")


async def test_a_host_that_is_asked_seldom_is_known_for_as_long(past: Past, good: Any) -> None:
    seldom = Inventory(hosts=(Host("web-01", "web-01", every=1_800.0),))
    past.store.put_inventory(seldom)
    past.at(0)
    past.store.put_sample(good("web-01"))
    past.at(1_300)

    assert (await past.read(1_200, seldom)).hosts["web-01"].state == "ok"


@pytest.mark.parametrize(
    ("every", "fails", "passes", "answers", "state"),
    [
        (21_600.0, 1, 1, "D", "down"),
        (300.0, 1, 5, "DDDDDDDUUUU", "down"),
        (300.0, 1, 5, "DDDDDDDUUUUU", "up"),
        (300.0, 3, 1, "UUUUUUDD", "up"),
        (300.0, 3, 1, "UUUUUUDDD", "down"),
    ],
)
async def test_a_check_has_settled_as_it_had_then(
    past: Past, every: float, fails: int, passes: int, answers: str, state: str
) -> None:
    check = Check(
        "shop/tls", "http", "http://web", service="shop", every=every, fails=fails, passes=passes
    )
    own = Inventory(services=(Service("shop", checks=(check,)),))
    past.store.put_inventory(own)
    for nth, answer in enumerate(answers):
        past.at(nth * every)
        found = ServiceState.UP if answer == "U" else ServiceState.DOWN
        past.store.put_result(CheckResult("shop/tls", past.clock.at, 0.1, found, "bad"))
    end = (len(answers) - 1) * every + 10
    past.at(end)
    stood = past.store.snapshot.services["shop"].state

    assert (await past.read(end, own)).services["shop"].state == stood == state
