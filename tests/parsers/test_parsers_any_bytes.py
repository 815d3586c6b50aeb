"""Whatever a host says: a parser answers, or raises ParseError, and what it answers can be shown."""

import math
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.errors import ParseError
from opsconsole.parsers.bonding import parse_bonds
from opsconsole.parsers.clock import parse_clock
from opsconsole.parsers.conntrack import parse_conntrack
from opsconsole.parsers.df import inode_metrics, parse_df, space_metrics
from opsconsole.parsers.diskstats import disk_rates, parse_diskstats
from opsconsole.parsers.edac import parse_edac
from opsconsole.parsers.filenr import parse_filenr
from opsconsole.parsers.links import parse_links
from opsconsole.parsers.loadavg import parse_loadavg, parse_uptime
from opsconsole.parsers.mdstat import parse_mdstat
from opsconsole.parsers.meminfo import parse_meminfo
from opsconsole.parsers.mounts import parse_mounts
from opsconsole.parsers.netdev import net_rates, parse_netdev
from opsconsole.parsers.ntp import parse_ntp
from opsconsole.parsers.os_release import parse_os_release, parse_reboot, parse_uname
from opsconsole.parsers.perfdata import parse_plugin_output
from opsconsole.parsers.pids import parse_pids
from opsconsole.parsers.pressure import parse_pressure
from opsconsole.parsers.proc_stat import parse_processes, parse_states
from opsconsole.parsers.sections import split_sections
from opsconsole.parsers.snmp import parse_snmp, tcp_metrics
from opsconsole.parsers.stat import cpu_shares, parse_stat
from opsconsole.parsers.systemd import parse_failed_units, parse_restarts
from opsconsole.parsers.temps import parse_temps
from opsconsole.parsers.vmstat import parse_vmstat, vm_rates
from opsconsole.parsers.who import parse_who


def _space(text: bytes) -> object:
    found = parse_df(text)
    return {**space_metrics(found, {}), **inode_metrics(found, {})}


def _cpu(text: bytes) -> object:
    stat = parse_stat(text)
    return cpu_shares(stat.cpu._replace(idle=0), stat.cpu)


PARSERS: list[Callable[[bytes], object]] = [
    parse_bonds, parse_edac, parse_pids, parse_clock, parse_conntrack, _space, parse_filenr,
    parse_links, parse_loadavg, parse_uptime,
    parse_mdstat, parse_meminfo, parse_mounts, parse_ntp, parse_os_release, parse_reboot,
    parse_uname, parse_plugin_output, partial(parse_pressure, resource="io"), parse_processes,
    parse_states, split_sections, _cpu, parse_failed_units, parse_restarts, parse_temps, parse_who,
    lambda text: disk_rates({}, parse_diskstats(text), 1.0),
    lambda text: net_rates(parse_netdev(text), parse_netdev(text), 1.0),
    lambda text: tcp_metrics(parse_snmp(text), parse_snmp(text), 1.0),
    lambda text: vm_rates(parse_vmstat(text), parse_vmstat(text), 1.0),
]  # fmt: skip

WORDS = st.sampled_from(
    (
        b"cpu", b"MemTotal:", b"Filesystem", b"some", b"avg60=", b"eth0:", b"Tcp:", b"/", b"-1",
        b"nan", b"\x1e", b"end", b"9" * 30, b"1e999", b"0", b"7", b"\xff", b"\x1b[2J", b"\n", b" ",
        b"=", b"|", b"'", b"md0 : ", b"Personalities",
    )
)  # fmt: skip
TEXTS = st.binary(max_size=200) | st.lists(WORDS, max_size=60).map(b" ".join)


def _numbers(value: object) -> list[float]:
    if isinstance(value, dict):
        return [n for each in value.values() for n in _numbers(each)]
    return [value] if isinstance(value, float) else []


@pytest.mark.parametrize("parse", PARSERS)
def test_any_bytes_are_read_or_refused(parse):
    @given(TEXTS)
    def holds(text: bytes) -> None:
        try:
            answer = parse(text)
        except ParseError:
            return
        assert all(math.isfinite(number) for number in _numbers(answer))

    holds()
