"""The shipped actions that change something, over a scripted fleet: their guard rails, plans and words."""

import json
import tarfile
from pathlib import Path

import pytest
from msgspec.structs import replace
from runs_bench import Bench, MakeBench, give_ports
from runs_fakes import Exit, make_snapshot

from opsconsole.actions.loader import load
from opsconsole.engine.caches import FileCaches
from opsconsole.errors import RefusedError
from opsconsole.model.action import Plan
from opsconsole.model.alert import Alert
from opsconsole.model.calls import PlanRun, StartRun
from opsconsole.model.run import Run
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import AlertState, Severity
from opsconsole.shipped import shipped_dir

CORE = load([], shipped=shipped_dir("plugins"))
BOOT = 'sh: cat "${OPSC_ROOT:-}/proc/sys/kernel/random/boot_id"*'


def with_fire(snapshot: Snapshot, name: str, source: str = "rules", **labels: str) -> Snapshot:
    fire = Alert(
        "f" * 16, "e1", name, Severity.CRITICAL, "critical", AlertState.FIRING,
        snapshot.now - 600, "host:web1", source, {"alertname": name, **labels},
    )  # fmt: skip
    return replace(snapshot, alerts={"e1": fire})


def bench_of(make_bench: MakeBench, *names: str, fire: str = "", **labels: str) -> Bench:
    snapshot = make_snapshot(*(names or ("web1",)))
    if fire:
        snapshot = with_fire(snapshot, fire, **labels)
    bench = make_bench(registry=CORE, snapshot=snapshot)
    bench.engine.clients.names = ("lb", "alertmanager")
    give_ports(bench.service, cache=FileCaches(bench.state / "plugins").of)
    return bench


async def plan_on_fire(bench: Bench, action: str, **params: str) -> Plan:
    call = PlanRun(action, ("web1",), params, "e1")
    return await bench.service.plan(call, "op1", bench.snapshot)


async def run_on_fire(bench: Bench, action: str, **params: str) -> Run:
    plan = await plan_on_fire(bench, action, **params)
    call = StartRun(plan.id, plan.hash, confirm=plan.expect)
    return await bench.end((await bench.service.start(call, "op1", bench.snapshot)).run)


def words(plan: Plan) -> list[str]:
    return [f"{s.shown or ' '.join(s.argv)} {s.note}".strip() for s in plan.targets[0].steps]


def ends(run: Run) -> list[tuple[str, str]]:
    return [(str(target.state), target.why) for target in run.targets]


def sent(bench: Bench) -> list[str]:
    return [line for _, line in bench.remote.dispatched]


async def test_the_journal_is_shrunk_only_where_a_disk_is_full_and_never_below_100_mib(
    make_bench: MakeBench,
) -> None:
    bench = bench_of(make_bench, fire="FsSpace", mount="/var")
    bench.remote.on("journalctl --disk-usage", Exit(0, "take up 4.0G\n"))

    plan = await plan_on_fire(bench, "journal-vacuum", keep="200MiB")

    assert words(plan) == [
        "journalctl --disk-usage → take up 4.0G",
        "sudo -n -- journalctl --rotate",
        "sudo -n -- journalctl --vacuum-size=209715200",
        "journalctl --disk-usage",
    ]
    with pytest.raises(RefusedError, match="is less than"):
        await plan_on_fire(bench, "journal-vacuum", keep="10MiB")
    with pytest.raises(RefusedError, match="not for this"):
        await bench.plan("journal-vacuum", "web1")


async def test_what_logrotate_would_do_is_its_plan(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench)
    bench.remote.on("sudo -n -- logrotate -d *", Exit(0, "rotating pattern: x\n"))

    plan = await bench.plan("logrotate-now", "web1", conf="/etc/logrotate.d/nginx")

    assert words(plan) == [
        "sudo -n -- logrotate -d /etc/logrotate.d/nginx → rotating pattern: x",
        "sudo -n -- logrotate -v /etc/logrotate.d/nginx",
    ]
    with pytest.raises(RefusedError, match="does not lie under"):
        await bench.plan("logrotate-now", "web1", conf="/tmp/evil")


STARTED = "Sat Nov 21 04:11:09 2026"


async def test_a_process_is_ended_only_when_it_is_the_one_that_was_seen(
    make_bench: MakeBench,
) -> None:
    bench = bench_of(make_bench)
    bench.remote.on("ps -o pid= -p 42", Exit(1))

    run = await bench.run("proc-kill", "web1", pid="42", started=STARTED, confirm="web1")

    assert ends(run) == [("changed", "")]
    assert "sudo -n -- kill -TERM -- 42" in sent(bench)
    assert not any("KILL" in line for line in sent(bench))
    assert any(line.startswith("vmstat") for line in sent(bench))


async def test_a_process_id_that_was_given_out_again_is_refused_before_anything(
    make_bench: MakeBench,
) -> None:
    bench = bench_of(make_bench)
    bench.remote.on("sh: seen=*", Exit(3, stderr="42 is another process: started Sun\n"))

    with pytest.raises(RefusedError, match="42 is another process"):
        await bench.plan("proc-kill", "web1", pid="42", started=STARTED)

    assert not any("kill" in line for line in sent(bench))


async def test_a_drained_host_is_taken_back_from_the_moment_the_drain_was_sent(
    make_bench: MakeBench,
) -> None:
    names = tuple(f"web{number}" for number in range(1, 7))
    bench = bench_of(make_bench, *names)
    now = bench.snapshot.now
    hosts = {name: replace(host, at=now) for name, host in bench.snapshot.hosts.items()}
    services = make_snapshot(*names, services={"shop": names}).services
    bench.engine.snapshot = replace(bench.snapshot, hosts=hosts, services=services)
    bench.engine.clients.on("GET *", Exit(200, '{"state": "ready", "connections": 1}'))

    plan = await bench.plan("lb-drain", "web1", pool="shop")
    run = await bench.end(await bench.start(plan))

    assert words(plan)[:2] == [
        'GET lb /pools/shop/members/web1 → {"state": "ready", "connections": 1}',
        'PUT lb /pools/shop/members/web1 {"state":"drain"}',
    ]
    assert "lb:shop" in plan.locks
    assert ends(run) == [("changed", "")]


async def test_a_host_that_does_not_answer_well_stays_drained(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench)
    bench.remote.on("sh: exec curl*", Exit(22, stderr="curl: (22) 503\n"))

    run = await bench.run("lb-undrain", "web1", pool="shop", wait="5s")

    assert run.targets[0].state == "failed"
    assert not any(line.startswith("PUT") for line in bench.engine.clients.sent)


@pytest.mark.parametrize("server", ["web1;shutdown sessions", "a b", "x\nset maxconn 0", "$(id)"])
async def test_nothing_but_a_name_reaches_the_socket_of_the_load_balancer(
    make_bench: MakeBench, server: str
) -> None:
    snapshot = make_snapshot("web1")
    host = replace(snapshot.hosts["web1"], labels={"role": "edge"})
    bench = make_bench(registry=CORE, snapshot=replace(snapshot, hosts={"web1": host}))

    with pytest.raises(RefusedError) as refused:
        await bench.plan("haproxy-drain", "web1", backend="shop", server=server)
    run = await bench.run("haproxy-drain", "web1", backend="shop", server="web1")

    assert refused.value.code == "param"
    assert ends(run) == [("changed", "")]
    assert bench.remote.commands[-1].stdin == b"set server shop/web1 state drain\n"


async def test_a_bundle_has_what_was_asked_a_manifest_and_no_password(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    bench = bench_of(make_bench)
    bench.remote.on("ps *", Exit(0, "1 app --password=hunter22 --port 80\n"))
    bench.remote.on("iostat *", Exit(127, stderr="iostat: not found\n"))

    run = await bench.run("diag-bundle", "web1")

    place = tmp_path / "runs" / run.id / "out" / "web1.bundle.tar.gz"
    with tarfile.open(place) as archive:
        names = archive.getnames()
        ps = archive.extractfile("web1/ps.txt")
        assert ps is not None
        seen = ps.read()
    assert place.stat().st_mode & 0o777 == 0o600
    assert {"web1/SHA256SUMS", "web1/ps.txt", "web1/iostat.txt", "web1/journal.txt"} <= set(names)
    assert b"hunter22" not in seen
    assert b"--port 80" in seen


async def test_a_reboot_is_known_by_another_boot_and_drains_only_where_a_pool_is_named(
    make_bench: MakeBench,
) -> None:
    bench = bench_of(make_bench)
    bench.engine.clients.names = ()

    plan = await bench.plan("reboot-wait", "web1")

    assert plan.expect == "web1"
    assert [step.id for step in plan.targets[0].steps] == [
        "users", "jobs", "kernel", "bundle", "reboot", "running", "failed-units",
    ]  # fmt: skip
    pooled = await bench.plan("reboot-wait", "web1", pool="shop")
    assert "no client lb" in pooled.targets[0].steps[-1].note


async def test_hosts_are_held_against_the_majority_of_the_run(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench, "web1", "web2", "web3")
    bench.remote.on("sh -c uname -r", Exit(0, "6.1.0\n"))
    bench.remote.on("sh -c uname -r", Exit(0, "5.10.0\n"), host="web2")

    run = await bench.run("peer-compare", "web[1-3]")

    assert ends(run) == [
        ("unchanged", "as most of 3"),
        ("unchanged", "differs in kernel"),
        ("unchanged", "as most of 3"),
    ]


async def test_a_flush_counts_first_goes_in_pages_and_cools_down(make_bench: MakeBench) -> None:
    snapshot = make_snapshot("cache1")
    host = replace(snapshot.hosts["cache1"], labels={"role": "cache"})
    snapshot = replace(snapshot, hosts={"cache1": host})
    bench = make_bench(registry=CORE, snapshot=snapshot)
    bench.remote.on("sh -c *wc -l*", Exit(0, "12\n"))
    bench.remote.on("sh -c *UNLINK*", Exit(0, "12\n"))

    plan = await bench.plan("cache-flush", "cache1", pattern="session:*")
    run = await bench.end(await bench.start(plan, confirm="cache1"))
    bench.engine.snapshot = replace(bench.snapshot, now=bench.clock.now(), runs={run.id: run})
    again = await bench.plan("cache-flush", "cache1", pattern="session:*")

    assert plan.targets[0].steps[0].note == "→ 12"
    assert "UNLINK" in plan.targets[0].steps[2].argv[2]
    assert ends(run) == [("changed", "12 keys,  hits → 12 unlinked")]
    assert "wait" in again.targets[0].steps[-1].note
    with pytest.raises(RefusedError, match="does not match"):
        await bench.plan("cache-flush", "cache1", pattern="*")


async def test_a_silence_names_the_place_ends_by_itself_and_says_why(make_bench: MakeBench) -> None:
    bench = bench_of(
        make_bench, fire="FsSpace", source="am", instance="web1:9100", severity="critical"
    )
    bench.engine.clients.on("POST *", Exit(200, '{"silenceID": "5c2a"}'))

    run = await run_on_fire(bench, "silence-and-note", why="a disk is ordered", span="2h")

    (line,) = bench.engine.clients.sent
    body = json.loads(line.split(" ", 3)[3])
    assert line.startswith("POST alertmanager /api/v2/silences ")
    assert {m["name"] for m in body["matchers"]} == {"alertname", "instance"}
    assert (body["startsAt"], body["endsAt"]) == ("2023-11-14T22:13:20Z", "2023-11-15T00:13:20Z")
    assert ends(run) == [("changed", "silenced to 2023-11-15T00:13:20Z")]
    with pytest.raises(RefusedError, match="is more than"):
        await plan_on_fire(bench, "silence-and-note", why="x", span="5h")


async def test_a_fire_of_our_own_rules_has_no_alertmanager_to_silence_it(
    make_bench: MakeBench,
) -> None:
    bench = bench_of(make_bench, fire="FsSpace", instance="web1:9100")

    with pytest.raises(RefusedError, match="not for this"):
        await plan_on_fire(bench, "silence-and-note", why="quiet")


async def test_a_silence_of_everything_is_refused(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench, fire="FsSpace", source="am", severity="critical")

    run = await run_on_fire(bench, "silence-and-note", why="quiet")

    assert run.targets[0].state == "failed"
    assert bench.engine.clients.sent == []


LISTED = b"100 7 1690000000.5000000000 a.gz\x00250 8 1690000001.0000000000 old logs/b c.gz\x00"


async def test_only_the_list_that_the_plan_showed_is_deleted(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench)
    bench.remote.on("sh -c find*", Exit(0, LISTED))
    bench.remote.on("sh -c cd*", Exit(0, "removed\nremoved\n"))

    plan = await bench.plan("file-capacity-relief", "web1", path="/var/log")
    note = plan.targets[0].steps[-1].note
    name = note.rpartition("frozen=")[2]
    run = await bench.run(
        "file-capacity-relief", "web1", path="/var/log", frozen=name, confirm="web1"
    )

    assert note.startswith("ends there: 2 files, 350 bytes below /var/log")
    assert ends(run) == [("changed", "2 files → 2 deleted")]
    stdin = bench.remote.commands[-1].stdin
    assert (
        stdin
        == b"7\x001690000000.5000000000\x00a.gz\x008\x001690000001.0000000000\x00old logs/b c.gz\x00"
    )


async def test_a_list_that_is_another_one_now_deletes_nothing(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench)
    bench.remote.on("sh -c find*", Exit(0, LISTED))

    run = await bench.run(
        "file-capacity-relief", "web1", path="/var/log", frozen="350-0123456789ab", confirm="web1"
    )

    assert run.targets[0].state == "failed"
    assert "the files are others now" in run.targets[0].why
    assert not any("xargs" in line for line in sent(bench))
    with pytest.raises(RefusedError, match="does not lie under"):
        await bench.plan("file-capacity-relief", "web1", path="/etc")


REFUSED = ["NetworkManager.service", "nftables.service", "systemd-networkd.service", "ssh.socket"]


@pytest.mark.parametrize("unit", REFUSED)
async def test_what_keeps_the_poller_alive_is_never_restarted(
    make_bench: MakeBench, unit: str
) -> None:
    bench = bench_of(make_bench)

    with pytest.raises(RefusedError, match="this action is not for"):
        await bench.plan("unit-restart", "web1", unit=unit)


def test_every_shipped_action_says_what_it_does() -> None:
    shown = [spec for spec in CORE.specs.values() if not spec.id.startswith("core.adhoc")]
    for spec in shown:
        assert spec.title, spec.id
        assert spec.match, spec.id
        assert spec.timeout <= 1800, spec.id
        if spec.effect != "read":
            assert spec.doc, spec.id
            budget = spec.rollout.budget.count if spec.rollout is not None else None
            assert budget == 0 or spec.stop_on_failure or spec.arity == "one", spec.id
