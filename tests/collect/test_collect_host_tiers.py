"""What the tiers of a host tell: rates, unsupported systems, clocks, failures that are named."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise

import pytest
from msgspec.structs import replace

from opsconsole.collect.collector import Collector
from opsconsole.collect.fast_tier import read_fast
from opsconsole.collect.host_tiers import FastProbe, HostWatch, TierProbe, back_off
from opsconsole.collect.restarts import MOST, QUIET, Restarts
from opsconsole.collect.slow_tiers import read_lazy, read_slow
from opsconsole.collect.turns import Turns
from opsconsole.errors import DeadlineError, ParseError, TransportError
from opsconsole.model.inventory import Host, Inventory
from opsconsole.model.metrics import METRICS, split_key
from opsconsole.model.states import Reach, ServiceState
from opsconsole.transport.base import Answer, Ending
from tests.collect_fakes import FakeHttp, FakeRemote, FakeSink, VirtualClock, answer, fast_answer

WEB = Host("web01", "192.0.2.1", every=10.0, timeout=8.0)


@asynccontextmanager
async def collecting(collector: Collector) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(collector.run(), name="collector")
        yield
        task.cancel()


class Fleet:
    """A collector over fakes."""

    def __init__(self, *hosts: Host) -> None:
        self.clock = VirtualClock()
        self.remote = FakeRemote()
        self.remote.uptime = lambda: self.clock.at
        self.sink = FakeSink()
        self.collector = Collector(
            self.remote, FakeHttp(), Inventory(hosts=hosts), self.sink, self.clock
        )

    async def watch(self, seconds: float) -> None:
        async with collecting(self.collector):
            await self.clock.advance(seconds)


async def test_a_host_has_rates_a_second_after_its_first_answer():
    fleet = Fleet(WEB)

    await fleet.watch(2.5)

    first, second = fleet.sink.of("web01", "fast")
    assert "cpu.busy" not in first.metrics, "one look at a counter means nothing"
    assert second.metrics["cpu.busy"] == pytest.approx(0.25)
    assert second.metrics["load.per_core"] == 0.5
    assert second.facts["boot_id"] == "boot-1"


@pytest.mark.parametrize(("patience", "again"), [(0.0, 1.0), (3.0, 3.0), (26.0, 15.0)])
async def test_a_second_look_waits_for_others_first_ones_but_not_until_values_are_stale(
    patience, again
):
    clock, remote = VirtualClock(), FakeRemote()
    watch = HostWatch(
        WEB,
        remote=remote,
        sink=FakeSink(),
        clock=clock,
        hurry=lambda _name, _delay=0.0: None,
        queue=lambda: 0.0,
        patience=lambda _host: patience,
    )

    assert await FastProbe(watch, 8.0).poll() == again


async def test_the_slow_and_lazy_tiers_follow_the_first_answer_at_once():
    fleet = Fleet(WEB)

    await fleet.watch(3.0)

    assert fleet.sink.of("web01", "slow")[0].metrics["fs.worst_used_ratio"] == pytest.approx(0.9)
    assert len(fleet.sink.of("web01", "lazy")) == 1


async def test_a_look_that_ends_while_it_waits_for_its_turn_tells_how_long_it_waited():
    clock, sink = VirtualClock(), FakeSink()
    watch = HostWatch(
        WEB,
        remote=FakeRemote(),
        sink=sink,
        clock=clock,
        hurry=lambda _name, _delay=0.0: None,
        queue=lambda: 0.0,
        turns=Turns(clock),
    )
    watch.is_up = True
    probe = TierProbe(watch, "slow", 8.0)

    async with AsyncExitStack() as others:
        for _ in range(16):
            await others.enter_async_context(watch.turns.turn())
        polling = asyncio.create_task(probe.poll())
        await clock.advance(0.5)
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        probe.crashed(TimeoutError())

    [sample] = sink.of("web01", "slow")
    assert sample.took == pytest.approx(0.5)


async def test_a_host_that_does_not_answer_is_not_asked_for_its_slow_tier():
    fleet = Fleet(WEB)
    fleet.remote.faults["web01"] = TransportError("web01", "refused", "port 22 is closed")

    await fleet.watch(130.0)

    assert fleet.remote.commands == []
    assert fleet.sink.of("web01", "slow") == []


async def test_a_host_of_plain_lines_is_seen_to_answer_and_its_numbers_are_not_known():
    fleet = Fleet(replace(WEB, transport="plain"))

    await fleet.watch(130.0)

    samples = fleet.sink.of("web01", "fast")
    assert len(samples) >= 12
    assert {(each.outcome, each.reach) for each in samples} == {(ServiceState.UP, Reach.UP)}
    assert {tuple(each.metrics) for each in samples} == {("ssh.rtt",)}
    assert fleet.sink.of("web01", "slow") == []
    assert fleet.remote.commands == []


async def test_a_host_of_plain_lines_that_does_not_answer_says_why():
    fleet = Fleet(replace(WEB, transport="plain"))
    fleet.remote.faults["web01"] = TransportError("web01", "auth-refused", "no POSIX login shell")

    await fleet.watch(1.0)

    [sample] = fleet.sink.of("web01", "fast")
    assert (sample.outcome, sample.reason) == (ServiceState.UNKNOWN, "no POSIX login shell")


@pytest.mark.parametrize(
    ("error", "reach"),
    [
        (TransportError("web01", "refused", "port 22 is closed"), Reach.REFUSED),
        (TransportError("web01", "key-changed", "the host key is another one"), Reach.KEY_CHANGED),
        (DeadlineError("web01", 8.0), Reach.SILENT),
    ],
)
async def test_why_a_host_cannot_be_asked_is_told(error, reach):
    fleet = Fleet(WEB)
    fleet.remote.faults["web01"] = error

    await fleet.watch(1.0)

    [sample] = fleet.sink.of("web01", "fast")
    assert (sample.outcome, sample.reach, sample.reason) == (
        ServiceState.UNKNOWN,
        reach,
        error.reason,
    )
    assert sample.metrics == {}


async def test_an_answer_that_was_cut_is_unknown_and_not_zero():
    fleet = Fleet(WEB)

    async def cut(host: Host) -> bytes:
        return b"\x1eab uptime\n100.0 1.0\n"

    fleet.remote.fast["web01"] = cut
    await fleet.watch(1.0)

    [sample] = fleet.sink.of("web01", "fast")
    assert sample.outcome is ServiceState.UNKNOWN
    assert sample.reach is Reach.UP
    assert "cannot be read" in sample.reason


async def test_three_polls_fail_at_the_hosts_own_pace_and_then_it_is_left_alone_longer():
    fleet = Fleet(WEB)
    fleet.remote.faults["web01"] = TransportError("web01", "refused", "port 22 is closed")

    await fleet.watch(600.0)

    tries = [sample.at for sample in fleet.sink.of("web01", "fast")]
    gaps = [after - before for before, after in pairwise(tries)]
    assert tries[2] - tries[0] <= 20.1
    assert all(gap <= 60.2 for gap in gaps)
    assert max(gaps[4:]) > 30.0
    assert len(tries) < 20


def test_back_off_never_asks_a_rare_host_more_often():
    rare = Host("db01", "192.0.2.2", every=300.0)

    assert back_off(rare, 9) is None
    assert [back_off(WEB, fails) for fails in (1, 2)] == [None, None]
    assert 16.0 <= (back_off(WEB, 3) or 0) <= 24.0


async def test_a_person_who_asks_ends_the_back_off():
    fleet = Fleet(WEB)
    fleet.remote.faults["web01"] = TransportError("web01", "auth-locked", "refused twice")
    async with collecting(fleet.collector):
        await fleet.clock.advance(300.0)
        del fleet.remote.faults["web01"]
        fleet.collector.poll_now(["host:web01"])
        await fleet.clock.advance(0.2)

    assert fleet.remote.retried == ["web01"]
    assert fleet.sink.of("web01", "fast")[-1].outcome is ServiceState.UP


async def test_a_reboot_drops_the_counters_and_looks_at_the_host_anew():
    fleet = Fleet(WEB)
    boots = [b"boot-1", b"boot-1", b"boot-2", b"boot-2"]

    async def rebooting(host: Host) -> bytes:
        boot = boots.pop(0) if len(boots) > 1 else boots[0]
        return fast_answer(fleet.clock.at if boot == b"boot-1" else fleet.clock.at / 100, boot)

    fleet.remote.fast["web01"] = rebooting
    await fleet.watch(25.0)

    by_boot = [
        (s.facts["boot_id"], "cpu.busy" in s.metrics) for s in fleet.sink.of("web01", "fast")
    ]
    assert by_boot[:4] == [("boot-1", False), ("boot-1", True), ("boot-2", False), ("boot-2", True)]
    assert len(fleet.sink.of("web01", "lazy")) == 2, "another boot may be another kernel"


async def test_after_an_outage_rates_begin_anew():
    fleet = Fleet(WEB)
    async with collecting(fleet.collector):
        await fleet.clock.advance(5.0)
        fleet.remote.faults["web01"] = TransportError("web01", "silent", "no answer in 8 s")
        await fleet.clock.advance(200.0)
        del fleet.remote.faults["web01"]
        fleet.sink.samples.clear()
        await fleet.clock.advance(65.0)

    good = [s for s in fleet.sink.of("web01", "fast") if s.outcome is ServiceState.UP]
    assert "cpu.busy" not in good[0].metrics, "a mean over the outage would be shown as now"
    assert "cpu.busy" in good[1].metrics
    assert good[1].at - good[0].at < 1.2


@pytest.mark.parametrize(
    ("skew", "text", "offset"),
    [
        (0.0, b"%.3f", 0.0),
        (0.03, b"%.3f", 0.0),
        (2.0, b"%.3f", 2.0),
        (-3600.0, b"%.3f", -3600.0),
        (0.4, b"%d", None),
        (86_400.0, b"%d", 86_400.0),
    ],
    ids=["right", "within what can be told", "ahead", "behind", "whole seconds", "days wrong"],
)
async def test_c10_a_wrong_clock_is_told_when_it_is_certain(skew, text, offset):
    fleet = Fleet(WEB)

    async def skewed(host: Host) -> bytes:
        return fast_answer(clock=text % (fleet.clock.now() + skew) + b"\n")

    fleet.remote.fast["web01"] = skewed
    await fleet.watch(1.0)

    sample = fleet.sink.of("web01", "fast")[0]
    assert sample.at == pytest.approx(fleet.clock.now(), abs=1.1), (
        "our time orders, whatever theirs"
    )
    told = sample.metrics.get("clock.offset")
    assert told == (pytest.approx(offset, abs=1.0) if offset else offset) or (
        offset is None and told == 0.0
    )


async def test_a_unit_that_restarts_is_asked_about_with_the_next_look():
    fleet = Fleet(WEB)
    counts = answer({"restarts": b"Id=app.service\nNRestarts=5\n"})
    fleet.remote.answers["web01"] = Answer(Ending.EXITED, 0, stdout=counts)

    await fleet.watch(190.0)

    asked = [command.args[1:] for _, command in fleet.remote.commands if "df" in command.script]
    assert asked[:3] == [(), ("app.service",), ("app.service",)]


def test_a_unit_is_asked_about_until_it_is_quiet_for_half_an_hour():
    restarts = Restarts()
    for count, at in ((1.0, 0.0), (2.0, 600.0), (2.0, 600.0 + QUIET)):
        restarts.note({"unit.restarts{unit=a.service}": count, "units.failed": 0.0}, at)
        assert restarts.units == ("a.service",)

    restarts.note({"unit.restarts{unit=a.service}": 2.0}, 601.0 + QUIET)

    assert restarts.units == ()


def test_of_many_units_those_that_restarted_last_are_asked_about():
    restarts = Restarts()
    many = {f"unit.restarts{{unit=u{n}.service}}": 1.0 for n in range(MOST + 5)}
    restarts.note(many, 0.0)
    restarts.note({**many, f"unit.restarts{{unit=u{MOST + 4}.service}}": 2.0}, 60.0)

    assert len(restarts.units) == MOST
    assert restarts.units[0] == f"u{MOST + 4}.service"


async def test_a_failing_slow_tier_leaves_the_hosts_reach_alone():
    fleet = Fleet(WEB)
    fleet.remote.answers["web01"] = Answer(
        Ending.TIMED_OUT, reason="ended by timeout after 15 s", stdout=b"\x1eab df\n"
    )

    await fleet.watch(2.0)

    [sample] = fleet.sink.of("web01", "slow")
    assert (sample.outcome, sample.reach) == (ServiceState.UNKNOWN, Reach.UP)
    assert sample.reason == "slow tier: ended by timeout after 15 s"


async def test_a_lost_connection_under_the_slow_tier_names_its_reach():
    fleet = Fleet(WEB)
    fleet.remote.answers["web01"] = Answer(
        Ending.UNREACHABLE, reach=Reach.SILENT, reason="no answer in 8 s"
    )

    await fleet.watch(2.0)

    assert fleet.sink.of("web01", "slow")[0].reach is Reach.SILENT


def test_every_metric_that_is_told_is_in_the_table():
    before = read_fast(fast_answer(100.0), None, 0.0)
    after = read_fast(fast_answer(110.0), before.counters, 10.0)
    slow = read_slow(
        answer(
            {"df": b"Filesystem 1K Used Avail Cap Mounted\n/dev/a 100 90 10 90% /\n", "who": b""}
        )
    )

    for key in (*after.metrics, *slow.metrics):
        assert split_key(key)[0] in METRICS, key


def test_macos_is_unsupported_and_neither_a_crash_nor_a_zero():
    said = answer({"clock": b"1700000000.N\n", "uname": b"Darwin 23.1.0 arm64\n"})

    reading = read_fast(said, None, 0.0)

    assert reading.metrics == {}
    assert reading.facts["system"] == "Darwin"
    assert reading.facts["unsupported"].startswith("uptime, loadavg, stat, meminfo")


def test_a_busybox_host_without_pressure_tells_the_rest():
    reading = read_fast(fast_answer(), None, 0.0)

    assert reading.metrics["mem.available_ratio"] == 0.25
    assert not any(key.startswith("psi") for key in reading.metrics)
    assert "pressure.io" in reading.facts["unsupported"]


def test_a_broken_section_is_named_and_takes_no_other_with_it():
    reading = read_fast(fast_answer(diskstats=b"8 0 sda what\n"), None, 0.0)

    assert reading.facts["unreadable"] == "diskstats"
    assert reading.metrics["cpu.cores"] == 4.0


def test_a_host_without_uptime_gets_rates_by_our_own_clock():
    one = answer({"netdev": b"eth0: " + b"0 " * 16})
    two = answer({"netdev": b"eth0: " + b"50 " * 16})

    reading = read_fast(two, read_fast(one, None, 100.0).counters, 110.0)

    assert reading.metrics["net.rx_total"] == 5.0


def test_failed_units_are_a_number_and_names():
    reading = read_slow(answer({"units": b"nginx.service loaded failed failed x\n"}))

    assert reading.metrics["units.failed"] == 1.0
    assert reading.facts["units.failed"] == "nginx.service"
    assert "units.failed" not in read_slow(answer({})).metrics, (
        "no systemd is not zero failed units"
    )


def test_the_lazy_tier_says_what_a_host_is():
    reading = read_lazy(
        answer(
            {
                "uname": b"Linux 6.1.0 x86_64\n",
                "hostname": b"web01\n",
                "os": b'PRETTY_NAME="Debian 12"\n',
                "init": b"systemd\n",
                "boot_id": b"b\n",
                "reboot": b"asked\nrequired\nlibc6\n",
                "tools": b"timeout\nss\n",
            }
        )
    )

    assert reading.metrics == {"reboot.pending": 1.0}
    assert reading.facts == {
        "system": "Linux", "kernel": "6.1.0", "arch": "x86_64", "os": "Debian 12", "hostname": "web01",
        "init": "systemd", "boot_id": "b", "tools": "timeout, ss", "reboot.why": "libc6",
    }  # fmt: skip


@pytest.mark.parametrize("read", [read_slow, read_lazy])
def test_a_cut_answer_of_a_tier_is_refused(read):
    with pytest.raises(ParseError):
        read(b"\x1eab df\nFilesystem")
