"""/proc/net/dev (proc_net(5)): bytes, errors and drops of each network device."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from opsconsole.model.text import NAME_LIMIT, clean
from opsconsole.parsers.delta import increase
from opsconsole.parsers.reading import device_keys, reads, whole_numbers

_VIRTUAL: Final = re.compile(
    rb"lo$|veth|docker|br-|br\d|bridge|virbr|vnet|tap|tun|cni|flannel|cali|cilium|lxc|lxd|dummy|ifb|bond\d|team\d"
    rb"|kube|nerdctl|podman|vxlan|gre|sit|ip6tnl|tunl|wg|.*[.@]"
)
"""Devices whose bytes also pass a real one; counting both would tell everything twice."""
_MOST: Final = 32
_RATES: Final = ("net.rx", "net.tx", "net.errors", "net.drops", "net.error_ratio")


class NetCounters(NamedTuple):
    """One device's counters since boot."""

    rx: int
    tx: int
    errors: int
    drops: int
    packets: int = 0


@reads("/proc/net/dev")
def parse_netdev(text: bytes) -> Mapping[str, NetCounters]:
    """Read the real devices; where a machine has only virtual ones (a container), all but loopback.

    Raises:
        ParseError: A device's line has too few fields or one that is no number.
    """
    real: dict[str, NetCounters] = {}
    others: dict[str, NetCounters] = {}
    for line in text.splitlines():
        name, colon, rest = line.partition(b":")
        name = name.strip()
        if not colon or name == b"lo":
            continue
        n = whole_numbers(rest.split())
        found = NetCounters(n[0], n[8], n[2] + n[10], n[3] + n[11], n[1] + n[9])
        kind = others if _VIRTUAL.match(name) else real
        kind[clean(name, NAME_LIMIT)] = found
    return dict(list((real or others).items())[:_MOST])


def net_rates(
    before: Mapping[str, NetCounters], after: Mapping[str, NetCounters], seconds: float
) -> Mapping[str, float]:
    """Tell bytes, errors and drops a second and the share of errors of each device, and all bytes together."""
    metrics: dict[str, float] = {}
    rx = tx = 0.0
    if seconds <= 0 or not before:
        return metrics
    for dev, new in after.items():
        old = before.get(dev)
        if old is None:
            continue
        d = NetCounters(*map(increase, old, new))
        rx_rate, tx_rate, errors, drops, error_ratio = device_keys(_RATES, dev)
        metrics[rx_rate] = d.rx / seconds
        metrics[tx_rate] = d.tx / seconds
        metrics[errors] = d.errors / seconds
        metrics[drops] = d.drops / seconds
        if d.packets or not d.errors:
            ratio = min(1.0, d.errors / d.packets) if d.packets else 0.0
            metrics[error_ratio] = ratio
        rx += d.rx / seconds
        tx += d.tx / seconds
    metrics["net.rx_total"] = rx
    metrics["net.tx_total"] = tx
    return metrics
