"""What the next one on call must know, from what is known anyway: as a record, and as text to be read aloud."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec import Struct

from opsconsole.alerting.response import Response, respond
from opsconsole.model.alert import Alert
from opsconsole.model.episode import Episode
from opsconsole.model.event import Event
from opsconsole.model.incident import Incident
from opsconsole.model.oncall import OnCall
from opsconsole.model.run import Run
from opsconsole.model.silence import Silence
from opsconsole.model.slo import SloStatus
from opsconsole.model.snapshot import Feed, Freeze, Snapshot
from opsconsole.model.states import AlertState, Effect, RunState, ServiceState
from opsconsole.view.triage import fires

_TOLD: Final = ("deploy", "note", "freeze", "unlock", "silence", "config", "incident")
_LITTLE: Final = 0.25


class Handoff(Struct, frozen=True):
    """A shift, handed over."""

    since: float
    until: float
    by: str
    burning: tuple[Alert, ...]
    """In triage order, suppressed ones last."""
    resolved: tuple[Episode, ...]
    """Newest first."""
    runs: tuple[Run, ...]
    """Those that changed something, the ones with an open outcome first."""
    silences: tuple[Silence, ...]
    """In force, the one that ends first on top."""
    freezes: tuple[Freeze, ...]
    silent: tuple[Feed, ...]
    """Sources that tell nothing now: what they would say is not in here."""
    budgets: tuple[SloStatus, ...]
    """Objectives with little left, or that burn."""
    events: tuple[Event, ...]
    """Deploys, notes, freezes and the like, oldest first."""
    response: Response
    on_call: OnCall = OnCall()
    incidents: tuple[Incident, ...] = ()
    """Open ones, and those closed in the shift."""

    @property
    def unowned(self) -> tuple[Alert, ...]:
        """Fires that ask for somebody and have nobody."""
        return tuple(a for a in self.burning if not a.has_owner and not a.suppressed_by)


def hand_over(
    snapshot: Snapshot,
    episodes: Sequence[Episode],
    events: Iterable[Event],
    *,
    since: float,
    until: float,
    by: str,
) -> Handoff:
    """Put a shift together.

    Args:
        snapshot: What is now.
        episodes: Fires of the span, whole or in part.
        events: What happened in the span.
        since: Epoch seconds.
        until: Epoch seconds; usually now.
        by: Who hands over.
    """
    quiet = (ServiceState.DOWN, ServiceState.UNKNOWN)
    return Handoff(
        since=since,
        until=until,
        by=by,
        burning=tuple(fires(snapshot)),
        resolved=tuple(_resolved(episodes, since)),
        runs=tuple(_runs(snapshot, since)),
        silences=tuple(_silences(snapshot, until)),
        freezes=tuple(f for f in snapshot.access.freezes if f.until > until),
        silent=tuple(feed for feed in snapshot.feeds.values() if feed.state in quiet),
        budgets=tuple(slo for slo in snapshot.slos.values() if _is_low(slo)),
        events=tuple(sorted((e for e in events if e.kind in _TOLD and e.at >= since), key=_when)),
        response=respond(episodes),
        on_call=snapshot.on_call,
        incidents=tuple(_incidents(snapshot, since)),
    )


def _resolved(episodes: Iterable[Episode], since: float) -> list[Episode]:
    over = [each for each in episodes if each.state is AlertState.RESOLVED and each.resolved_at]
    lately = [each for each in over if (each.resolved_at or 0.0) >= since]
    return sorted(lately, key=lambda each: each.resolved_at or 0.0, reverse=True)


def _silences(snapshot: Snapshot, until: float) -> list[Silence]:
    found = (s for s in snapshot.silences.values() if s.state != "expired" and s.ends > until)
    return sorted(found, key=lambda silence: silence.ends)


def _incidents(snapshot: Snapshot, since: float) -> list[Incident]:
    found = (i for i in snapshot.incidents.values() if i.is_open or (i.closed or 0.0) >= since)
    return sorted(found, key=lambda incident: incident.opened)


def _when(event: Event) -> float:
    return event.at


def _runs(snapshot: Snapshot, since: float) -> list[Run]:
    wrote = [
        run
        for run in snapshot.runs.values()
        if run.effect is not Effect.READ and (run.ended or run.at) >= since
    ]
    order: Callable[[Run], tuple[bool, float]] = lambda run: (not _is_open(run), -run.at)  # noqa: E731
    return sorted(wrote, key=order)


def _is_open(run: Run) -> bool:
    return run.state is RunState.INDETERMINATE or not run.state.is_over


def _is_low(slo: SloStatus) -> bool:
    return bool(slo.firing) or (slo.left is not None and slo.left < _LITTLE)
