"""What may lie behind a fire: other fires that stand nearer to the root, and what changed before it."""

from collections.abc import Mapping, Sequence
from typing import Final

from opsconsole.model.alert import Alert
from opsconsole.model.dependencies import needed_by, needs
from opsconsole.model.event import Event
from opsconsole.model.snapshot import Snapshot
from opsconsole.view.census import Once
from opsconsole.view.naming import bare_name
from opsconsole.view.triage import in_order

BEFORE: Final = 1800.0
"""Seconds before a fire's begin in which a change is of interest."""
_CHANGES: Final = ("deploy", "run", "config", "note")


def causes(snapshot: Snapshot, alert: Alert) -> list[tuple[Alert, str]]:
    """List fires that may be behind one, nearest first, each with why it is named."""
    by_object = _by_object.of(in_order(snapshot))
    same = "same " + (alert.on.partition(":")[0] or "object")
    found = [(other, same) for other in by_object.get(alert.on, ()) if other.name != alert.name]
    for below in needs(snapshot, alert.on) - {alert.on}:
        found += [
            (each, f"{bare_name(alert.on)} depends on it") for each in by_object.get(below, ())
        ]
    early = [pair for pair in found if pair[0].since <= alert.since + 60]
    return sorted(early, key=lambda pair: (pair[0].since, pair[0].on, pair[0].episode))


def _sort_by_object(fires: tuple[Alert, ...]) -> Mapping[str, Sequence[Alert]]:
    found: dict[str, list[Alert]] = {}
    for alert in fires:
        found.setdefault(alert.on, []).append(alert)
    return found


_by_object: Final = Once(_sort_by_object)


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
