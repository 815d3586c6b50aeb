"""What was: one fire from its begin to its end, with the steps it took and what people did about it."""

from collections.abc import Mapping

from msgspec import Struct

from opsconsole.model.alert import Note
from opsconsole.model.states import AlertState, Severity


class Step(Struct, frozen=True):
    """One step of an episode's life: into a state, another severity, quiet or loud."""

    at: float
    state: AlertState
    severity: Severity
    suppressed_by: tuple[str, ...] = ()
    flap: float = 0.0


class Episode(Struct, frozen=True):
    """One fire as history has it."""

    episode: str
    fingerprint: str
    name: str
    on: str
    severity: Severity
    """The worst it had; for those of before steps were kept, the last."""
    state: AlertState
    fired_at: float
    acked_at: float | None = None
    """When somebody first acked or took it."""
    resolved_at: float | None = None
    owner: str | None = None
    """Who has it, or had it at the end; without one, who acked."""
    source: str = ""
    labels: Mapping[str, str] = {}
    summary: str = ""
    runbook: str | None = None
    suppressed_by: tuple[str, ...] = ()
    """What kept it quiet when it was last written."""
    notes: tuple[Note, ...] = ()
    steps: tuple[Step, ...] = ()
    """Oldest first."""
