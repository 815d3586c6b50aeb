"""When a fire that nobody has goes on to somebody: pure over alerts, marks and a moment."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from opsconsole.model.alert import Alert
from opsconsole.model.oncall import EscalationStep
from opsconsole.model.states import Severity


class Due(Struct, frozen=True):
    """A step whose time has come for a fire."""

    episode: str
    to: str
    waited: float
    """Seconds since it called for somebody."""


def calls_somebody(alert: Alert) -> bool:
    """Tell whether its deadlines run: critical, firing, not suppressed, and nobody has it."""
    is_loud = alert.severity is Severity.CRITICAL and alert.is_firing
    return is_loud and not alert.has_owner and not alert.suppressed_by


def due(
    alerts: Iterable[Alert],
    steps: Sequence[EscalationStep],
    quiet: Mapping[str, float],
    now: float,
) -> tuple[Due, ...]:
    """Give what is to be escalated now; a step is due once in an episode.

    Args:
        alerts: All of them.
        steps: In the order of their times.
        quiet: By episode: until when it was suppressed, or somebody had it: its time runs from there.
        now: Epoch seconds.
    """
    found = []
    for alert in alerts:
        if not calls_somebody(alert):
            continue
        waited = now - max(alert.since, quiet.get(alert.episode, 0.0))
        gone = {mark.to for mark in alert.escalated}
        found += [
            Due(alert.episode, step.to, waited)
            for step in steps
            if step.after <= waited and step.to not in gone
        ]
    return tuple(found)
