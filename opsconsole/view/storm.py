"""When everything fires at once: how fast, what sets it apart from the rest of the fleet, which was first.

The label is the one whose value tells best who is in the storm: the largest information gain of the split
`label=value` over the whole fleet. A label that every host has alone gains nothing by that measure.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import HostRecord, Snapshot
from opsconsole.model.states import Severity
from opsconsole.view.cells import cell
from opsconsole.view.glyphs import Glyphs
from opsconsole.view.naming import bare_name
from opsconsole.view.rows import Cell, Tone
from opsconsole.view.triage import in_order

SPAN: Final = 600.0
"""Seconds that are looked back."""
WITHIN: Final = 60.0
MOST: Final = 30
"""More unsuppressed fires than this that began within `WITHIN` seconds are a storm."""
_REMEMBERED: Final = 30.0
"""Seconds for which hosts that changed tell no other story: their labels come from the configuration."""


class Storm(Struct, frozen=True):
    """Many fires at once."""

    rate: int
    """Fires that began in its worst minute."""
    fires: tuple[Alert, ...]
    """Unsuppressed ones since it broke out, the first on top."""
    label: str = ""
    value: str = ""
    """What most of them share and the rest of the fleet does not; empty: nothing does."""
    shared: tuple[Alert, ...] = ()
    """Those that have it."""
    share: float = 1.0
    """Of the fleet that has it, 0..1."""

    @property
    def first(self) -> Alert:
        """The fire that began first."""
        return self.fires[0]

    @property
    def critical(self) -> int:
        """How many of them are critical."""
        return sum(alert.severity is Severity.CRITICAL for alert in self.fires)


def storm(snapshot: Snapshot, now: float) -> Storm | None:
    """Find the storm there is now; None: it is quiet enough to read line by line."""
    return _memory.of(snapshot, now)


class _Memory:
    """Header and panes ask for the same storm, many times; it is the same object while it is the same storm."""

    def __init__(self) -> None:
        self._alerts: Mapping[str, Alert] = {}
        self._hosts: Mapping[str, HostRecord] = {}
        self._at = 0.0
        self._until = 0.0
        self._found: Storm | None = None

    def of(self, snapshot: Snapshot, now: float) -> Storm | None:
        if snapshot.alerts is not self._alerts or not self._holds(snapshot, now):
            found = _storm(snapshot, now)
            self._found = found if found != self._found else self._found
            self._until = _next_change(snapshot, now)
            self._alerts, self._hosts, self._at = snapshot.alerts, snapshot.hosts, now
        return self._found

    def _holds(self, snapshot: Snapshot, now: float) -> bool:
        if not self._at <= now < self._until:
            return False
        is_same_fleet = self._found is None or snapshot.hosts is self._hosts
        return is_same_fleet or now < self._at + _REMEMBERED


_memory: Final = _Memory()


def _next_change(snapshot: Snapshot, now: float) -> float:
    """Say until when no fire becomes too old to count, and none that began in the future begins to."""
    if len(snapshot.alerts) <= MOST:
        return math.inf
    begins = (alert.since for alert in in_order(snapshot))
    return min(
        (at if at > now else at + SPAN for at in begins if at + SPAN >= now), default=math.inf
    )


def _storm(snapshot: Snapshot, now: float) -> Storm | None:
    if len(snapshot.alerts) <= MOST:
        return None
    new = [a for a in in_order(snapshot) if now - SPAN <= a.since <= now and not a.is_muted]
    if len(new) <= MOST:
        return None
    new.sort(key=lambda alert: (alert.since, alert.episode))
    begun, rate = _worst_minute([alert.since for alert in new])
    if rate <= MOST:
        return None
    new = [alert for alert in new if alert.since >= begun]
    label, value, share = _split(*_populations(snapshot, new))
    found = Storm(rate, tuple(new))
    if not label:
        return found
    shared = tuple(a for a in new if _value_of(snapshot.hosts, a, label) == value)
    return Storm(rate, tuple(new), label, value, shared, share)


def _worst_minute(begins: Sequence[float]) -> tuple[float, int]:
    """Say when a storm broke out, and count the most moments that lie within one minute; they come in order."""
    most = start = 0
    begun: float | None = None
    for end, at in enumerate(begins):
        while at - begins[start] > WITHIN:
            start += 1
        most = max(most, end - start + 1)
        if begun is None and most > MOST:
            begun = begins[start]
    return begun or 0.0, most


def _value_of(hosts: Mapping[str, HostRecord], alert: Alert, label: str) -> str | None:
    """Give a label of the host that a fire is on, else of the fire itself."""
    host = hosts.get(_host_of(alert))
    value = host.labels.get(label) if host is not None else None
    return alert.labels.get(label) if value is None else value


def _host_of(alert: Alert) -> str:
    return alert.on.removeprefix("host:") if alert.on.startswith("host:") else ""


def _populations(
    snapshot: Snapshot, new: Sequence[Alert]
) -> tuple[list[Mapping[str, str]], list[Mapping[str, str]]]:
    """Give the labels of what is in the storm, and of the rest: hosts where it is about hosts, else fires."""
    on = [_host_of(alert) for alert in new]
    struck = snapshot.hosts.keys() & set(on)
    if sum(name in struck for name in on) * 2 >= len(new):
        hosts = snapshot.hosts.items()
        return (
            [host.labels for name, host in hosts if name in struck],
            [host.labels for name, host in hosts if name not in struck],
        )
    begun = {alert.episode for alert in new}
    rest = [alert.labels for alert in in_order(snapshot) if alert.episode not in begun]
    return [alert.labels for alert in new], rest


def _split(
    inside: Sequence[Mapping[str, str]], outside: Sequence[Mapping[str, str]]
) -> tuple[str, str, float]:
    """Find the label and value that tell best what is inside; and the share of all that has it."""
    within, total = Counter(_pairs(inside)), len(inside) + len(outside)
    beyond = Counter(_pairs(outside))
    best, most = ("", "", 1.0), 1e-9
    for (name, value), hits in sorted(each for each in within.items() if each[1] > 1):
        others = beyond[name, value]
        if hits * len(outside) <= others * len(inside):
            continue  # it is no commoner in the storm than elsewhere
        gained = gain(hits, others, len(inside), len(outside))
        if gained > most:
            best, most = (name, value, (hits + others) / total), gained
    return best


def _pairs(population: Iterable[Mapping[str, str]]) -> Iterable[tuple[str, str]]:
    return (pair for labels in population for pair in labels.items())


def gain(hits: int, others: int, inside: int, outside: int) -> float:
    """Compute the information gain, in bits, of splitting a fleet by one label's value.

    Args:
        hits: Inside the storm, with the value.
        others: Outside, with the value.
        inside: In the storm.
        outside: Not in it.
    """
    total, having = inside + outside, hits + others
    after = having * _entropy(hits, others)
    after += (total - having) * _entropy(inside - hits, outside - others)
    return _entropy(inside, outside) - after / total


def _entropy(one: int, other: int) -> float:
    total = one + other
    if not one or not other:
        return 0.0
    share = one / total
    return -share * math.log2(share) - (1 - share) * math.log2(1 - share)


def line(found: Storm, glyphs: Glyphs) -> Cell:
    """Say it: `STORM 240 new/min  rack=r3 x228 (25% of fleet)  first SwitchDown sw-3`."""
    said = [f"STORM {found.rate} new/min"]
    if found.critical:
        said.append(f"{found.critical} CRIT")
    if found.label:
        count = f"{glyphs.times}{len(found.shared)}"
        said.append(f"{found.label}={found.value} {count} ({found.share:.0%} of fleet)")
    first = found.first
    said.append(f"first {first.name} {bare_name(first.on)}".rstrip())
    return cell("  ".join(said), Tone.CRITICAL)


def folded(found: Storm, shown: Iterable[Alert]) -> tuple[Alert | None, tuple[Alert, ...]]:
    """Say under which fire what shares the storm's label is to be folded; a critical never is.

    Returns:
        The first of them that is shown, and what folds under it.
    """
    shared = {alert.episode for alert in found.shared}
    mine = [alert for alert in shown if alert.episode in shared]
    if not mine:
        return None, ()
    root = min(mine, key=lambda alert: (alert.since, alert.episode))
    rest = (a for a in mine if a is not root and a.severity is not Severity.CRITICAL)
    return root, tuple(rest)
