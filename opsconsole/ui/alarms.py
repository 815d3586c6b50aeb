"""When to ring: for critical fires that nobody has, once each, and never for those that were there before."""

from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import Severity
from opsconsole.view.naming import bare_name


class Alarms:
    """Remembers which episodes were heard of."""

    def __init__(self) -> None:
        self._known: frozenset[str] | None = None

    def heard(self, snapshot: Snapshot) -> tuple[str, ...]:
        """Give a sentence for each critical fire that is new and has nobody."""
        if not snapshot.revision:
            return ()
        loud = {key: alert for key, alert in snapshot.alerts.items() if _rings(alert)}
        before, self._known = self._known, frozenset(loud) | (self._known or frozenset())
        if before is None:  # the first look: what burns already is on the screen, not news
            return ()
        return tuple(_sentence(alert) for key, alert in loud.items() if key not in before)


def _rings(alert: Alert) -> bool:
    is_loud = alert.severity is Severity.CRITICAL and alert.is_firing
    return is_loud and not alert.has_owner and not alert.suppressed_by


def _sentence(alert: Alert) -> str:
    return f"{alert.name} on {bare_name(alert.on)}: {alert.summary}"
