"""A simulated machine written as the files that Linux shows of a real one (proc(5))."""

from collections.abc import Mapping
from typing import Final

from opsconsole.testing.machine import Disk, Machine

_MODES: Final = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
_OS_RELEASE: Final = """\
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
ID=debian
VERSION_ID="12"
"""
_PAGE: Final = 4
"""Kilobytes."""


def moving(machine: Machine, now: float) -> Mapping[str, str]:
    """Give the files that change with time: path below the root to text."""
    return {
        "proc/stat": _stat(machine),
        "proc/loadavg": _loadavg(machine),
        "proc/uptime": f"{now - machine.started:.2f} {machine.cpu['idle'] / 100:.2f}\n",
        "proc/meminfo": _meminfo(machine),
        "proc/vmstat": _vmstat(machine),
        "proc/diskstats": _diskstats(machine),
        "proc/net/dev": _net_dev(machine),
        "proc/net/snmp": _snmp(machine),
        **_pressure(machine),
    }


def slower(machine: Machine) -> Mapping[str, str]:
    """Give the files that may lag some seconds behind: disks, temperature, the table of processes."""
    return {
        "sys/class/hwmon/hwmon0/temp1_input": f"{int(machine.temperature * 1000)}\n",
        "opsc/df": "".join(_df(disk) for disk in machine.disks),
        "opsc/inodes": "".join(_inodes(disk) for disk in machine.disks),
        "opsc/ps": _ps(machine),
    }


def processes(machine: Machine) -> Mapping[str, str]:
    """Give the file of each process."""
    return {
        f"proc/{process.pid}/stat": _process_stat(machine, index)
        for index, process in enumerate(machine.processes)
    }


def still(machine: Machine) -> Mapping[str, str]:
    """Give the files that stay as they are."""
    actor = machine.actor
    mounts = "".join(
        f"{disk.device} {disk.mount} {disk.kind} rw,relatime 0 0\n" for disk in machine.disks
    )
    return {
        "proc/sys/kernel/hostname": f"{actor.name}\n",
        "proc/sys/kernel/random/boot_id": f"{machine.boot_id}\n",
        "proc/sys/fs/file-nr": "2144\t0\t1048576\n",
        "proc/sys/net/netfilter/nf_conntrack_count": "812\n",
        "proc/sys/net/netfilter/nf_conntrack_max": "262144\n",
        "proc/net/netstat": "TcpExt: ListenOverflows ListenDrops TCPTimeouts\nTcpExt: 0 0 17\n",
        "proc/mounts": f"{mounts}proc /proc proc rw 0 0\ntmpfs /run tmpfs rw 0 0\n",
        "proc/1/comm": "systemd\n",
        "sys/class/net/eth0/operstate": "up\n",
        "run/systemd/timesync/synchronized": "",
        "etc/os-release": _OS_RELEASE,
        "etc/resolv.conf": "nameserver 192.0.2.53\nnameserver 192.0.2.54\n",
        "etc/hostname": f"{actor.name}\n",
    }


def _stat(machine: Machine) -> str:
    cores = machine.actor.cores
    whole = " ".join(str(int(machine.cpu.get(mode, 0))) for mode in _MODES)
    share = " ".join(str(int(machine.cpu.get(mode, 0) / cores)) for mode in _MODES)
    lines = [f"cpu  {whole} 0 0", *(f"cpu{core} {share} 0 0" for core in range(cores))]
    blocked = 6 if machine.is_stuck_on_disk else 0
    lines += [
        f"btime {int(machine.started)}",
        f"procs_running {1 + int(machine.loads[0])}",
        f"procs_blocked {blocked}",
    ]
    return "\n".join(lines) + "\n"


def _loadavg(machine: Machine) -> str:
    one, five, fifteen = machine.loads
    return (
        f"{one:.2f} {five:.2f} {fifteen:.2f} {1 + int(one)}/{210 + len(machine.processes)} 4242\n"
    )


def _meminfo(machine: Machine) -> str:
    total = machine.actor.memory // 1024
    available = int(total * (1 - machine.memory_used))
    cached = available // 2
    rows = {
        "MemTotal": total, "MemFree": available - cached, "MemAvailable": available, "Buffers": total // 100,
        "Cached": cached, "SReclaimable": total // 200, "Shmem": total // 300,
        "SwapTotal": 2 << 20, "SwapFree": (2 << 20) - 4096,
    }  # fmt: skip
    return "".join(f"{name}:{value:>16} kB\n" for name, value in rows.items())


def _vmstat(machine: Machine) -> str:
    return f"pgmajfault {int(machine.counters['faults'])}\npswpin 0\npswpout 0\noom_kill 0\n"


def _diskstats(machine: Machine) -> str:
    c = {name: int(value) for name, value in machine.counters.items()}
    fields = (
        c["reads"], 0, c["sectors_read"], c["read_ms"], c["writes"], 0, c["sectors_written"], c["write_ms"],
        0, c["disk_ms"], c["read_ms"] + c["write_ms"],
    )  # fmt: skip
    busy = " ".join(map(str, fields))
    quiet = "120 0 4000 30 80 0 9000 60 0 90 90"
    main = machine.disks[-1].device.removeprefix("/dev/").rstrip("0123456789")
    rows = {"vda": quiet, main: busy}
    return "".join(
        f" 254 {index * 16} {name} {row}\n" for index, (name, row) in enumerate(rows.items())
    )


def _net_dev(machine: Machine) -> str:
    c = {name: int(value) for name, value in machine.counters.items()}
    eth0 = f"{c['rx']} {c['packets']} 0 0 0 0 0 0 {c['tx']} {c['packets']} 0 0 0 0 0 0"
    head = "Inter-|   Receive  |  Transmit\n face |bytes packets errs drop fifo frame compressed multicast|bytes\n"
    return f"{head}    lo: 900 9 0 0 0 0 0 0 900 9 0 0 0 0 0 0\n  eth0: {eth0}\n"


def _snmp(machine: Machine) -> str:
    segments, again = int(machine.counters["segments"]), int(machine.counters["retransmits"])
    return (
        "Tcp: CurrEstab EstabResets OutSegs RetransSegs OutRsts\n"
        f"Tcp: {machine.established} 3 {segments} {again} 5\n"
        "Udp: InDatagrams InErrors RcvbufErrors\nUdp: 90 0 0\n"
    )


def _pressure(machine: Machine) -> Mapping[str, str]:
    stalled = int(machine.counters["stall_us"])
    some = {
        "cpu": max(0.0, machine.busy - 0.6) * 80,
        "memory": 0.0,
        "io": 41.0 if machine.is_stuck_on_disk else 0.3,
    }
    return {
        f"proc/pressure/{name}": "".join(
            f"{kind} avg10={share:.2f} avg60={share:.2f} avg300={share / 2:.2f} total={stalled}\n"
            for kind, share in (("some", mean), ("full", mean / 2))
        )
        for name, mean in some.items()
    }


def _df(disk: Disk) -> str:
    percent = round(100 * disk.used / disk.size)
    return f"{disk.device} {disk.kind} {disk.size} {int(disk.used)} {disk.available} {percent}% {disk.mount}\n"


def _inodes(disk: Disk) -> str:
    free = disk.inodes - disk.inodes_used
    percent = round(100 * disk.inodes_used / disk.inodes)
    return f"{disk.device} {disk.kind} {disk.inodes} {disk.inodes_used} {free} {percent}% {disk.mount}\n"


def _ps(machine: Machine) -> str:
    """Rows `pid ppid user pcpu pmem rss args`, in kilobytes and percents, as the stub of ps reads them."""
    total = machine.actor.memory // 1024
    return "".join(
        f"{p.pid} 1 {p.user} {100 * p.share * machine.busy * machine.actor.cores:.1f}"
        f" {100 * p.memory / total:.1f} {p.memory} {p.command}\n"
        for p in machine.processes
    )


def _process_stat(machine: Machine, index: int) -> str:
    process = machine.processes[index]
    state = "D" if machine.is_stuck_on_disk and 2 <= index < 8 else "S"
    ticks = int(process.ticks)
    memory = f"{process.memory * 1024} {process.memory // _PAGE}"
    rest = f"1 1 1 0 -1 0 0 0 0 0 {ticks} {ticks // 4} 0 0 20 0 4 0 100 {memory}"
    return f"{process.pid} ({process.command}) {state} {rest} 0 0\n"
