"""Why a fire of ours need not call anybody: what it depends on is down, or its host is in maintenance.

What is suppressed is still looked at, shown and resolved; it only stops counting.
"""

from collections.abc import Iterable
from typing import Final

from opsconsole.alerting.life_cycle import Life
from opsconsole.alerting.rules import BLIND, CHECK_DOWN, HOST_UNREACHABLE, SERVICE_DOWN
from opsconsole.model.snapshot import Snapshot

_DEPENDENT: Final = (HOST_UNREACHABLE, SERVICE_DOWN, CHECK_DOWN)
_DOWN: Final = (*_DEPENDENT, BLIND)


def down_references(lives: Iterable[Life]) -> frozenset[str]:
    """Name what is down by our own rules: whatever depends on it is excused."""
    return frozenset(
        life.on for life in lives if life.critical.on is not None and life.rule in _DOWN
    )


def suppressed_by(rule: str, on: str, snapshot: Snapshot, down: frozenset[str]) -> tuple[str, ...]:
    """Say what suppresses an alert of a rule on something; empty for nothing."""
    kind, _, name = on.partition(":")
    found: list[str] = []
    host = snapshot.hosts.get(name) if kind == "host" else None
    if host is not None and host.maintenance:
        found.append(f"maintenance:{host.maintenance}")
    record = host or (snapshot.services.get(name) if kind == "service" else None)
    if record is not None and rule in _DEPENDENT:
        found.extend(f"depends:{ref}" for ref in record.depends_on if ref in down and ref != on)
    return tuple(found)
