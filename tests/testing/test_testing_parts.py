"""The fleet's parts without a network: roster, machines, story, alerts, stubs."""

import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import asyncssh
import pytest

from opsconsole.collect.silence_list import read_silences
from opsconsole.parsers.diskstats import parse_diskstats
from opsconsole.parsers.meminfo import parse_meminfo
from opsconsole.parsers.netdev import parse_netdev
from opsconsole.parsers.snmp import parse_snmp
from opsconsole.parsers.systemd import parse_failed_units
from opsconsole.testing.alertmanager import FakeAlertmanager, Fire
from opsconsole.testing.machine import make_machine
from opsconsole.testing.old_files import leave_old_files
from opsconsole.testing.proc_text import moving, slower, still
from opsconsole.testing.root import Root
from opsconsole.testing.roster import Actor, roster
from opsconsole.testing.services import OFFERS, Backend
from opsconsole.testing.ssh_server import HostServer, Surroundings
from opsconsole.testing.story import Story
from opsconsole.testing.tools import install, slow_clock
from opsconsole.testing.units import UnitState
from opsconsole.testing.world import FakeHost, World

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.mark.parametrize("count", [1, 4, 11, 40, 41, 300])
def test_a_fleet_has_as_many_hosts_as_asked_all_different(count: int) -> None:
    actors = roster(count)

    assert (
        len({actor.name for actor in actors}) == len({actor.address for actor in actors}) == count
    )
    assert all(actor.address.startswith("127.") for actor in actors)


def test_forty_hosts_are_the_demo_as_it_is_drawn() -> None:
    roles = Counter(actor.role for actor in roster(40))

    assert roles["web"] == 15
    assert roles["db"] == 3
    assert {"db-prod-02", "web-prod-03", "cache-prod-04", "batch-prod-01"} <= {
        a.name for a in roster(40)
    }


def test_the_same_seed_makes_the_same_machine() -> None:
    actor = roster(1)[0]

    one, two, other = (make_machine(actor, seed, 1000.0) for seed in (7, 7, 8))

    assert moving(one, 1000.0) == moving(two, 1000.0)
    assert one.boot_id != other.boot_id


def test_what_a_machine_shows_is_what_linux_shows() -> None:
    machine = make_machine(roster(40)[20], 7, 1000.0)
    before = moving(machine, 1000.0)

    machine.advance(10.0, 1010.0)

    files = moving(machine, 1010.0)
    assert files["proc/stat"] != before["proc/stat"]
    assert 0 < parse_meminfo(files["proc/meminfo"].encode())["mem.available_ratio"] < 1
    assert "eth0" in parse_netdev(files["proc/net/dev"].encode())
    assert parse_snmp(files["proc/net/snmp"].encode())["Tcp.OutSegs"] > 0
    assert set(parse_diskstats(files["proc/diskstats"].encode())) >= {"vda"}
    assert float(files["proc/uptime"].split()[0]) > 86400


def test_a_disk_fills_and_never_overflows() -> None:
    machine = make_machine(roster(40)[15], 7, 0.0)
    disk = machine.disks[-1]
    disk.growth = disk.size / 10

    for second in range(60):
        machine.advance(1.0, float(second))

    assert disk.used == disk.size
    assert disk.available == 0


@pytest.fixture
def host(tmp_path: Path) -> Root:
    """The root of one simulated host, with the stubs beside it."""
    install(tmp_path / "bin")
    actor = next(actor for actor in roster(40) if actor.name == "db-prod-02")
    root, machine = Root(tmp_path / "hosts/db-prod-02"), make_machine(actor, 7, 1_000_000.0)
    root.write({**still(machine), **moving(machine, 1_000_000.0), **slower(machine)})
    root.set_unit("postgresql.service", UnitState("active", "running", 811, 0, 900_000))
    root.set_unit("wal-archiver.service", UnitState("failed", "failed", 0, 5, 990_000))
    root.log(990_000, "systemd[1]", "wal-archiver.service: Failed with result 'exit-code'.")
    return root


@pytest.fixture
def run(host: Root, tmp_path: Path) -> Run:
    path = str(tmp_path / "bin")

    def run_it(*argv: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [f"{path}/{argv[0]}", *argv[1:]], env={"PATH": path, "OPSC_ROOT": str(host.path), "LC_ALL": "C"},
            capture_output=True, text=True, timeout=10, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    return run_it


def test_failed_units_are_listed_as_systemctl_lists_them(run: Run) -> None:
    answer = run("systemctl", "--failed", "--no-legend", "--plain", "--no-pager")

    assert parse_failed_units(answer.stdout.encode()) == ("wal-archiver.service",)


def test_a_restart_brings_a_unit_back_and_the_journal_says_so(run: Run, host: Root) -> None:
    assert run("systemctl", "is-active", "--", "wal-archiver.service").returncode == 3

    restarted = run("sudo", "-n", "--", "systemctl", "restart", "--", "wal-archiver.service")

    assert restarted.returncode == 0, restarted.stderr
    assert host.unit("wal-archiver.service").is_up
    assert host.unit("wal-archiver.service").pid > 0
    assert run("systemctl", "is-active", "--", "wal-archiver").stdout == "active\n"
    assert (
        "Started wal-archiver.service." in run("journalctl", "-u", "wal-archiver", "-n", "3").stdout
    )


def test_a_broken_unit_fails_again(run: Run, host: Root) -> None:
    host.mark_broken("wal-archiver.service", broken=True)

    answer = run("systemctl", "restart", "wal-archiver.service")

    assert answer.returncode == 1
    assert "control process exited with error code" in answer.stderr
    assert host.unit("wal-archiver.service").active == "failed"


@pytest.mark.parametrize(
    ("argv", "seen"),
    [
        (("systemctl", "show", "-p", "NRestarts,ActiveState", "--", "postgresql.service"), "ActiveState=active"),
        (("systemctl", "list-units", "--type=service", "--plain"), "postgresql.service loaded active"),
        (("systemctl", "cat", "--", "postgresql.service"), "Description=postgresql"),
        (("journalctl", "-u", "wal-archiver.service", "-n", "5", "-o", "short-iso", "--no-pager"), "exit-code"),
        (("df", "-P", "-k", "-l"), "/data"),
        (("df", "-PT", "-x", "tmpfs"), "ext4"),
        (("df", "-Pi"), "IUsed"),
        (("du", "-xk", "--max-depth=2", "--", "/data"), "pg_wal"),
        (("ps", "-eo", "pid,ppid,user,lstart,pcpu,pmem,rss,args", "--sort=-pcpu"), "/usr/bin/postgresql"),
        (("ss", "-Htan"), "ESTAB"),
        (("dig", "+time=2", "@192.0.2.53", "www.example", "A"), "status: NOERROR"),
        (("dig", "nowhere.invalid", "A"), "status: NXDOMAIN"),
        (("getent", "ahosts", "www.example"), "192.0.2.10"),
        (("tracepath", "-n", "--", "192.0.2.9"), "192.0.2.9"),
        (("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} dns\n", "--", "http://x"), "200 dns"),
        (("logrotate", "-d", "/etc/logrotate.conf"), "rotating"),
        (("uname", "-s", "-r", "-m"), "Linux 6.1.0"),
        (("hostname",), "db-prod-02"),
        (("uptime",), "load average"),
        (("free",), "Mem:"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)  # fmt: skip
def test_the_catalogues_commands_are_answered_by_stubs(
    run: Run, argv: tuple[str, ...], seen: str
) -> None:
    answer = run(*argv)

    assert seen in answer.stdout, answer.stderr
    assert answer.returncode == 0


def test_the_tail_of_a_file_is_the_simulated_hosts_and_never_this_machines(
    run: Run, host: Root
) -> None:
    (host.path / "etc").mkdir(exist_ok=True)
    (host.path / "etc/hostname").write_text("simulated\n")

    assert run("tail", "-n", "5", "--", "/etc/hostname").stdout == "simulated\n"
    assert run("tail", "-n", "5", "--", "/etc/passwd").returncode != 0


def test_an_unknown_unit_is_not_found(run: Run) -> None:
    assert run("systemctl", "restart", "nothing.service").returncode == 5
    assert run("systemctl", "cat", "--", "nothing.service").returncode == 1


def test_a_wrong_clock_is_wrong_for_one_host_only(run: Run, tmp_path: Path) -> None:
    slow_clock(tmp_path / "own", tmp_path / "bin", 100.0)
    env = {"PATH": f"{tmp_path}/own:{tmp_path}/bin"}

    shifted = subprocess.run(
        [f"{tmp_path}/own/date", "+%s.%N"],
        env=env,
        capture_output=True,
        text=True,
        timeout=5,
        check=True,
    )

    assert 90 < float(shifted.stdout) - float(run("date", "+%s.%N").stdout) < 110


def test_nothing_in_the_path_of_a_simulated_host_tells_of_this_machine(tmp_path: Path) -> None:
    install(tmp_path / "bin")

    for name in (
        "uname",
        "hostname",
        "ps",
        "df",
        "ss",
        "ip",
        "who",
        "systemctl",
        "journalctl",
        "sudo",
        "curl",
        "dig",
    ):
        assert not (tmp_path / "bin" / name).is_symlink()
        assert os.access(tmp_path / "bin" / name, os.X_OK)
    assert not {"ssh", "python3", "nc", "kill", "dd", "id"} & {
        p.name for p in (tmp_path / "bin").iterdir()
    }


def _world(tmp_path: Path, told: list[str]) -> World:
    hosts: dict[str, FakeHost] = {}
    for actor in roster(40):
        hosts[actor.name] = _host(tmp_path, actor)
    return World(
        hosts,
        FakeAlertmanager(0.0),
        1_000_000.0,
        lambda kind, text, on: told.append(f"{kind} {on}"),
    )


def _host(tmp_path: Path, actor: Actor) -> FakeHost:
    root, machine = Root(tmp_path / actor.name), make_machine(actor, 7, 1_000_000.0)
    for unit in actor.units:
        root.set_unit(unit, UnitState("active", "running", 100, 0, 900_000))
    surroundings = Surroundings(actor.name, root.path, str(tmp_path))
    server = HostServer(surroundings, asyncssh.SSHServerConnectionOptions())
    host = FakeHost(actor, machine, root, server)
    host.backends = {
        o.name: Backend(o, machine, root)
        for o in OFFERS
        if o.role == actor.role and actor.index <= o.most
    }
    return host


def _play(world: World, story: Story, seconds: int) -> None:
    for _ in range(seconds):
        world.now += 1
        for host in world.hosts.values():
            host.machine.advance(1.0, world.now)
        story.advance(world)


def _names(world: World) -> set[str]:
    return {
        alert["labels"]["alertname"]
        for alert in json.loads(world.alertmanager.answer("/api/v2/alerts", world.now).body)
    }


def test_the_story_brings_a_deployment_a_full_disk_a_lagging_replica_and_a_silent_host(
    tmp_path: Path,
) -> None:
    told: list[str] = []
    world = _world(tmp_path, told)
    story = Story(world, 7)

    _play(world, story, 60)

    assert told == ["deploy service:checkout"]
    assert (
        world.hosts["db-prod-02"].machine.disks[-1].used
        > 0.91 * world.hosts["db-prod-02"].machine.disks[-1].size
    )
    assert {"PgReplLag", "QueueDepth"} <= _names(world)
    assert world.silent == {"web-prod-15"}
    broken = [
        host
        for host in world.of_role("web")
        if host.backends and host.backends["checkout"].answer("/health").status == 502
    ]
    assert len(broken) == 2


def test_restarting_the_archiver_mends_disk_and_lag(tmp_path: Path) -> None:
    world = _world(tmp_path, [])
    story = Story(world, 7)
    _play(world, story, 40)
    host = world.hosts["db-prod-02"]

    host.root.set_unit(
        "wal-archiver.service", UnitState("active", "running", 4711, 5, int(world.now))
    )
    _play(world, story, 60)

    assert host.machine.disks[-1].used < 0.63 * host.machine.disks[-1].size
    assert "PgReplLag" not in _names(world)


def test_a_silent_host_comes_back_by_itself(tmp_path: Path) -> None:
    world = _world(tmp_path, [])
    story = Story(world, 7)

    _play(world, story, 330)

    assert world.silent == set()


def test_two_answers_between_two_resends_are_the_same_bytes() -> None:
    manager = FakeAlertmanager(0.0)
    manager.light(Fire({"alertname": "A", "severity": "warning"}, {"summary": "x"}, 1000.0))

    one, two, later = (manager.answer("/api/v2/alerts", at).body for at in (1001.0, 1050.0, 1070.0))

    assert one == two != later
    assert manager.answer("/nothing", 0.0).status == 404


def _silence(manager: FakeAlertmanager, at: float, **more: object) -> tuple[int, bytes]:
    body = {
        "matchers": [{"name": "alertname", "value": "A", "isRegex": False, "isEqual": True}],
        "startsAt": "1970-01-01T00:16:40Z", "endsAt": "1970-01-01T00:20:00Z",
        "createdBy": "op1", "comment": "a disk is ordered", **more,
    }  # fmt: skip
    reply = manager.change("POST", "/api/v2/silences", json.dumps(body).encode(), at)
    return reply.status, reply.body


def _hidden(manager: FakeAlertmanager, at: float) -> list[str]:
    (alert,) = json.loads(manager.answer("/api/v2/alerts", at).body)
    return [alert["status"]["state"], *alert["status"]["silencedBy"]]


def test_a_silence_that_somebody_makes_hides_until_it_ends_or_is_ended() -> None:
    manager = FakeAlertmanager(0.0)
    manager.light(Fire({"alertname": "A"}, {}, 900.0))

    status, made = _silence(manager, 1000.0)
    name = json.loads(made)["silenceID"]
    (listed,) = read_silences(manager.answer("/api/v2/silences", 1001.0).body, "main")
    again, extended = _silence(manager, 1001.0, id=name, endsAt="1970-01-01T00:30:00Z")

    assert (status, again) == (200, 200)
    assert (listed.id, listed.author, listed.ends) == (name, "op1", 1200.0)
    assert json.loads(extended)["silenceID"] == name
    assert _hidden(manager, 1500.0) == ["suppressed", name]
    assert manager.change("DELETE", f"/api/v2/silence/{name}", b"", 1501.0).status == 200
    assert _hidden(manager, 1502.0) == ["active"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/v2/silences", b"no json", 400),
        ("POST", "/api/v2/silences", b"{}", 400),
        ("DELETE", "/api/v2/silence/unheard-of", b"", 404),
        ("PUT", "/api/v2/silences", b"{}", 405),
    ],
)
def test_what_is_no_silence_is_refused(method: str, path: str, body: bytes, status: int) -> None:
    assert FakeAlertmanager(0.0).change(method, path, body, 1000.0).status == status


def test_a_silence_that_is_over_when_it_comes_is_refused() -> None:
    assert _silence(FakeAlertmanager(0.0), 5000.0)[0] == 400


def test_alerts_are_counted_by_matchers_as_the_source_does() -> None:
    manager = FakeAlertmanager(0.0)
    for name in ("A", "B"):
        manager.light(Fire({"alertname": name}, {}, 900.0))

    found = manager.answer('/api/v2/alerts?silenced=true&filter=alertname%3D"A"', 1000.0)

    assert [alert["labels"]["alertname"] for alert in json.loads(found.body)] == ["A"]
    assert manager.answer("/api/v2/alerts?filter=%21", 1000.0).status == 400


def test_deleting_a_databases_archive_makes_room_on_its_disk(tmp_path: Path) -> None:
    world = _world(tmp_path, [])
    host = world.hosts["db-prod-02"]
    leave_old_files(host.root.path, host.actor, world.now)
    story = Story(world, 7)
    _play(world, story, 5)
    before = host.machine.disks[-1].used

    for file in (host.root.path / "data" / "archive").iterdir():
        file.unlink()
    _play(world, story, 1)

    assert host.machine.disks[-1].used < before - 0.9 * (24 << 20)
