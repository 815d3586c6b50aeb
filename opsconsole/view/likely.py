"""Which fires likely burn because of another one: folded under it, said to be likely, never out of reach.

A critical that nobody excused is never folded: it keeps its own line.
"""

from collections.abc import Iterable, Mapping, Sequence

from opsconsole.model.alert import Alert
from opsconsole.model.dependencies import upstream
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import Severity

TOGETHER = 60.0
"""Seconds by which a consequence may be seen before its cause: polls do not come in the order of things."""


class _Fires:
    """The fires that are looked at, by what points to them."""

    def __init__(self, snapshot: Snapshot, alerts: Sequence[Alert]) -> None:
        self._snapshot = snapshot
        self._by_fingerprint = {alert.fingerprint: alert for alert in alerts}
        self._roots: dict[str, Alert] = {}
        critical = [a for a in alerts if a.severity is Severity.CRITICAL and a.on]
        for alert in sorted(critical, key=lambda each: each.since, reverse=True):
            self._roots[alert.on] = alert
        self._above: dict[str, tuple[str, ...]] = {}

    def cause_of(self, alert: Alert) -> Alert | None:
        """Name the fire that most likely lies behind one: what excuses it, else what it stands on."""
        for reason in alert.suppressed_by:
            kind, _, name = reason.partition(":")
            if kind == "depends" and (root := self._roots.get(name)):
                return root
            if kind == "inhibited" and (root := self._by_fingerprint.get(name)):
                return root
        if not self._roots or alert.severity is Severity.CRITICAL or alert.is_muted:
            return None
        return next((root for root in self._below(alert) if root.on != alert.on), None)

    def _below(self, alert: Alert) -> Iterable[Alert]:
        if alert.on not in self._above:
            every = upstream(self._snapshot, alert.on)
            self._above[alert.on] = tuple(each for each in every if each in self._roots)
        for reference in self._above[alert.on]:
            root = self._roots[reference]
            if root.since <= alert.since + TOGETHER:
                yield root


def behind(snapshot: Snapshot, alerts: Sequence[Alert]) -> Mapping[str, tuple[Alert, ...]]:
    """Say for each fire that is a likely cause which others are folded under it, in their order.

    Args:
        snapshot: For what needs what.
        alerts: Firing ones, as they are shown.

    Returns:
        By the cause's episode; a cause of a cause takes all.
    """
    fires = _Fires(snapshot, alerts)
    causes = {
        alert.episode: root for alert in alerts if (root := fires.cause_of(alert)) is not None
    }
    found: dict[str, list[Alert]] = {}
    for alert in alerts if causes else ():
        root = _root_of(alert, causes)
        if root.episode != alert.episode:
            found.setdefault(root.episode, []).append(alert)
    return {episode: tuple(folded) for episode, folded in found.items()}


def _root_of(alert: Alert, causes: Mapping[str, Alert]) -> Alert:
    """Follow causes to their end; where they go round, the fire stands for itself."""
    if alert.episode not in causes:
        return alert
    met = {alert.episode}
    root = alert
    while (above := causes.get(root.episode)) is not None:
        if above.episode in met:
            return alert
        met.add(above.episode)
        root = above
    return root


def behind_words(folded: Sequence[Alert]) -> str:
    """Say what is folded: `likely behind 39 more, 37 CRIT`."""
    critical = sum(alert.severity is Severity.CRITICAL for alert in folded)
    said = f"likely behind {len(folded)} more"
    return f"{said}, {critical} CRIT" if critical else said
