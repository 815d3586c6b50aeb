"""What a probe brings back: always a Sample, never an exception."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from opsconsole.model.states import Reach, ServiceState

FORGOTTEN: Final = 6 * 86_400.0
"""Seconds without a word after which an alert that was told is let go: an Alertmanager forgets what it told after
five days (`--data.retention`) whatever its repeat_interval, and tells what still burns anew."""


class Sample(Struct, frozen=True):
    """One reading of one target by one probe."""

    target: str
    """A reference: `host:db-02`, `check:checkout/api`, `feed:main`."""
    probe: str
    """Host tiers: `fast`, `slow`, `proc`, `lazy`; checks and sources: their kind."""
    at: float
    """Epoch seconds when the answer was complete."""
    took: float
    outcome: ServiceState
    """up, degraded, down or unknown."""
    reach: Reach = Reach.UP
    reason: str = ""
    """A sentence, cleaned; empty when up."""
    metrics: Mapping[str, float] = {}
    facts: Mapping[str, str] = {}
    """Cleaned words about the target: `os`, `kernel`, `boot_id`, `init`, `units.failed`, ..."""


class CheckResult(Struct, frozen=True):
    """One answer of a check, with what was asserted and seen."""

    check: str
    at: float
    took: float
    state: ServiceState
    reason: str = ""
    """The failed assertion with its observed value in place: `latency 812ms, must be < 500ms`."""
    phases: Mapping[str, float] = {}
    """Seconds of dns, connect, tls, first_byte, transfer."""
    metrics: Mapping[str, float] = {}
    detail: str = ""


class RemoteAlert(Struct, frozen=True):
    """One alert as a source tells it, cleaned."""

    fingerprint: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: float
    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()
    muted_by: tuple[str, ...] = ()
    generator_url: str = ""
    receivers: tuple[str, ...] = ()
    pending: bool = False
    """True: its condition holds, but not yet for as long as its rule wants."""
    value: float | None = None
    """What its rule's expression came to, where the source tells."""
    mutes_known: bool = True
    """False: the source does not know of silences and the like; another one may."""


class SourceReading(Struct, frozen=True):
    """What one poll of a whole alert source gave, members merged."""

    source: str
    at: float
    took: float
    state: ServiceState
    """up: all members answered; degraded: some; down or unknown: none."""
    reason: str = ""
    members_up: int = 0
    members: int = 0
    started_at: float = 0.0
    """Latest start time of a member; a change means its list may be empty without anything resolved."""
    remote_now: float = 0.0
    """The source's own clock when it answered (its `Date` header); 0: not told."""
    unchanged: bool = False
    """True: the same bytes as last time, `alerts` is empty and the earlier list holds."""
    alerts: tuple[RemoteAlert, ...] = ()
    pushed: bool = False
    """True: the source tells what changes and is never asked: what is not in `alerts` is as it was."""
    ended: tuple[str, ...] = ()
    """Pushed: fingerprints that it told are over."""
    every: float = 0.0
    """Seconds between two polls now, where that is not what the configuration says; 0: as configured."""
