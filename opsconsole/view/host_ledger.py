"""What the Hosts pane keeps from one snapshot to the next, so that six changed records of 5,000 cost six."""

from collections.abc import Iterable, Mapping
from typing import Final

from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import HostRecord, Snapshot
from opsconsole.model.states import state_rank
from opsconsole.view.naming import natural_key
from opsconsole.view.triage import in_order

Order = tuple[int, int, tuple[tuple[int, int, str], ...]]

KIND: Final = "host:"
METRIC_OF: Final = {
    "load": "load.1m",
    "cpu": "cpu.busy",
    "mem": "mem.used_ratio",
    "disk": "fs.worst_used_ratio",
    "up": "uptime",
}
SOURCED: Final = frozenset({"role", "load", "cpu", "mem", "disk", "net", "up", "spark"})
"""Columns that are absent where no host has anything to show in them."""
_ALWAYS: Final = frozenset({"load", "cpu", "disk"})
"""Rates and disks come seconds after the load: these stay, so that nothing jumps at the start."""


class HostLedger:
    """Follows snapshots; what it tells is of the last one it followed."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        """Hosts by the word of their state."""
        self.sources: frozenset[str] = _ALWAYS
        """Columns with a source in at least one host; one that was there stays while the hosts do."""
        self.orders: dict[str, Order] = {}
        self.names: tuple[str, ...] = ()
        """Worst first, then by name."""
        self.keys: tuple[str, ...] = ()
        """The rows' keys, in the order of `names`; the same object while the order stays."""
        self.words: Mapping[str, str] = {}
        """What the worst fire of a host says."""
        self._hosts: Mapping[str, HostRecord] = {}
        self._alerts: Mapping[str, Alert] = {}

    def follow(self, snapshot: Snapshot) -> None:
        """Look at what changed since the last snapshot."""
        if snapshot.alerts is not self._alerts:
            self._alerts = snapshot.alerts
            self.words = worst_words(in_order(snapshot))
        if snapshot.hosts is not self._hosts:
            self._follow(snapshot.hosts)

    def _follow(self, hosts: Mapping[str, HostRecord]) -> None:
        before = self._hosts
        changed = [record for name, record in hosts.items() if before.get(name) is not record]
        if before.keys() != hosts.keys():
            self.counts, self.sources, self.orders = {}, _ALWAYS, {}
            before, changed = {}, list(hosts.values())
        self._hosts = hosts
        moved = [record.name for record in changed if self._take(record, before)]
        if not self.sources >= SOURCED:
            self.sources |= sources(changed)
        if moved:
            # Starting from the order before, this is one pass.
            start = self.names if before else tuple(hosts)
            self.names = tuple(sorted(start, key=self.orders.__getitem__))
            self.keys = keys_of(self.names)
        elif not hosts:
            self.names = self.keys = ()

    def _take(self, record: HostRecord, before: Mapping[str, HostRecord]) -> bool:
        """Count a record in, and the one before it out; tell whether its place may be another now."""
        old = before.get(record.name)
        if old is not None:
            self.counts[old.state] -= 1
        self.counts[record.state] = self.counts.get(record.state, 0) + 1
        order = _order(record)
        if self.orders.get(record.name) == order:
            return False
        self.orders[record.name] = order
        return True


def keys_of(names: Iterable[str]) -> tuple[str, ...]:
    """Give the keys of hosts' rows."""
    return tuple(map(KIND.__add__, names))


def _order(record: HostRecord) -> Order:
    rank = state_rank(record.state)
    return (rank, -record.alerts if rank < 3 else 0, natural_key(record.name))


def sources(records: Iterable[HostRecord]) -> frozenset[str]:
    """Tell which columns have a source in at least one host."""
    found: set[str] = set(_ALWAYS)
    for record in records:
        metrics = record.metrics
        if record.labels.get("role") or record.groups:
            found.add("role")
        if record.spark:
            found.add("spark")
        if "net.rx_total" in metrics:
            found.add("net")
        found.update(column for column, name in METRIC_OF.items() if name in metrics)
        if found >= SOURCED:
            break
    return frozenset(found)


def worst_words(fires: Iterable[Alert]) -> Mapping[str, str]:
    """Say of each host with fires what the worst of them says; they come in triage order."""
    words: dict[str, str] = {}
    for alert in fires:
        if alert.on.startswith(KIND) and not alert.is_muted:
            words.setdefault(alert.on[len(KIND) :], alert.summary or alert.name)
    return words
