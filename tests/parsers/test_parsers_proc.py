"""Kernel files: what is read, what becomes a rate, and what is left out."""

import pytest

from opsconsole.errors import ParseError
from opsconsole.parsers.conntrack import parse_conntrack
from opsconsole.parsers.delta import increase, rate
from opsconsole.parsers.diskstats import DiskTimes, disk_rates, parse_diskstats
from opsconsole.parsers.filenr import parse_filenr
from opsconsole.parsers.loadavg import parse_loadavg, parse_uptime
from opsconsole.parsers.meminfo import parse_meminfo
from opsconsole.parsers.netdev import NetCounters, net_rates, parse_netdev
from opsconsole.parsers.pressure import parse_pressure
from opsconsole.parsers.snmp import parse_snmp, tcp_metrics
from opsconsole.parsers.stat import CpuTimes, cpu_shares, parse_cores, parse_stat
from opsconsole.parsers.vmstat import parse_vmstat, vm_rates


def test_a_whole_proc_stat_gives_cores_boot_time_and_ticks(captured):
    stat = parse_stat(captured("proc_stat"))

    assert stat.cores == 2
    assert stat.boot_at > 1_700_000_000
    assert stat.cpu.idle > stat.cpu.iowait >= 0


def test_a_filtered_proc_stat_says_how_many_processors_there_are():
    stat = parse_stat(b"cpu  1 2 3 4 5 6 7 8 0 0\nbtime 99\nprocs_blocked 3\ncpus 64\n")

    assert stat == (CpuTimes(3, 16, 4, 5, 8), 64, 99, 3)


def test_old_kernels_without_steal_are_read():
    assert parse_stat(b"cpu 10 0 5 80\n").cpu == CpuTimes(10, 5, 80, 0, 0)


def test_each_processor_is_read_in_its_order():
    assert parse_cores(b"cpu0 1 2 3 4\ncpu1 5 0 0 9\n") == (
        CpuTimes(3, 3, 4, 0, 0),
        CpuTimes(5, 0, 9, 0, 0),
    )


def test_cpu_shares_are_of_the_time_between_two_looks():
    before, after = CpuTimes(100, 50, 800, 10, 0), CpuTimes(130, 60, 850, 15, 5)

    shares = cpu_shares(before, after)

    assert shares == {
        "cpu.busy": pytest.approx(0.45),
        "cpu.user": 0.3,
        "cpu.system": 0.1,
        "cpu.iowait": 0.05,
        "cpu.steal": 0.05,
    }
    assert cpu_shares(after, after) == {}


@pytest.mark.parametrize(
    ("before", "after", "grown"),
    [(5, 9, 4), (9, 9, 0), (100, 7, 7), (0, 0, 0)],
    ids=["grows", "stands", "was reset", "never moved"],
)
def test_a_counter_that_falls_was_reset(before, after, grown):
    assert increase(before, after) == grown
    assert rate(before, after, 2.0) == grown / 2
    assert rate(before, after, 0.0) == 0.0


def test_load_and_tasks_are_read(captured):
    metrics = parse_loadavg(captured("loadavg"))

    assert set(metrics) == {"load.1m", "load.5m", "load.15m", "proc.running", "proc.total"}
    assert parse_loadavg(b"0.5 0.4 0.3") == {"load.1m": 0.5, "load.5m": 0.4, "load.15m": 0.3}
    assert parse_uptime(b"1349.39 2434.10\n") == 1349.39


def test_memory_is_in_bytes_and_shares(captured):
    metrics = parse_meminfo(captured("meminfo"))

    assert metrics["mem.total"] == 24684092 * 1024
    assert metrics["mem.available_ratio"] + metrics["mem.used_ratio"] == pytest.approx(1.0)
    assert metrics["swap.total"] == 0
    assert "swap.used_ratio" not in metrics, "no swap is not swap that is not used"


def test_before_linux_3_14_available_memory_is_added_up(captured):
    metrics = parse_meminfo(captured("meminfo_2.6"))

    assert metrics["mem.available"] == (360020 + 152028 + 3105080 + 380020 - 105080) * 1024
    assert metrics["swap.used_ratio"] == pytest.approx(0.25, abs=1e-4)


def test_paging_becomes_rates_and_kills_are_counted(captured):
    before = parse_vmstat(captured("vmstat"))
    after = {name: value + 10 for name, value in before.items()}

    assert vm_rates(before, after, 5.0) == {
        "swap.in": 2.0,
        "swap.out": 2.0,
        "mem.major_faults": 2.0,
        "mem.oom_kills": 10.0,
    }
    assert vm_rates({}, after, 5.0) == {}


def test_pressure_is_a_share_and_full_of_cpu_is_left_out(captured):
    metrics = parse_pressure(captured("pressure_io"), "io")
    cpu = b"some avg10=0.60 avg60=40.00 avg300=6.47 total=7\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"

    assert set(metrics) == {"psi.some{resource=io}", "psi.full{resource=io}"}
    assert parse_pressure(cpu, "cpu") == {"psi.some{resource=cpu}": 0.4}


def test_only_whole_real_disks_are_kept(captured):
    disks = parse_diskstats(captured("diskstats"))

    assert list(disks) == ["vda", "sda", "nvme0n1", "sdb1"], "sdb1 has no sdb: it is the whole disk"


def test_disk_rates_are_seconds_bytes_and_shares():
    before = {"sda": DiskTimes(100, 1000, 500, 100, 1000, 500, 2000, 3000)}
    after = {"sda": DiskTimes(150, 3000, 900, 150, 2000, 1100, 7000, 23000), "sdz": before["sda"]}

    assert disk_rates(before, after, 10.0) == {
        "disk.util{dev=sda}": 0.5,
        "disk.queue{dev=sda}": 2.0,
        "disk.read{dev=sda}": 2000 * 512 / 10,
        "disk.written{dev=sda}": 1000 * 512 / 10,
        "disk.await{dev=sda}": 0.01,
    }
    assert disk_rates(before, before, 10.0)["disk.await{dev=sda}"] == 0.0


def test_bytes_through_virtual_devices_are_not_counted_twice(captured):
    devices = parse_netdev(captured("netdev"))

    assert list(devices) == ["eth0", "eth1"]
    assert devices["eth1"] == NetCounters(1234567, 7654321, 8, 10, 30)


def test_a_container_with_only_virtual_devices_shows_those():
    assert list(parse_netdev(b"lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\ntun0: " + b"1 " * 16)) == [
        "tun0"
    ]


def test_network_rates_are_per_device_and_in_all():
    before = {"eth0": NetCounters(0, 0, 0, 0), "eth1": NetCounters(1000, 0, 0, 0)}
    after = {"eth0": NetCounters(100, 50, 2, 4), "eth1": NetCounters(300, 0, 0, 0)}

    metrics = net_rates(before, after, 2.0)

    assert metrics["net.rx_total"] == (100 + 300) / 2
    assert metrics["net.tx_total"] == 25
    assert metrics["net.errors{dev=eth0}"] == 1
    assert net_rates({}, after, 2.0) == {}


def test_errors_are_a_share_of_packets_where_there_were_some():
    before = {"eth0": NetCounters(0, 0, 0, 0, 0), "eth1": NetCounters(0, 0, 0, 0, 5)}
    after = {"eth0": NetCounters(0, 0, 3, 0, 300), "eth1": NetCounters(0, 0, 0, 0, 5)}

    metrics = net_rates(before, after, 2.0)

    assert metrics["net.error_ratio{dev=eth0}"] == 0.01
    assert metrics["net.error_ratio{dev=eth1}"] == 0.0


def test_tcp_troubles_are_read_from_pairs_of_lines(captured):
    before = {**parse_snmp(captured("snmp")), **parse_snmp(captured("netstat"))}
    after = {
        **before,
        "Tcp.OutSegs": before["Tcp.OutSegs"] + 100,
        "Tcp.RetransSegs": before["Tcp.RetransSegs"] + 5,
        "TcpExt.ListenOverflows": before["TcpExt.ListenOverflows"] + 20,
    }

    assert "Tcp.MaxConn" not in before, "-1 means no limit"
    assert tcp_metrics(before, after, 10.0) == {
        "tcp.established": before["Tcp.CurrEstab"],
        "tcp.retransmits": 0.5,
        "tcp.retransmit_ratio": 0.05,
        "tcp.listen_overflows": 2.0,
    }
    assert tcp_metrics({}, {}, 10.0) == {}


def test_file_handles_without_a_real_limit_have_no_share():
    assert parse_filenr(b"694\t0\t2466177\n") == {"fd.used_ratio": 694 / 2466177}
    assert parse_filenr(b"694\t0\t9223372036854775807\n") == {}


def test_connection_tracking_is_a_share():
    assert parse_conntrack(b"65536\n262144\n") == {"conntrack.used_ratio": 0.25}


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_stat, b""),
        (parse_stat, b"intr 1 2 3"),
        (parse_stat, b"cpu 1 2"),
        (parse_stat, b"cpu 1 2 3 -4"),
        (parse_cores, b"intr 1 2 3 4"),
        (parse_cores, b"cpu0 1"),
        (parse_loadavg, b"nan 0 0"),
        (parse_loadavg, b"1.0 inf 1e999"),
        (parse_loadavg, b"{ 0.52 0.58 0.59 }"),
        (parse_uptime, b""),
        (parse_meminfo, b"MemFree: 1 kB"),
        (parse_meminfo, b"MemTotal: 0 kB"),
        (parse_meminfo, b"MemTotal: " + b"9" * 400),
        (parse_vmstat, b"pswpin many"),
        (parse_diskstats, b"8 0 sda 1 2 3"),
        (parse_diskstats, b"8 0 sda " + b"x " * 11),
        (parse_netdev, b"eth0: 1 2 3"),
        (parse_snmp, b"Tcp: A B\nTcp: 1\n"),
        (parse_snmp, b"Tcp: A B\n"),
        (parse_snmp, b"Tcp: A\nUdp: 1\n"),
        (parse_filenr, b"1 2"),
        (parse_conntrack, b"1 0"),
    ],
)
def test_words_we_do_not_know_are_a_parse_error(parse, text):
    with pytest.raises(ParseError):
        parse(text)
