"""All that burns in a few numbers, for the header and the pane's title."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import AlertState
from opsconsole.view.census import Once
from opsconsole.view.triage import in_order, is_unacked, severity_word


class Burning(Struct, frozen=True):
    """What the fires of one table come to."""

    fires: tuple[Alert, ...]
    """In triage order."""
    unacked: int
    words: Mapping[str, int]
    """Unsuppressed ones by what the SEV column says."""
    most: int
    on: str
    """The object that most unsuppressed fires are on, and how many those are; 0 for none."""


def burning(snapshot: Snapshot) -> Burning:
    """Count the fires of a snapshot."""
    return _once.of(in_order(snapshot))


def _count(fires: tuple[Alert, ...]) -> Burning:
    loud = [alert for alert in fires if not alert.is_muted]
    on = Counter(alert.on for alert in loud if alert.on)
    most, name = max(((count, name) for name, count in on.items()), default=(0, ""))
    words = Counter(severity_word(alert)[0] for alert in loud)
    return Burning(fires, sum(map(is_unacked, loud)), words, most, name)


def over(snapshot: Snapshot) -> frozenset[str]:
    """Name the rows of fires that came to their end and are still shown elsewhere; not those that were let go."""
    return _over.of(snapshot.alerts)


def _ended(alerts: Mapping[str, Alert]) -> frozenset[str]:
    return frozenset(
        f"alert:{episode}"
        for episode, alert in alerts.items()
        if alert.state is AlertState.RESOLVED and not alert.is_let_go
    )


_once: Final = Once(_count)
_over: Final = Once(_ended)
