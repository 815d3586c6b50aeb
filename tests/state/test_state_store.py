"""The store: hosts, services, feeds, fires and runs as they come in, and what everybody sees of them."""

from typing import Any

from msgspec import structs

from opsconsole.model.event import Event
from opsconsole.model.inventory import AlertSource, Check, Host, Inventory, Service
from opsconsole.model.run import Run, RunTarget
from opsconsole.model.sample import CheckResult, Sample, SourceReading
from opsconsole.model.snapshot import Access, Banner, EngineInfo
from opsconsole.model.states import (
    AlertState,
    Effect,
    Freshness,
    HostState,
    Reach,
    RunState,
    ServiceState,
    Severity,
    TargetState,
)
from opsconsole.state.keeping import Loaded
from opsconsole.state.store import Store
from opsconsole.state.world import EVENTS_SHOWN, Marks


def test_new_hosts_are_pending_and_gone_ones_disappear(store: Store, fleet: Any) -> None:
    fleet("db-01", "db-02")
    assert {h.state for h in store.snapshot.hosts.values()} == {HostState.PENDING}

    fleet("db-02", "db-03")

    assert list(store.snapshot.hosts) == ["db-02", "db-03"]


def test_a_reload_keeps_what_is_known_of_hosts_that_stay(
    store: Store, fleet: Any, good: Any
) -> None:
    fleet("db-02")
    store.put_sample(good("db-02"))
    before = store.snapshot.hosts["db-02"]

    fleet("db-02")
    assert store.snapshot.hosts["db-02"] is before

    fleet("db-02", labels={"role": "db"})
    assert store.snapshot.hosts["db-02"].labels == {"role": "db"}
    assert store.snapshot.hosts["db-02"].state is HostState.OK

    fleet("db-02", port=2222)
    assert store.snapshot.hosts["db-02"].state is HostState.PENDING


def test_a_sample_makes_a_host_ok_and_other_hosts_keep_their_identity(
    store: Store, fleet: Any, good: Any
) -> None:
    fleet("db-01", "db-02")
    other = store.snapshot.hosts["db-01"]
    services = store.snapshot.services

    store.put_sample(good("db-02", facts={"os": "Debian 12"}))

    row = store.snapshot.hosts["db-02"]
    assert (row.state, row.reach, row.facts["os"]) == (HostState.OK, Reach.UP, "Debian 12")
    assert store.snapshot.hosts["db-01"] is other
    assert store.snapshot.services is services


def test_a_sample_of_a_stranger_changes_nothing(store: Store, good: Any) -> None:
    before = store.snapshot

    store.put_sample(good("nobody"))

    assert store.snapshot is before


def test_a_failed_poll_makes_a_host_unknown_at_once_and_keeps_its_values(
    store: Store, fleet: Any, good: Any, bad: Any, clock: Any
) -> None:
    fleet("db-02")
    store.put_sample(good("db-02"))
    good_at = clock.at
    clock.at += 10
    store.put_sample(bad("db-02"))
    clock.at += 10
    store.put_sample(bad("db-02"))

    row = store.snapshot.hosts["db-02"]
    assert (row.state, row.reach, row.failed, row.fails) == ("unknown", "no-answer", True, 2)
    assert (row.at, row.tried) == (good_at, clock.at)
    assert row.metrics == {"load.per_core": 0.5}


def test_a_host_nobody_polls_any_more_grows_stale_with_time(
    store: Store, fleet: Any, good: Any, clock: Any
) -> None:
    fleet("db-02")
    store.put_sample(good("db-02"))

    store.tick(clock.at + 20)
    assert store.snapshot.hosts["db-02"].state is HostState.OK
    store.tick(clock.at + 20.1)
    assert store.snapshot.hosts["db-02"].state is HostState.UNKNOWN


def test_the_tiers_of_a_host_live_together_and_each_takes_back_its_own(
    store: Store, fleet: Any, good: Any
) -> None:
    fleet("db-02")
    store.put_sample(good("db-02", metrics={"cpu.busy": 0.1, "cpu.steal": 0.2}))
    store.put_sample(good("db-02", "slow", metrics={"fs.size{mount=/}": 9.0, "users": 1.0}))
    store.put_sample(good("db-02", metrics={"cpu.busy": 0.3}))
    store.put_sample(good("db-02", "slow", metrics={"users": 2.0}))

    assert store.snapshot.hosts["db-02"].metrics == {"cpu.busy": 0.3, "users": 2.0}


def test_a_tier_that_failed_on_a_reachable_host_leaves_nothing_behind(
    store: Store, fleet: Any, good: Any, clock: Any
) -> None:
    fleet("db-02")
    store.put_sample(good("db-02", metrics={"cpu.busy": 0.1}))
    store.put_sample(good("db-02", "slow", metrics={"users": 1.0}))

    store.put_sample(
        Sample("host:db-02", "slow", clock.at, 8.0, ServiceState.UNKNOWN, reason="df hangs")
    )

    assert store.snapshot.hosts["db-02"].metrics == {"cpu.busy": 0.1}
    assert store.snapshot.hosts["db-02"].state is HostState.OK


def test_after_a_long_silence_the_old_slow_values_are_not_shown_as_fresh(
    store: Store, fleet: Any, good: Any, bad: Any, clock: Any
) -> None:
    fleet("db-02")
    store.put_sample(good("db-02", metrics={"cpu.busy": 0.1}))
    store.put_sample(good("db-02", "slow", metrics={"users": 1.0}))
    clock.at += 60
    store.put_sample(bad("db-02"))
    store.put_sample(bad("db-02", "slow"))
    assert "users" in store.snapshot.hosts["db-02"].metrics

    clock.at += 600
    store.put_sample(good("db-02", metrics={"cpu.busy": 0.2}))

    assert store.snapshot.hosts["db-02"].metrics == {"cpu.busy": 0.2}


def test_facts_merge_and_an_empty_one_goes_away(store: Store, fleet: Any, good: Any) -> None:
    fleet("db-02")
    store.put_sample(good("db-02", facts={"os": "Debian 12", "units.failed": "nginx.service"}))
    store.put_sample(good("db-02", "slow", facts={"units.failed": "", "init": "systemd"}))

    assert store.snapshot.hosts["db-02"].facts == {"os": "Debian 12", "init": "systemd"}


def test_a_host_that_goes_and_comes_back_is_told_twice(
    store: Store, fleet: Any, good: Any, bad: Any, notebook: Any
) -> None:
    fleet("db-02")
    for sample in (good("db-02"), bad("db-02"), bad("db-02"), good("db-02")):
        store.put_sample(sample)
    store.take_in()

    assert [(e.kind, e.text) for e in notebook.events] == [
        ("host", "db-02 no-answer: no answer in 8 s"),
        ("host", "db-02 answers again"),
    ]


def test_only_good_fast_samples_are_kept(
    store: Store, fleet: Any, good: Any, bad: Any, notebook: Any
) -> None:
    fleet("db-02")
    for sample in (good("db-02"), bad("db-02"), good("db-02", "slow"), good("nobody")):
        store.put_sample(sample)
    store.take_in()

    assert [host for host, _ in notebook.samples] == ["db-02"]


def _shop(**fields: Any) -> Inventory:
    checks = (
        Check("shop/api", "http", "https://shop.example/health", service="shop", **fields),
        Check("shop/db", "tcp", "db.example:5432", service="shop", **fields),
    )
    return Inventory(services=(Service("shop", checks, hosts=("web-01",)),))


def _answer(check: str, state: str, at: float, took: float = 0.1, reason: str = "") -> CheckResult:
    return CheckResult(check, at, took, ServiceState(state), reason)


def test_a_service_is_the_worst_of_its_checks(store: Store, clock: Any) -> None:
    store.put_inventory(_shop(fails=1))
    assert store.snapshot.services["shop"].state is ServiceState.PENDING
    store.put_result(_answer("shop/api", "up", clock.at))
    assert store.snapshot.services["shop"].state is ServiceState.PENDING
    store.put_result(_answer("shop/db", "up", clock.at, 0.3))
    assert store.snapshot.services["shop"].state is ServiceState.UP
    assert store.snapshot.services["shop"].latency == 0.3

    store.put_result(_answer("shop/api", "down", clock.at, reason="status 500"))

    row = store.snapshot.services["shop"]
    assert (row.state, row.reason) == (ServiceState.DOWN, "1 of 2 checks down: api: status 500")


def test_a_failure_is_hard_only_after_its_count_and_a_pass_takes_it_back(
    store: Store, clock: Any
) -> None:
    store.put_inventory(_shop(fails=3, passes=2))
    states = []
    for word in ("up", "down", "down", "up", "down", "down", "down", "up", "up"):
        clock.at += 5
        store.put_result(_answer("shop/api", word, clock.at))
        states.append(store.snapshot.services["shop"].checks[0].state.value)

    assert states == ["up", "up", "up", "up", "up", "up", "down", "down", "up"]


def test_not_having_looked_is_unknown_and_never_down(store: Store, clock: Any) -> None:
    store.put_inventory(_shop(fails=1))
    for check in ("shop/api", "shop/db"):
        store.put_result(_answer(check, "up", clock.at))

    store.put_result(_answer("shop/api", "unknown", clock.at, reason="console busy"))

    row = store.snapshot.services["shop"]
    assert (row.state, row.failed, row.checks[0].reason) == ("unknown", True, "console busy")
    assert row.error_ratio == 0.0


def test_a_service_without_answers_grows_unknown(store: Store, clock: Any) -> None:
    store.put_inventory(_shop())
    for check in ("shop/api", "shop/db"):
        store.put_result(_answer(check, "up", clock.at))

    store.tick(clock.at + 61)

    assert store.snapshot.services["shop"].state is ServiceState.UNKNOWN


def test_p95_error_ratio_and_spark_are_of_the_last_quarter_hour(store: Store, clock: Any) -> None:
    store.put_inventory(_shop(fails=1))
    store.put_result(_answer("shop/api", "down", clock.at, 9.0))
    clock.at += 901
    for second in range(20):
        state = "down" if second in (3, 4) else "up"
        store.put_result(_answer("shop/api", state, clock.at + second, second / 10))

    row = store.snapshot.services["shop"]
    assert row.error_ratio == 0.1
    assert row.p95 == 1.9
    assert len(row.spark) == 16
    assert row.spark.rstrip("01") == "?" * 15 or row.spark.count("?") == 14


def test_host_checks_live_in_their_own_table(store: Store, clock: Any, notebook: Any) -> None:
    check = Check("raid", "exec", "", argv=("check_raid",), host="db-02", fails=1)
    store.put_inventory(Inventory(checks=(check,)))
    store.put_result(_answer("raid", "up", clock.at))
    store.put_result(_answer("raid", "down", clock.at, reason="1 failed"))

    assert store.snapshot.checks["raid"].state is ServiceState.DOWN
    assert [(e.kind, e.subject, e.text) for e in notebook.events] == [
        ("check", "host:db-02", "raid down: 1 failed")
    ]


def test_feeds_say_how_many_answer(
    store: Store, fleet: Any, good: Any, bad: Any, clock: Any
) -> None:
    fleet("db-01", "db-02")
    store.tick(clock.at)
    assert store.snapshot.feeds["ssh"].state is ServiceState.PENDING

    store.put_sample(good("db-01"))
    store.put_sample(bad("db-02"))
    store.tick(clock.at)
    feed = store.snapshot.feeds["ssh"]
    assert (feed.state, feed.ok, feed.total, feed.reason) == ("degraded", 1, 2, "1 of 2 answer")

    store.put_sample(bad("db-01"))
    store.tick(clock.at)
    assert store.snapshot.feeds["ssh"].state is ServiceState.UNKNOWN


def test_an_alert_source_is_a_feed_of_its_own(store: Store, clock: Any, notebook: Any) -> None:
    source = AlertSource("main", "alertmanager", ("http://am-1.example", "http://am-2.example"))
    store.put_inventory(Inventory(sources=(source,)))
    reading = SourceReading("main", clock.at, 0.1, ServiceState.UP, members_up=2, members=2)
    store.put_reading(reading)
    store.put_reading(
        structs.replace(
            reading, at=clock.at + 15, state=ServiceState.DOWN, reason="refused", members_up=0
        )
    )

    feed = store.snapshot.feeds["main"]
    assert (feed.state, feed.ok, feed.total, feed.at) == ("down", 0, 2, clock.at)
    assert [e.text for e in notebook.events] == ["main down: refused"]


def test_fires_are_counted_on_their_host_and_give_it_its_state(
    store: Store, fleet: Any, good: Any, fire: Any
) -> None:
    fleet("db-01", "db-02")
    store.put_sample(good("db-02"))
    worst = fire()
    warning = fire(name="LoadPerCore", severity=Severity.WARNING)
    store.put_alerts({a.episode: a for a in (worst, warning)})
    row = store.snapshot.hosts["db-02"]
    assert (row.alerts, row.worst, row.state) == (2, "critical", HostState.CRITICAL)

    store.put_alerts({warning.episode: warning})
    row = store.snapshot.hosts["db-02"]
    assert (row.alerts, row.worst, row.state) == (1, "warning", HostState.WARNING)

    silenced = structs.replace(warning, suppressed_by=("silence:1",))
    store.put_alerts({silenced.episode: silenced})
    row = store.snapshot.hosts["db-02"]
    assert (row.alerts, row.worst, row.state) == (0, "", HostState.OK)


def test_a_critical_fire_on_a_host_we_cannot_see_leaves_it_unknown(
    store: Store, fleet: Any, bad: Any, fire: Any
) -> None:
    fleet("db-02")
    store.put_sample(bad("db-02"))
    alert = fire(name="HostUnreachable")

    store.put_alerts({alert.episode: alert})

    row = store.snapshot.hosts["db-02"]
    assert (row.state, row.worst) == (HostState.UNKNOWN, "critical")


def test_firing_and_resolving_are_told_once(
    store: Store, fire: Any, clock: Any, notebook: Any
) -> None:
    alert = fire()
    store.put_alerts({alert.episode: alert})
    fuller = structs.replace(alert, summary="root 98% used")
    store.put_alerts({alert.episode: fuller})
    over = structs.replace(fuller, state=AlertState.RESOLVED, since=clock.at + 5)
    store.put_alerts({alert.episode: over})
    store.put_alerts({})

    assert [(e.id, e.kind, e.severity, e.text) for e in notebook.events] == [
        (1, "fired", "critical", "FsSpace root 97% used"),
        (2, "resolved", "ok", "FsSpace"),
    ]
    assert [a.state for a in notebook.alerts] == ["firing", "resolved"]
    assert store.snapshot.alerts == {}


def test_a_fire_that_is_old_when_first_seen_is_no_event(
    store: Store, fire: Any, clock: Any, notebook: Any
) -> None:
    alert = fire(since=clock.at - 86_400)

    store.put_alerts({alert.episode: alert})

    assert notebook.events == []


async def test_acks_takes_and_notes_stay_on_their_episode(
    store: Store, fire: Any, clock: Any, notebook: Any
) -> None:
    alert = fire()
    store.put_alerts({alert.episode: alert})
    assert await store.ack([alert.episode, "nothing"], "op1", "cleaning wal") == (alert.episode,)
    await store.take([alert.episode], "op1")
    await store.note([alert.episode], "op2", "seen it too")
    store.put_alerts({alert.episode: structs.replace(alert, summary="root 98% used")})

    shown = store.snapshot.alerts[alert.episode]
    assert shown.ack is not None
    assert (shown.owner, shown.ack.note, shown.notes[0].text) == (
        "op1", "cleaning wal", "seen it too",
    )  # fmt: skip
    assert shown.summary == "root 98% used"
    assert notebook.marks[alert.episode].owner == "op1"
    assert [e.kind for e in notebook.events] == ["fired", "acked", "taken", "noted"]

    await store.take([alert.episode], "op1", "")
    assert store.snapshot.alerts[alert.episode].owner is None


async def test_what_only_waits_to_fire_takes_no_mark(store: Store, fire: Any) -> None:
    alert = fire(state=AlertState.PENDING)
    store.put_alerts({alert.episode: alert})

    assert await store.ack([alert.episode], "op1") == ()


async def test_an_ack_ends_at_its_time(store: Store, fire: Any, clock: Any) -> None:
    alert = fire()
    store.put_alerts({alert.episode: alert})
    await store.ack([alert.episode], "op1", until=clock.at + 60)

    store.tick(clock.at + 59)
    assert store.snapshot.alerts[alert.episode].ack is not None
    store.tick(clock.at + 60)
    assert store.snapshot.alerts[alert.episode].ack is None


async def test_an_ack_dies_with_its_episode(store: Store, fire: Any) -> None:
    alert = fire()
    store.put_alerts({alert.episode: alert})
    await store.ack([alert.episode], "op1")
    over = structs.replace(alert, state=AlertState.RESOLVED)
    store.put_alerts({alert.episode: over})
    store.put_alerts({})

    store.put_alerts({alert.episode: alert})

    assert store.snapshot.alerts[alert.episode].ack is None


async def test_an_ack_taken_back_leaves_the_fire_to_somebody_and_is_told(
    store: Store, fire: Any, notebook: Any
) -> None:
    alert, other = fire(), fire(name="Other")
    store.put_alerts({each.episode: each for each in (alert, other)})
    await store.ack([alert.episode], "op1")

    assert await store.unack([alert.episode, other.episode], "op2") == (alert.episode,)

    assert store.snapshot.alerts[alert.episode].ack is None
    assert notebook.events[-1].text == "FsSpace took the ack back"


async def test_what_mirrors_an_ack_hides_nothing_while_it_does(store: Store, fire: Any) -> None:
    alert = fire(suppressed_by=("silence:s1", "silence:s2"))
    store.put_alerts({alert.episode: alert})
    await store.ack([alert.episode], "op1", mirror=True)
    await store.mirrored(alert.episode, ("s1",))
    assert store.snapshot.alerts[alert.episode].suppressed_by == ("silence:s2",)

    await store.unack([alert.episode], "op1")

    assert store.snapshot.alerts[alert.episode].suppressed_by == ("silence:s1", "silence:s2")


def test_what_was_let_go_is_not_told_as_over(store: Store, fire: Any, notebook: Any) -> None:
    alert = fire()
    store.put_alerts({alert.episode: alert})
    gone = structs.replace(alert, state=AlertState.RESOLVED, freshness=Freshness.STALE)
    store.put_alerts({alert.episode: gone})

    assert (notebook.events[-1].kind, notebook.events[-1].severity) == ("let-go", "unknown")
    assert "nobody said that it is over" in notebook.events[-1].text


def test_what_an_earlier_engine_left_is_there_again(store: Store, fire: Any) -> None:
    alert = fire()
    event = Event(41, 1.0, "op1", "note", "", "hello")
    loaded = Loaded(events=(event,), marks={alert.episode: Marks(owner="op1")}, alerts=(alert,))
    store.restore(loaded)
    assert store.snapshot.alerts[alert.episode].owner == "op1"
    assert store.put_event(event).id == 42

    store.put_alerts({})
    store.put_alerts({alert.episode: structs.replace(alert, summary="seen again")})
    assert store.snapshot.alerts[alert.episode].owner == "op1"


def test_events_are_numbered_and_the_newest_five_hundred_shown(store: Store) -> None:
    for number in range(EVENTS_SHOWN + 10):
        store.put_event(Event(0, float(number), "op1", "note", "", "x"))

    assert min(store.snapshot.events) == 11
    assert max(store.snapshot.events) == EVENTS_SHOWN + 10


def _run(state: RunState, number: int = 1, reason: str = "") -> Run:
    targets = (RunTarget("db-02", TargetState.PENDING),)
    return Run(
        f"r{number:03}", "core.unit-restart", "Restart", Effect.WRITE, "op1", state, 1.0, {},
        targets, "h", reason=reason,
    )  # fmt: skip


def test_a_run_is_told_when_it_starts_and_when_it_ends(store: Store, notebook: Any) -> None:
    for state in (RunState.RUNNING, RunState.RUNNING, RunState.INDETERMINATE):
        store.put_run(_run(state))

    assert [(e.actor, e.text, e.severity) for e in notebook.events] == [
        ("op1", "core.unit-restart on db-02", ""),
        ("op1", "core.unit-restart indeterminate", "unknown"),
    ]
    assert [run.state for run in notebook.runs] == ["running", "indeterminate"]


def test_live_runs_and_the_newest_fifty_are_shown(store: Store) -> None:
    store.put_run(_run(RunState.RUNNING, 0))
    for number in range(1, 61):
        store.put_run(_run(RunState.SUCCEEDED, number))

    assert len(store.snapshot.runs) == 51
    assert "r000" in store.snapshot.runs


def test_a_sweep_of_a_fleet_is_taken_in_once(store: Store, fleet: Any, good: Any) -> None:
    fleet("db-01", "db-02")
    revision = store.snapshot.revision
    bell = store.subscribe()

    store.put_sample(good("db-01"))
    store.put_sample(good("db-02", metrics={"cpu.busy": 0.2}))
    store.put_sample(good("db-02", metrics={"cpu.busy": 0.3}))

    assert bell.has_rung
    assert store.snapshot.hosts["db-02"].metrics["cpu.busy"] == 0.3
    assert store.snapshot.revision == revision + 1


def test_a_sample_of_nobody_rings_no_bell(store: Store, fleet: Any, good: Any) -> None:
    fleet("db-01")
    bell = store.subscribe()

    store.put_sample(good("nobody"))

    assert not bell.has_rung


def test_small_tables_are_replaced_whole(store: Store) -> None:
    store.put_engine(EngineInfo(name="demo"))
    store.put_access(Access(locked=True))
    store.put_people({"op1": 2})
    store.put_banner(Banner("config", "opsconsole.yaml:3: what?"))
    revision = store.snapshot.revision
    store.put_banner(Banner("config", "opsconsole.yaml:3: what?"))
    store.drop_banner("nothing")
    assert store.snapshot.revision == revision

    store.drop_banner("config")

    shown = store.snapshot
    assert (shown.engine.name, shown.access.locked, shown.people, shown.banners) == (
        "demo", True, {"op1": 2}, {},
    )  # fmt: skip


async def test_many_changes_ring_a_bell_once(store: Store, fleet: Any) -> None:
    bell = store.subscribe()
    for name in ("a", "b", "c"):
        fleet(name)
    await bell.wait()
    assert not bell.has_rung

    store.unsubscribe(bell)
    fleet("d")
    assert not bell.has_rung


def test_time_alone_leaves_every_row_as_it_is(
    store: Store, fleet: Any, good: Any, clock: Any
) -> None:
    fleet("db-01", "db-02")
    store.put_sample(good("db-01"))
    store.tick(clock.at + 1)
    before = store.snapshot

    store.tick(clock.at + 2)

    assert store.snapshot.now == clock.at + 2
    assert store.snapshot.hosts is before.hosts
    assert store.snapshot.feeds is before.feeds


def test_a_jump_host_that_is_not_polled_has_no_row(store: Store) -> None:
    store.put_inventory(Inventory(hosts=(Host("bastion", "192.0.2.1", polled=False),)))

    assert store.snapshot.hosts == {}
