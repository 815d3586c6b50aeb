"""The real scripts under real shells, over a made-up machine and over this one."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from opsconsole.collect.fast_tier import read_fast
from opsconsole.collect.scripts import TIERS, script
from opsconsole.collect.slow_tiers import read_lazy, read_slow
from opsconsole.parsers.proc_stat import parse_processes
from opsconsole.parsers.sections import split_sections

SHELLS = {
    "dash": (["dash"], "dash"),
    "bash": (["bash"], "bash"),
    "busybox": (["busybox", "sh"], "busybox"),
    "zsh": (["zsh", "--emulate", "sh"], "zsh"),
}

PROC = {
    "sys/kernel/random/boot_id": "11111111-2222-3333-4444-555555555555\n",
    "sys/kernel/hostname": "web01\n",
    "uptime": "5000.25 9000.50\n",
    "loadavg": "1.50 1.25 1.00 2/345 6789\n",
    "stat": "cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 50 0 50 400 0 0 0 0 0 0\ncpu1 50 0 50 400 0 0 0 0 0 0\n"
    "intr 12345 1 2 3\nbtime 1700000000\nprocs_running 2\nprocs_blocked 1\n",
    "meminfo": "MemTotal:       1000000 kB\nMemFree:         100000 kB\nMemAvailable:    400000 kB\nDirty: 5 kB\n",
    "vmstat": "nr_free_pages 9\npgmajfault 7\npswpin 0\npswpout 0\noom_kill 0\n",
    "diskstats": "   8       0 sda 1 0 8 1 1 0 8 1 0 2 2\n"
    "   8       1 sda1 1 0 8 1 1 0 8 1 0 2 2\n   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0\n",
    "net/dev": "Inter-| Receive | Transmit\n face |bytes\n    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
    "  eth0: 100 1 0 0 0 0 0 0 200 1 0 0 0 0 0 0\n  veth1: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n",
    "net/snmp": "Ip: A\nIp: 1\nTcp: CurrEstab OutSegs RetransSegs\nTcp: 3 100 1\nUdp: InErrors\nUdp: 0\n",
    "net/netstat": "TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 0 4 5\nIpExt: A\nIpExt: 1\n",
    "sys/fs/file-nr": "100\t0\t1000\n",
    "pressure/cpu": "some avg10=1.00 avg60=2.00 avg300=3.00 total=4\n",
    "mounts": "/dev/sda1 / ext4 rw 0 0\ntmpfs /run tmpfs rw 0 0\n",
    "1/comm": "systemd\n",
    "1/stat": "1 (systemd) S 0 1 1 0 -1 4194560 1 1 1 1 50 50 1 1 20 0 1 0 1 1000 250 0\n",
    "77/stat": "77 (odd) name) Z 1 1 1 0 -1 0 1 1 1 1 7 3 1 1 20 0 2 0 1 1000 500 0\n",
}
DF = (
    "Filesystem 1024-blocks Used Available Capacity Mounted on\n"
    "/dev/sda1 1000 900 100 90% /\ntmpfs 10 0 10 0% /run\n"
)
STUBS = {
    "systemctl": """case $1 in
show) shift 6; for unit; do printf 'Id=%s\\nNRestarts=7\\n\\n' "$unit"; done ;;
*) printf '%s\\n' 'nginx.service loaded failed failed web server' \\
  '\u25cf app@1.service loaded activating auto-restart the app' ;;
esac""",
    "df": f"printf '%s' '{DF}'",
    "who": "echo 'op1 pts/0 2026-11-22 10:00'",
    "uname": "case $* in *-s*) echo Linux 6.1.0-test x86_64;; *) echo 6.1.0-test;; esac",
    "journalctl": 'echo "asked $*"',
    "getconf": "echo 100",
    "sleep": ":",
}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Make a root with a /proc of ours and a PATH of stubs beside the few real tools."""
    root = tmp_path_factory.mktemp("machine")
    for name, text in PROC.items():
        file = root / "proc" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for name, text in {
        "etc/os-release": 'PRETTY_NAME="Test OS 1"\nHOME_URL=x\n',
        "run/reboot-required": "",
        "run/reboot-required.pkgs": "libc6\n",
        "sys/class/net/eth0/operstate": "up\n",
        "sys/class/hwmon/hwmon0/temp1_input": "45000\n",
    }.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    path = root / "path"
    path.mkdir()
    for tool in ("awk", "cat", "grep", "head", "tail", "timeout", "date", "ls", "true", "sh"):
        (path / tool).symlink_to(Path(shutil.which(tool) or f"/bin/{tool}").resolve())
    for name, body in STUBS.items():
        (path / name).write_text(f"#!/bin/sh\n{body}\n")
        (path / name).chmod(0o755)
    return {"OPSC_ROOT": str(root), "OPSC_PATH": str(path)}


@pytest.fixture(params=list(SHELLS))
def shell(request: pytest.FixtureRequest) -> list[str]:
    argv, package = SHELLS[request.param]
    if shutil.which(argv[0]) is None:
        if os.environ.get("OPSCONSOLE_REQUIRE_REAL"):
            pytest.fail(f"{argv[0]} is missing: apt install {package}")
        pytest.skip(f"apt install {package}")
    return argv


def run(shell: list[str], tier: str, env: dict[str, str], *args: str, rounds: bytes = b"") -> bytes:
    done = subprocess.run(
        [*shell, "-c", script(tier), "sh", *args],
        input=rounds,
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", **env},
        timeout=30,
        check=False,
    )
    assert done.stderr == b""
    return done.stdout


@pytest.mark.real
def test_the_fast_loop_reads_a_machine_round_after_round(shell, machine):
    out = run(shell, "fast", machine, rounds=b"n1\nn2\n")

    first, mark, second = out.partition(b"\x1en1 end\n")
    one = read_fast(first + mark, None, 0.0)
    two = read_fast(second, one.counters, 10.0)
    assert one.facts["boot_id"].startswith("11111111")
    assert one.facts["unreadable"] == ""
    assert one.facts["unsupported"] == "pressure.memory, pressure.io"
    assert one.metrics["cpu.cores"] == 2.0
    assert one.metrics["load.per_core"] == 0.625
    assert one.metrics["mem.available_ratio"] == 0.4
    assert one.metrics["psi.some{resource=cpu}"] == 0.02
    assert one.clock is not None
    assert list(one.counters.disks) == ["sda"]
    assert list(one.counters.nets) == ["eth0"]
    assert one.counters.tcp["TcpExt.ListenOverflows"] == 4
    assert two.counters.uptime == 5000.25


@pytest.mark.real
def test_what_the_table_does_not_need_stays_on_the_host(shell, machine):
    out = run(shell, "fast", machine, rounds=b"n1\n")

    for needless in (
        b"intr",
        b"cpu0",
        b"Dirty",
        b"nr_free",
        b"loop0",
        b"veth1",
        b"SyncookiesRecv",
        b"IpExt",
    ):
        assert needless not in out


@pytest.mark.real
def test_the_slow_tier_reads_a_machine(shell, machine):
    reading = read_slow(run(shell, "slow", machine, "n1"))

    assert reading.metrics["fs.worst_used_ratio"] == pytest.approx(0.9)
    assert reading.metrics["units.failed"] == 1.0
    assert reading.metrics["unit.restarts{unit=app@1.service}"] == 7.0
    assert reading.metrics["proc.zombie"] == 1.0
    assert reading.metrics["net.link_up{dev=eth0}"] == 1.0
    assert reading.metrics["temp.max"] == 45.0
    assert reading.metrics["users"] == 1.0
    assert reading.facts["unreadable.slow"] == ""


@pytest.mark.real
def test_the_slow_tier_is_told_which_units_to_ask_about_too(shell, machine):
    reading = read_slow(run(shell, "slow", machine, "n1", "db.service", "odd*.service"))

    asked = {key for key in reading.metrics if key.startswith("unit.restarts")}
    assert asked == {
        f"unit.restarts{{unit={unit}}}" for unit in ("app@1.service", "db.service", "odd*.service")
    }


@pytest.mark.real
def test_thousands_of_processes_are_not_looked_at_one_by_one(shell, machine, tmp_path):
    crowded = tmp_path / "crowded"
    shutil.copytree(machine["OPSC_ROOT"], crowded, symlinks=True)
    for pid in range(2001):
        (crowded / "proc" / str(10_000 + pid)).mkdir()

    reading = read_slow(run(shell, "slow", {**machine, "OPSC_ROOT": str(crowded)}, "n1"))

    assert "proc.zombie" not in reading.metrics
    assert reading.facts["zombies"] == "not counted: too many processes"
    assert reading.facts["unreadable.slow"] == ""
    assert reading.metrics["users"] == 1.0


@pytest.mark.real
def test_the_lazy_tier_reads_a_machine(shell, machine):
    reading = read_lazy(run(shell, "lazy", machine, "n1"))

    assert reading.metrics["reboot.pending"] == 1.0
    assert reading.facts["os"] == "Test OS 1"
    assert reading.facts["kernel"] == "6.1.0-test"
    assert reading.facts["hostname"] == "web01"
    assert reading.facts["init"] == "systemd"
    assert reading.facts["reboot.why"] == "libc6"
    assert "systemctl" in reading.facts["tools"]


@pytest.mark.real
def test_processes_are_looked_at_twice_and_odd_names_stay_whole(shell, machine):
    sections = split_sections(run(shell, "procs", machine, "n1"))

    look = parse_processes(sections["after"])
    assert look.by_pid[1].name == "systemd"
    assert look.by_pid[77].name == "odd) name"
    assert (look.by_pid[77].ticks, look.by_pid[77].pages, look.by_pid[77].threads) == (10, 500, 2)


@pytest.mark.real
def test_logs_are_asked_for_by_number(shell, machine):
    sections = split_sections(run(shell, "logs", machine, "n1", "25"))

    assert sections["logs"] == b"asked -n 25 --no-pager -q -o short-iso\n"


@pytest.mark.real
@pytest.mark.parametrize("tier", TIERS)
def test_an_empty_machine_is_unsupported_and_ends_its_answer(shell, tier, tmp_path):
    (tmp_path / "path").mkdir()
    env = {"OPSC_ROOT": str(tmp_path), "OPSC_PATH": str(tmp_path / "path")}

    done = subprocess.run(
        [shutil.which(shell[0]) or shell[0], *shell[1:], "-c", script(tier), "sh", "n1", "5"],
        input=b"n1\n",
        capture_output=True,
        env=env,
        timeout=30,
        check=False,
    )

    assert split_sections(done.stdout) is not None


@pytest.mark.real
def test_this_very_machine_is_read():
    env = {"OPSC_ROOT": "", "OPSC_PATH": ""}

    fast = read_fast(run(["sh"], "fast", env, rounds=b"n1\n"), None, 0.0)
    slow = read_slow(run(["sh"], "slow", env, "n1"))
    lazy = read_lazy(run(["sh"], "lazy", env, "n1"))

    assert fast.metrics["mem.total"] > 0
    assert fast.facts["unreadable"] == slow.facts["unreadable.slow"] == ""
    assert lazy.facts["kernel"] == os.uname().release


def test_scripts_are_constant_and_carry_no_comments():
    for tier in TIERS:
        assert "\n#" not in script(tier)
        assert script(tier) is script(tier)
