"""What may lie behind a fire: other fires that stand nearer to the root, and what changed before it."""

from typing import Final

from opsconsole.model.alert import Alert
from opsconsole.model.dependencies import needed_by, needs
from opsconsole.model.event import Event
from opsconsole.model.snapshot import Snapshot
from opsconsole.view.naming import bare_name
from opsconsole.view.triage import fires

BEFORE: Final = 1800.0
"""Seconds before a fire's begin in which a change is of interest."""
_CHANGES: Final = ("deploy", "run", "config", "note")


def causes(snapshot: Snapshot, alert: Alert) -> list[tuple[Alert, str]]:
    """List fires that may be behind one, nearest first, each with why it is named."""
    below = needs(snapshot, alert.on)
    found: list[tuple[Alert, str]] = []
    for other in fires(snapshot):
        if other.episode == alert.episode or other.since > alert.since + 60:
            continue
        if other.on == alert.on and other.name != alert.name:
            found.append((other, "same " + (alert.on.partition(":")[0] or "object")))
        elif other.on in below:
            found.append((other, f"{bare_name(alert.on)} depends on it"))
    return sorted(found, key=lambda pair: pair[0].since)


def changes(snapshot: Snapshot, reference: str, until: float) -> list[Event]:
    """List what changed on an object, what it needs, or everywhere, before a moment; nearest first."""
    near = {reference, "", *needs(snapshot, reference), *needed_by(snapshot, reference)}
    found = [
        event
        for event in snapshot.events.values()
        if event.kind in _CHANGES
        and event.subject in near
        and until - BEFORE <= event.at <= until + 60
    ]
    return sorted(found, key=lambda event: event.at, reverse=True)


def events_of(snapshot: Snapshot, reference: str, limit: int = 20) -> list[Event]:
    """List the newest events about an object."""
    found = [event for event in snapshot.events.values() if event.subject == reference]
    return sorted(found, key=lambda event: (event.at, event.id), reverse=True)[:limit]
