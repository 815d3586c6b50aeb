"""The odd one out: one host against those that do the same work, at the same moment; or against its own past."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import Final

from opsconsole.alerting.forecast import ANOMALIES, ANOMALOUS, LEAST_POINTS, TO_SIGMA
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
    "ssh.rtt": 0.25,
}
"""Metrics that are compared, with the least difference worth a word. Of peers that are all alike (their median
deviation is zero) the smallest difference is many sigmas: so the spread is taken so wide that this difference is
just the limit, where it is narrower."""


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


def find_unusual(
    host: str,
    past: Mapping[str, Sequence[float]],
    lately: Mapping[str, Sequence[float]],
    against: str,
    now: float,
) -> Odds:
    """Compare one host with itself: five of its last seven samples are far from what it was.

    Args:
        host: Its name.
        past: Values by metric; fewer than thirty are not compared with.
        lately: The newest values by metric, newest last.
        against: Says in words what the past is.
        now: Epoch seconds.
    """
    needed, looked_at = ANOMALIES
    found, compared = [], False
    for name, least in COMPARED.items():
        before, newest = past.get(name, ()), lately.get(name, ())[-looked_at:]
        if len(before) < LEAST_POINTS or len(newest) < looked_at:
            continue
        compared = True
        scores = sorted((sigmas(value, before, least) for value in newest), reverse=True)
        if (sigma := scores[needed - 1]) > ANOMALOUS:
            title, typical = METRICS[name].title, median(before)
            found.append(Odd(host, name, title, newest[-1], typical, sigma, against, len(before)))
    return Odds(now, tuple(sorted(found, key=order_key)), int(compared), against)


def role_of(record: HostRecord) -> str:
    """Say what a host is for: its `role` label, else its first group; hosts of one word are peers."""
    return record.labels.get("role") or next(iter(record.groups), "")


def order_key(odd: Odd) -> tuple[float, str, str]:
    """Order by how odd it is."""
    return (-odd.sigma, odd.host, odd.metric)


def sigmas(value: float, peers: Sequence[float], least: float) -> float:
    """Tell how far a value is from its peers, in robust standard deviations.

    Args:
        value: The host's.
        peers: The others', at least one.
        least: The smallest difference worth a word; it is never less than the limit of what is odd.
    """
    middle = median(peers)
    spread = TO_SIGMA * median(abs(peer - middle) for peer in peers)
    return abs(value - middle) / max(spread, least / ANOMALOUS)


def marks(odds: Odds) -> dict[str, tuple[str, int]]:
    """Give for each host that stands out the metric in which it does most, and its sigmas."""
    found: dict[str, tuple[str, int]] = {}
    for odd in odds.odds:
        found.setdefault(odd.host, (odd.metric, round(odd.sigma)))
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
        sigma = sigmas(value, peers, least)
        if sigma > ANOMALOUS:
            title = METRICS[name].title
            yield Odd(host, name, title, value, median(peers), sigma, role, len(peers))
