"""When to ring: for critical fires that nobody has, and for my runs that wait for a person; once each."""

from opsconsole.model.alert import Alert
from opsconsole.model.run import Run
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import RunState, Severity
from opsconsole.view.naming import bare_name
from opsconsole.view.offers import short_id


class Alarms:
    """Remembers what was heard of; what was there before the first look is on the screen, and no news."""

    def __init__(self) -> None:
        self._known: frozenset[str] | None = None
        self._waits: dict[str, str] = {}
        """Run to what it waits for."""

    def heard(self, snapshot: Snapshot, me: str = "") -> tuple[str, ...]:
        """Give a sentence for each new critical fire that nobody has, and each of my runs that waits."""
        if not snapshot.revision:
            return ()
        loud = {key: alert for key, alert in snapshot.alerts.items() if _rings(alert)}
        before, self._known = self._known, frozenset(loud) | (self._known or frozenset())
        said = self._waits
        mine = (run for run in snapshot.runs.values() if me and me == (run.operator or run.actor))
        self._waits = {run.id: why for run in mine if (why := _waits_for(run))}
        if before is None:
            return ()
        fires = (_sentence(alert) for key, alert in loud.items() if key not in before)
        runs = (
            f"{short_id(snapshot.runs[key].action)} {why}  (:go {key})"
            for key, why in self._waits.items()
            if said.get(key) != why
        )
        return (*fires, *runs)


def _rings(alert: Alert) -> bool:
    is_loud = alert.severity is Severity.CRITICAL and alert.is_firing
    return is_loud and not alert.has_owner and not alert.suppressed_by


def _sentence(alert: Alert) -> str:
    return f"{alert.name} on {bare_name(alert.on)}: {alert.summary}"


def _waits_for(run: Run) -> str:
    if run.question is not None:
        return f"asks: {run.question.text}"
    if run.state is RunState.HALTED:
        return "is HALTED: it waits for you"
    return ""
