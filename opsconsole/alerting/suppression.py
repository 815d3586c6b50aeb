"""Why a fire of ours need not call anybody: what it depends on is down, or its host is in maintenance.

What is suppressed is still looked at, shown and resolved; it only stops counting. When what it depends on
is well again, it is let go only once it was looked at itself after that: it needs a moment to come back too.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from opsconsole.alerting.life_cycle import Life
from opsconsole.alerting.rules import BLIND, CHECK_DOWN, HOST_UNREACHABLE, SERVICE_DOWN
from opsconsole.model.snapshot import HostRecord, ServiceRecord, Snapshot

_DEPENDENT: Final = (HOST_UNREACHABLE, SERVICE_DOWN, CHECK_DOWN)
_DOWN: Final = (*_DEPENDENT, BLIND)


SOON: Final = 120.0
"""Seconds for which what is seen down, and does not fire yet, already excuses what depends on it."""


def down_references(lives: Iterable[Life], now: float) -> frozenset[str]:
    """Name what is down by our own rules: whatever depends on it is excused.

    Of a switch and the hosts behind it who is looked at last is chance: without those that are about
    to fire, every host looked at before the switch would call somebody.
    """
    return frozenset(life.on for life in lives if life.rule in _DOWN and _is_down(life, now))


def _is_down(life: Life, now: float) -> bool:
    since = life.critical.since
    return life.critical.on is not None or (since is not None and now - since < SOON)


RELEASE_LIMIT: Final = 900.0
"""Seconds after which nothing is excused by what is well again, looked at or not."""


class Outages(Struct, frozen=True):
    """What is down by our own rules, and what lately was."""

    down: frozenset[str] = frozenset()
    ended: Mapping[str, float] = {}
    """Reference to the moment it was well again."""

    def after(self, down: frozenset[str], now: float) -> "Outages":
        """Take the references that are down now; the same object when nothing changed."""
        ended = {
            ref: at
            for ref, at in self.ended.items()
            if ref not in down and now - at < RELEASE_LIMIT
        }
        ended |= dict.fromkeys(self.down - down, now)
        return self if down == self.down and ended == self.ended else Outages(down, ended)

    def excuses(self, reference: str, looked_at: float) -> bool:
        """Tell whether an outage excuses something that was looked at last at a moment."""
        return reference in self.down or looked_at <= self.ended.get(reference, -1.0)


NO_OUTAGES: Final = Outages()


def suppressed_by(
    rule: str, on: str, snapshot: Snapshot, outages: Outages, needs: Iterable[str] = ()
) -> tuple[str, ...]:
    """Say what suppresses an alert of a rule on something; empty for nothing.

    Args:
        rule: Its name.
        on: A reference.
        snapshot: Where maintenance and dependencies stand.
        outages: What is down by our own rules, and lately was.
        needs: What the rule itself depends on.
    """
    found: list[str] = []
    record = record_of(on, snapshot)
    if record is not None and record.maintenance:
        found.append(f"maintenance:{record.maintenance}")
    if record is not None and rule in _DEPENDENT:
        looked_at = _looked_at(record)
        found.extend(
            f"depends:{ref}"
            for ref in record.depends_on
            if ref != on and outages.excuses(ref, looked_at)
        )
    seen = _looked_at(record) if record is not None else snapshot.now
    found.extend(f"depends:{ref}" for ref in needs if ref != on and outages.excuses(ref, seen))
    return tuple(dict.fromkeys(found))


def record_of(on: str, snapshot: Snapshot) -> HostRecord | ServiceRecord | None:
    """Find what something is on, where that is a host or a service we watch."""
    kind, _, name = on.partition(":")
    if kind == "host":
        return snapshot.hosts.get(name)
    return snapshot.services.get(name) if kind == "service" else None


def _looked_at(record: HostRecord | ServiceRecord) -> float:
    if isinstance(record, HostRecord):
        return record.tried
    return max((check.tried for check in record.checks), default=record.at)
