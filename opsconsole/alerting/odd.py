"""The odd one out: one host against those that do the same work, at the same moment; without a past."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import Final

from opsconsole.alerting.forecast import ANOMALOUS, robust_z
from opsconsole.model.capacity import Odd, Odds
from opsconsole.model.metrics import METRICS
from opsconsole.model.snapshot import HostRecord, is_stale
from opsconsole.model.states import Reach

LEAST_PEERS: Final = 4
"""Peers beside the host itself: with fewer there is no saying which one is odd."""

COMPARED: Final[Mapping[str, float]] = {
    "load.per_core": 0.25,
    "cpu.busy": 0.10,
    "cpu.iowait": 0.05,
    "cpu.steal": 0.05,
    "mem.used_ratio": 0.10,
    "swap.used_ratio": 0.10,
    "swap.in": 50.0,
    "mem.major_faults": 50.0,
    "fs.worst_used_ratio": 0.10,
    "net.rx_total": 1e6,
    "net.tx_total": 1e6,
    "tcp.retransmit_ratio": 0.01,
    "tcp.retransmits": 5.0,
    "tcp.established": 100.0,
    "fd.used_ratio": 0.10,
    "conntrack.used_ratio": 0.10,
    "proc.total": 100.0,
    "proc.blocked": 3.0,
    "proc.zombie": 5.0,
    "clock.offset": 0.05,
    "ssh.rtt": 0.1,
}
"""Metrics that are compared, with the least difference worth a word: of peers that are all alike, the
smallest is many sigmas."""


def find_odd(records: Iterable[HostRecord], now: float) -> Odds:
    """Compare every host that can be seen with its peers.

    Args:
        records: All hosts.
        now: Epoch seconds; a stale host is neither compared nor a peer.
    """
    groups: dict[str, list[HostRecord]] = defaultdict(list)
    for record in records:
        if record.reach is Reach.UP and not is_stale(record, now) and (role := role_of(record)):
            groups[role].append(record)
    large = {role: group for role, group in groups.items() if len(group) > LEAST_PEERS}
    found = [
        odd
        for role, group in large.items()
        for name, least in COMPARED.items()
        for odd in _among(role, group, name, least)
    ]
    found.sort(key=order_key)
    return Odds(now, tuple(found), sum(map(len, large.values())))


def role_of(record: HostRecord) -> str:
    """Say what a host is for: its `role` label, else its first group; hosts of one word are peers."""
    return record.labels.get("role") or next(iter(record.groups), "")


def order_key(odd: Odd) -> tuple[bool, float, str, str]:
    """Order by how odd it is; what differs from peers that are all equal has no number, and comes last."""
    return (odd.sigma is None, -(odd.sigma or 0.0), odd.host, odd.metric)


def marks(odds: Odds) -> dict[str, tuple[str, int]]:
    """Give for each host that stands out the metric in which it does most, and its sigmas; 0: no number."""
    found: dict[str, tuple[str, int]] = {}
    for odd in odds.odds:
        found.setdefault(odd.host, (odd.metric, round(odd.sigma or 0.0)))
    return found


def _among(role: str, group: Sequence[HostRecord], name: str, least: float) -> Iterator[Odd]:
    known = [(record.name, record.metrics[name]) for record in group if name in record.metrics]
    if len(known) <= LEAST_PEERS:
        return
    values = [value for _, value in known]
    middle = median(values)
    for place, (host, value) in enumerate(known):
        if abs(value - middle) < least:  # cheap, and true of nearly every one
            continue
        peers = values[:place] + values[place + 1 :]
        typical = median(peers)
        sigma = robust_z(value, peers)
        if sigma is not None and sigma > ANOMALOUS and abs(value - typical) >= least:
            title = METRICS[name].title
            shown = None if sigma == float("inf") else sigma
            yield Odd(host, name, title, value, typical, shown, role, len(peers))
