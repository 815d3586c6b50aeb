"""An alert as the console carries it, whatever its source."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from opsconsole.model.oncall import Escalation
from opsconsole.model.states import AlertState, Freshness, Severity

FLAPPING: Final = "flapping"


class Ack(Struct, frozen=True):
    """Who said that they have it; belongs to one episode and dies with it."""

    actor: str
    at: float
    note: str = ""
    until: float | None = None
    mirror: bool = False
    """True: its Alertmanagers silence the alert too, a quarter of an hour at a time, while the ack holds."""
    silences: tuple[str, ...] = ()
    """Ids of the silences that mirror it now: they keep an Alertmanager quiet, and hide nothing here."""


class Note(Struct, frozen=True):
    """A line somebody wrote on a fire."""

    actor: str
    at: float
    text: str


class Alert(Struct, frozen=True):
    """One fire: what, on what, since when, who has it, and whether it can be believed."""

    fingerprint: str
    """16 hex digits: FNV-1a-64 over the sorted labels, as Alertmanager computes it."""
    episode: str
    """Fingerprint and first firing time; acks and notes hang on it."""
    name: str
    severity: Severity
    raw_severity: str
    state: AlertState
    since: float
    """Epoch seconds of the present state's begin; for a firing one, when it began to fire."""
    on: str
    """A reference (`host:db-02`, `service:checkout`), or the raw label when nothing matched."""
    source: str
    """`rules`, or an alert source's name; several joined by a comma."""
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    summary: str = ""
    """What the WHAT column says."""
    value: float | None = None
    active_at: float = 0.0
    """When the condition was first seen true."""
    seen_at: float = 0.0
    """When it was last confirmed."""
    hold: float = 0.0
    """Seconds the condition had to hold before it fired; 0: at once, or the source does not tell."""
    over_at: float | None = None
    """While it recovers: when it is over if it stays clear; None: not known."""
    owner: str | None = None
    """Who took it."""
    ack: Ack | None = None
    notes: tuple[Note, ...] = ()
    escalated: tuple[Escalation, ...] = ()
    """To whom it went because nobody had it, oldest first."""
    suppressed_by: tuple[str, ...] = ()
    """`silence:<id>`, `inhibited:<fp>`, `muted:<interval>`, `maintenance:<name>`, `depends:<ref>`, `flapping`."""
    freshness: Freshness = Freshness.LIVE
    flap: float = 0.0
    """How much it changed lately, 0 to 99, by Icinga's measure."""
    runbook: str | None = None
    """The action offered first; None: see `runbook_url`."""
    runbook_url: str | None = None
    generator_url: str = ""
    receivers: tuple[str, ...] = ()
    """Who its Alertmanager would tell, by the route it takes there."""
    no_data: bool = False
    """True: it fires because we cannot see, not because of what we see."""

    @property
    def is_firing(self) -> bool:
        """Tell whether it counts now; one that recovers still does."""
        return self.state in (AlertState.FIRING, AlertState.RECOVERING)

    @property
    def is_let_go(self) -> bool:
        """Tell whether it left only because it was not heard of for days: nobody said that it is over."""
        return self.state is AlertState.RESOLVED and self.freshness is Freshness.STALE

    @property
    def is_muted(self) -> bool:
        """Tell whether it is kept out of the counts; its own flapping only keeps it from making noise."""
        quiet = self.suppressed_by
        return bool(quiet) and any(reason != FLAPPING for reason in quiet)

    @property
    def has_owner(self) -> bool:
        """Tell whether somebody has it."""
        return self.owner is not None or self.ack is not None


def fingerprint(labels: Mapping[str, str]) -> str:
    """Compute Alertmanager's fingerprint of a label set (FNV-1a-64 over name 0xFF value 0xFF, sorted)."""
    state = 0xCBF29CE484222325
    for name, value in sorted(labels.items()):
        for byte in name.encode() + b"\xff" + value.encode() + b"\xff":
            state = ((state ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{state:016x}"
