"""The front: first looks, targets polled at once, a changed inventory, questions of drill-downs."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from msgspec import structs

from opsconsole.collect.collector import Collector
from opsconsole.collect.planner import plan
from opsconsole.errors import RefusedError
from opsconsole.model.inventory import AlertSource, Check, Host, Inventory, Service
from opsconsole.transport.base import Answer, Ending
from opsconsole.transport.http import HttpAnswer, HttpFault, ProbeAnswer
from tests.collect_fakes import FakeHttp, FakeRemote, FakeSink, VirtualClock, answer, fast_answer

HOSTS = tuple(Host(f"web{n:02}", f"192.0.2.{n}") for n in range(1, 4))
SHOP = Service(
    "shop",
    checks=(Check("shop", "tcp", "192.0.2.9:80", service="shop", every=300.0),),
    hosts=("web01",),
)
FEED = AlertSource("main", "alertmanager", ("http://am.example:9093",), every=300.0)


@asynccontextmanager
async def collecting(inventory: Inventory) -> AsyncIterator["Running"]:
    run = Running(inventory)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run.collector.run(), name="collector")
        yield run
        task.cancel()


class Running:
    def __init__(self, inventory: Inventory) -> None:
        self.clock = VirtualClock()
        self.remote = FakeRemote()
        self.remote.uptime = lambda: self.clock.at
        self.http = FakeHttp()
        self.http.probes["192.0.2.9:80"] = ProbeAnswer(took=0.01)
        refused = HttpAnswer(fault=HttpFault.REFUSED, reason="port 9093 is closed")
        for path in ("status", "alerts"):
            self.http.replies[f"http://am.example:9093/api/v2/{path}"] = refused
        self.sink = FakeSink()
        self.collector = Collector(self.remote, self.http, inventory, self.sink, self.clock)


def test_a_plan_has_three_tiers_a_host_and_one_probe_a_check_and_source():
    jump = Host("bastion", "192.0.2.254", polled=False)
    check = Check("raid", "exec", "", argv=("check_raid",), via="web02", host="web02")

    planned = plan(Inventory((*HOSTS, jump), (SHOP,), (check,), (FEED,)))

    assert len(planned) == 3 * 3 + 1 + 1 + 1
    assert len({each.name for each in planned}) == len(planned)
    assert {each.name for each in planned if "host:web02" in (each.target, *each.also)} == {
        "host:web02 fast", "host:web02 slow", "host:web02 lazy", "check:raid",
    }  # fmt: skip
    assert all(each.timeout <= each.schedule.interval for each in planned)


@pytest.mark.parametrize(
    ("every", "slow"), [(2.0, 12.0), (10.0, 60.0), (30.0, 60.0), (300.0, 300.0)]
)
def test_the_slow_tier_runs_once_in_six_fast_ones_and_at_least_once_a_minute(every, slow):
    planned = plan(Inventory((Host("web01", "192.0.2.1", every=every),)))

    assert planned[1].schedule.interval == slow


async def test_everything_is_looked_at_within_its_first_second():
    async with collecting(Inventory(HOSTS, (SHOP,), (), (FEED,))) as run:
        await run.clock.advance(1.0)

        assert sorted(set(run.remote.asked)) == ["web01", "web02", "web03"]
        assert len(run.sink.results) == 1
        assert len(run.sink.readings) == 1


async def test_a_large_fleet_is_dialled_at_once_and_asked_for_more_once_all_have_answered():
    fleet = tuple(Host(f"web{n:04}", "192.0.2.1") for n in range(600))
    async with collecting(Inventory(fleet)) as run:
        await run.clock.advance(0.2)

        assert len(set(run.remote.asked[:600])) == 600
        early = len(run.remote.commands)

        await run.clock.advance(20.0)

        assert early < 100
        assert len(run.remote.commands) >= 600


async def test_what_can_wait_leaves_the_last_hosts_of_a_cold_start_the_way():
    fleet = tuple(Host(f"web{n:04}", "192.0.2.1") for n in range(600))
    async with collecting(Inventory(fleet)) as run:

        async def slowly(host: Host) -> bytes:
            """Sixty logins a second: the last answers after ten."""
            await run.clock.sleep(int(host.name[3:]) / 60)
            return fast_answer(run.clock.at)

        for host in fleet:
            run.remote.fast[host.name] = slowly
        asked = []
        while len({sample.target for sample in run.sink.samples}) < 600:
            await run.clock.advance(0.1)
            asked.append(len(run.remote.commands))
        await run.clock.advance(1.0)

        assert asked[-1] == len(run.remote.commands) == 0
        await run.clock.advance(12.0)
        assert len(run.remote.commands) >= 600


async def test_a_single_host_is_asked_for_everything_at_once():
    async with collecting(Inventory(HOSTS[:1])) as run:
        await run.clock.advance(1.2)

        assert run.remote.asked == ["web01", "web01"]
        assert len(run.remote.commands) == 2


@pytest.mark.parametrize(
    ("targets", "hosts", "results", "readings"),
    [
        (["host:web01"], {"web01"}, 1, 0),
        (["service:shop"], set(), 1, 0),
        (["check:shop"], set(), 1, 0),
        (["feed:main"], set(), 0, 1),
        ([], {"web01", "web02", "web03"}, 1, 1),
        (["host:nobody"], set(), 0, 0),
    ],
)
async def test_targets_are_polled_at_once(targets, hosts, results, readings):
    async with collecting(Inventory(HOSTS, (SHOP,), (), (FEED,))) as run:
        await run.clock.advance(5.0)
        run.remote.asked.clear()
        run.sink.results.clear()
        run.sink.readings.clear()

        run.collector.poll_now(targets)
        await run.clock.advance(0.1)

        assert hosts <= set(run.remote.asked)
        assert (len(run.sink.results), len(run.sink.readings)) == (results, readings)


async def test_a_glance_looks_at_each_host_once_soon_and_a_few_at_a_time():
    fleet = tuple(Host(f"web{n:04}", "192.0.2.1", every=36_000.0) for n in range(300))
    async with collecting(Inventory(fleet)) as run:
        await run.clock.advance(120.0)
        run.remote.asked.clear()
        run.remote.commands.clear()

        run.collector.glance([host.ref for host in fleet])
        seen = []
        for _ in range(40):
            await run.clock.advance(0.1)
            seen.append(len(run.remote.asked))

        assert sorted(run.remote.asked) == [host.name for host in fleet]
        assert max(later - sooner for sooner, later in itertools.pairwise(seen)) <= 15
        assert run.remote.commands == [], "what is slow to change is not asked"
        assert run.remote.retried == [], "a run that only read forgives no host its failures"


@pytest.mark.parametrize(
    ("targets", "hosts", "results"),
    [(["host:web01"], ["web01"], 0), (["service:shop"], [], 1), (["host:nobody"], [], 0)],
)
async def test_a_glance_looks_at_what_it_names_and_at_no_more(targets, hosts, results):
    async with collecting(Inventory(HOSTS, (SHOP,), (), (FEED,))) as run:
        await run.clock.advance(5.0)
        run.remote.asked.clear()
        run.sink.results.clear()
        run.sink.readings.clear()

        run.collector.glance(targets)
        await run.clock.advance(0.1)

        assert run.remote.asked == hosts
        assert (len(run.sink.results), run.sink.readings) == (results, [])


async def test_a_new_host_is_polled_and_a_removed_one_is_not():
    async with collecting(Inventory(HOSTS[:2])) as run:
        await run.clock.advance(5.0)
        run.remote.asked.clear()

        await run.collector.update(Inventory(HOSTS[1:]))
        await run.clock.advance(20.0)

        assert set(run.remote.asked) == {"web02", "web03"}
        assert run.remote.forgotten == ["web01"]


async def test_a_host_that_did_not_change_keeps_its_connection_and_its_counters():
    async with collecting(Inventory(HOSTS)) as run:
        await run.clock.advance(5.0)
        changed = structs.replace(HOSTS[0], port=2222)

        await run.collector.update(Inventory((changed, *HOSTS[1:])))
        run.sink.samples.clear()
        await run.clock.advance(9.9)

        assert run.remote.forgotten == ["web01"]
        assert "cpu.busy" in run.sink.of("web02", "fast")[0].metrics
        assert "cpu.busy" not in run.sink.of("web01", "fast")[0].metrics


@pytest.mark.parametrize("change", [{"labels": {"role": "web"}}, {"every": 20.0}])
async def test_a_host_that_is_only_described_otherwise_keeps_its_connection(change):
    async with collecting(Inventory(HOSTS)) as run:
        await run.clock.advance(5.0)

        await run.collector.update(Inventory((structs.replace(HOSTS[0], **change), *HOSTS[1:])))

        assert run.remote.forgotten == []


async def test_lines_that_move_in_the_file_change_nothing():
    async with collecting(Inventory(HOSTS)) as run:
        await run.clock.advance(5.0)
        moved = tuple(structs.replace(host, source="hosts.yaml:9") for host in HOSTS)

        await run.collector.update(Inventory(moved))
        run.sink.samples.clear()
        await run.clock.advance(9.9)

        assert run.remote.forgotten == []
        assert "cpu.busy" in run.sink.of("web01", "fast")[0].metrics


async def test_s06_connections_of_a_thousand_removed_hosts_close_at_fifty_a_second():
    hosts = tuple(Host(f"h{n:04}", "192.0.2.1", every=3600.0) for n in range(1_000))
    async with collecting(Inventory(hosts)) as run, asyncio.TaskGroup() as group:
        closing = group.create_task(run.collector.update(Inventory()), name="update")
        await run.clock.advance(9.9)

        assert 450 <= len(run.remote.forgotten) <= 550

        await run.clock.advance(20.0)
        assert closing.done()
        assert len(run.remote.forgotten) == 1_000


@pytest.mark.parametrize(
    ("host", "what", "code"), [("web99", "procs", "unknown-target"), ("web01", "rm", "param")]
)
async def test_a_question_that_makes_no_sense_is_refused(host, what, code):
    run = Running(Inventory(HOSTS))

    with pytest.raises(RefusedError) as refused:
        await run.collector.ask_host(host, what)

    assert refused.value.code == code


async def test_processes_come_as_a_table_the_busiest_first():
    run = Running(Inventory(HOSTS))
    run.remote.answers["web01"] = said(
        units=b"100\n4096\n",
        before=b"10.0 1\n7 S 100 256 1 idle\n8 R 100 512 4 busy\n",
        after=b"11.0 1\n7 S 100 256 1 idle\n8 R 150 512 4 busy\n",
    )

    text = await run.collector.ask_host("web01", "procs", 2)

    assert text.lines == (
        "    PID    CPU%   MEM MiB   THR  S  NAME",
        "      8    50.0       2.0     4  R  busy",
    )
    assert text.note == "2 processes, over one second"


async def test_each_processors_share_stands_above_the_processes():
    run = Running(Inventory(HOSTS))
    looks = {"before": b"10.0 1\n", "after": b"11.0 1\n7 S 1 1 1 init\n"}
    cores = {
        "cores.before": b"".join(b"cpu%d 0 0 0 0\n" % n for n in range(9)),
        "cores.after": b"".join(b"cpu%d %d 0 0 %d\n" % (n, n * 10, 100 - n * 10) for n in range(9)),
    }
    run.remote.answers["web01"] = said(units=b"100\n4096\n", **looks, **cores)

    text = await run.collector.ask_host("web01", "procs", 3)

    assert text.lines[0].startswith("cpu0   0%  cpu1  10%  cpu2  20%")
    assert text.lines[1] == "cpu8  80%"
    assert text.lines[2].endswith("S  NAME")


async def test_a_share_that_was_not_measured_is_no_zero():
    run = Running(Inventory(HOSTS))
    look = {"before": b"10.0 1\n7 S 5 1 1 init\n", "after": b"10.0 1\n7 S 5 1 1 init\n"}
    cores = {"cores.before": b"cpu0 5 0 0 5\n", "cores.after": b"cpu0 5 0 0 5\n"}
    run.remote.answers["web01"] = said(units=b"100\n4096\n", **look, **cores)

    text = await run.collector.ask_host("web01", "procs", 3)

    assert text.lines[0] == "cpu0    —"
    assert text.lines[2].split()[:2] == ["7", "—"]
    assert text.note == "1 processes, no shares: its clock stood still"


async def test_the_newest_log_lines_come_cleaned():
    run = Running(Inventory(HOSTS))
    run.remote.answers["web01"] = said(logs=b"one\ntwo \x1b]52;c;aGk=\x07\nthree\n")

    text = await run.collector.ask_host("web01", "logs", 2)

    assert text.lines == ("two \u241b]52;c;aGk=\u2407", "three")
    assert run.remote.commands[-1][1].args[1] == "2"


@pytest.mark.parametrize("what", ["disks", "net"])
async def test_disks_and_network_come_as_lines(what):
    run = Running(Inventory(HOSTS))
    run.remote.answers["web01"] = said(**{what: b"a\nb\nc\n"})

    assert (await run.collector.ask_host("web01", what, 2)).lines == ("a", "b")


@pytest.mark.parametrize(
    "answered",
    [
        Answer(Ending.UNREACHABLE, reason="port 22 is closed"),
        Answer(Ending.EXITED, 0, stdout=b"cut"),
        Answer(Ending.EXITED, 0, stdout=answer({"units": b"x\n"})),
    ],
)
async def test_a_question_without_an_answer_says_why(answered):
    run = Running(Inventory(HOSTS))
    run.remote.answers["web01"] = answered

    text = await run.collector.ask_host("web01", "procs")

    assert text.lines == ()
    assert text.note


async def test_the_raw_sample_is_what_the_host_said_last():
    async with collecting(Inventory(HOSTS[:1])) as run:
        assert (
            await run.collector.ask_host("web01", "raw")
        ).note == "nothing has come from this host yet"
        await run.clock.advance(3.0)

        text = await run.collector.ask_host("web01", "raw")

    assert "-- fast" in text.lines
    assert "-- slow" in text.lines
    assert "1.00 2.00 3.00 1/100 999" in text.lines


def said(**sections: bytes) -> Answer:
    return Answer(Ending.EXITED, 0, stdout=answer(sections))


async def test_what_can_wait_waits_while_many_hosts_were_never_looked_at():
    fleet = tuple(Host(f"web{n:02}", "192.0.2.1") for n in range(40))
    async with collecting(Inventory(fleet)) as run:
        release = asyncio.Event()

        async def stuck(host: Host) -> bytes:
            await release.wait()
            return fast_answer()

        run.remote.fast = {host.name: stuck for host in fleet[:20]}
        await run.clock.advance(5.0)

        assert run.remote.commands == []

        release.set()
        await run.clock.advance(5.0)

        assert {host for host, _ in run.remote.commands} == {host.name for host in fleet}


async def test_a_few_silent_hosts_hold_nobody_up():
    fleet = tuple(Host(f"web{n:02}", "192.0.2.1") for n in range(40))
    async with collecting(Inventory(fleet)) as run:

        async def silent(host: Host) -> bytes:
            await asyncio.Event().wait()
            return b""

        run.remote.fast = {host.name: silent for host in fleet[:5]}
        await run.clock.advance(3.0)

        assert len({host for host, _ in run.remote.commands}) == 35
