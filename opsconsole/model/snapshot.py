"""The state of everything at one revision, as the engine holds it and every client mirrors it."""

from collections.abc import Mapping

from msgspec import Struct

from opsconsole.model.action import ActionSpec
from opsconsole.model.alert import Alert
from opsconsole.model.event import Event
from opsconsole.model.incident import Incident
from opsconsole.model.maintenance import WindowState
from opsconsole.model.oncall import Fixes, OnCall
from opsconsole.model.plugin import PluginRecord
from opsconsole.model.run import Run
from opsconsole.model.silence import Silence
from opsconsole.model.slo import SloStatus
from opsconsole.model.states import HostState, Reach, ServiceState


class HostRecord(Struct, frozen=True):
    """One host's row: its state and what it is made of. Ages are computed by readers, from `now`."""

    name: str
    address: str = ""
    labels: Mapping[str, str] = {}
    groups: tuple[str, ...] = ()
    state: HostState = HostState.PENDING
    reach: Reach | None = None
    """None: never polled."""
    reason: str = ""
    at: float = 0.0
    """Last good fast sample; 0: never."""
    tried: float = 0.0
    """Last attempt."""
    every: float = 10.0
    timeout: float = 8.0
    failed: bool = False
    """True: the last attempt failed, so every value is stale at once."""
    fails: int = 0
    """Failed attempts in a row."""
    metrics: Mapping[str, float] = {}
    facts: Mapping[str, str] = {}
    spark: str = ""
    """16 steps of load per core over 15 minutes: digits 0..8, `?` where nothing was known."""
    alerts: int = 0
    worst: str = ""
    """critical or warning of its firing unsuppressed alerts, empty for none."""
    depends_on: tuple[str, ...] = ()
    jump: tuple[str, ...] = ()
    user: str = ""
    port: int = 22
    transport: str = "ssh"
    identity: tuple[str, ...] = ()
    """Private key files; empty: the agent's. A shell on the host goes the way the engine goes."""
    known_hosts: tuple[str, ...] = ()
    key_alias: str | None = None
    maintenance: str = ""
    odd: tuple[str, int] | None = None
    """The metric in which it is farthest from its peers, and the sigmas, rounded."""


class CheckRecord(Struct, frozen=True):
    """One check's last word."""

    name: str
    kind: str
    target: str
    state: ServiceState = ServiceState.PENDING
    reason: str = ""
    at: float = 0.0
    tried: float = 0.0
    every: float = 30.0
    timeout: float = 10.0
    failed: bool = False
    latency: float | None = None
    phases: Mapping[str, float] = {}
    metrics: Mapping[str, float] = {}
    """What the last answer carried beside its latency: `cert.expires_in`, perfdata."""
    via: str = ""
    soft: int = 0
    """Results in a row that contradict `state` and are not yet hard."""
    soft_state: str = ""
    """What those results say; empty when there are none."""
    fails: int = 3
    """Failures in a row that make it hard."""
    passes: int = 1
    """Good answers in a row that end it."""
    must: tuple[str, ...] = ()
    should: tuple[str, ...] = ()
    host: str = ""


class ServiceRecord(Struct, frozen=True):
    """One service's row."""

    name: str
    state: ServiceState = ServiceState.PENDING
    reason: str = ""
    labels: Mapping[str, str] = {}
    hosts: tuple[str, ...] = ()
    checks: tuple[CheckRecord, ...] = ()
    at: float = 0.0
    every: float = 30.0
    timeout: float = 10.0
    failed: bool = False
    latency: float | None = None
    p95: float | None = None
    """Seconds, over 15 minutes of our own checks."""
    error_ratio: float | None = None
    spark: str = ""
    """16 steps of the share of failed results over 15 minutes; same alphabet as the host's."""
    alerts: int = 0
    worst: str = ""
    depends_on: tuple[str, ...] = ()
    runbook: str | None = None
    runbook_url: str | None = None
    maintenance: str = ""
    """The window that covers it; empty: none."""


class Feed(Struct, frozen=True):
    """Where data comes from, and whether it does: ssh, http, each alert source."""

    name: str
    kind: str
    state: ServiceState = ServiceState.PENDING
    reason: str = ""
    at: float = 0.0
    ok: int = 0
    total: int = 0
    every: float = 15.0
    timeout: float = 10.0


class Unlock(Struct, frozen=True):
    """Changes are on for one person until a time, with a reason."""

    actor: str
    until: float
    reason: str


class Freeze(Struct, frozen=True):
    """A lock held by a person: no changes on what it covers, until its end."""

    id: str
    actor: str
    until: float
    reason: str
    scope: str = "*"
    """`*`, or a filter over hosts."""


class Access(Struct, frozen=True):
    """What may be changed now, and by whom; the engine decides, screens only show."""

    environment: str = ""
    locked: bool = False
    read_only: bool = False
    unlocks: tuple[Unlock, ...] = ()
    freezes: tuple[Freeze, ...] = ()


class Banner(Struct, frozen=True):
    """A sentence that stays on screen until its cause is gone."""

    id: str
    text: str
    severity: str = "warning"


class EngineInfo(Struct, frozen=True):
    """Which engine this is."""

    name: str = ""
    pid: int = 0
    version: str = ""
    started: float = 0.0
    config: str = ""
    solo: bool = False
    theme: str = ""
    """The theme that the configuration names; a person's own choice comes first."""
    keymap: Mapping[str, str] = {}
    """Command id to keys, as the configuration says."""
    desktop: bool = False
    """True: consoles ask their terminals for notifications on the desktop."""


class Snapshot(Struct, frozen=True):
    """Everything at one revision; unchanged parts keep their identity from one revision to the next."""

    revision: int = 0
    now: float = 0.0
    engine: EngineInfo = EngineInfo()
    hosts: Mapping[str, HostRecord] = {}
    services: Mapping[str, ServiceRecord] = {}
    checks: Mapping[str, CheckRecord] = {}
    """Checks of hosts, by name; a service's are in the service."""
    alerts: Mapping[str, Alert] = {}
    """By episode; resolved ones stay 15 minutes."""
    feeds: Mapping[str, Feed] = {}
    events: Mapping[int, Event] = {}
    """The newest 500 by id."""
    runs: Mapping[str, Run] = {}
    """Live ones and the newest 50."""
    actions: Mapping[str, ActionSpec] = {}
    plugins: Mapping[str, PluginRecord] = {}
    banners: Mapping[str, Banner] = {}
    slos: Mapping[str, SloStatus] = {}
    """Objectives by service."""
    windows: Mapping[str, WindowState] = {}
    """Maintenance that is on or will be, by id."""
    silences: Mapping[str, Silence] = {}
    """Active and pending ones, and those that ended in the last hours, by id."""
    people: Mapping[str, int] = {}
    """Actor to attached consoles."""
    incidents: Mapping[str, Incident] = {}
    """Open ones, and the newest twenty that are closed, by id."""
    fixes: Mapping[str, Fixes] = {}
    """What earlier fires tell, by episode of those that burn."""
    on_call: OnCall = OnCall()
    access: Access = Access()
    ack_within: float = 300.0


class Delta(Struct, frozen=True):
    """What changed from one revision to another; tables by name as in Snapshot, scalars when set."""

    base: int
    revision: int
    now: float
    hosts: Mapping[str, HostRecord] = {}
    services: Mapping[str, ServiceRecord] = {}
    checks: Mapping[str, CheckRecord] = {}
    alerts: Mapping[str, Alert] = {}
    feeds: Mapping[str, Feed] = {}
    events: Mapping[int, Event] = {}
    runs: Mapping[str, Run] = {}
    actions: Mapping[str, ActionSpec] = {}
    plugins: Mapping[str, PluginRecord] = {}
    banners: Mapping[str, Banner] = {}
    slos: Mapping[str, SloStatus] = {}
    windows: Mapping[str, WindowState] = {}
    silences: Mapping[str, Silence] = {}
    people: Mapping[str, int] = {}
    incidents: Mapping[str, Incident] = {}
    fixes: Mapping[str, Fixes] = {}
    removed: Mapping[str, tuple[str | int, ...]] = {}
    """Table name to keys that are gone."""
    access: Access | None = None
    engine: EngineInfo | None = None
    ack_within: float | None = None
    on_call: OnCall | None = None


TABLES = (
    "hosts", "services", "checks", "alerts", "feeds", "events", "runs", "actions", "plugins", "banners", "slos",
    "silences", "windows", "people", "incidents", "fixes",
)  # fmt: skip


def is_stale(record: HostRecord | ServiceRecord | CheckRecord | Feed, now: float) -> bool:
    """Tell whether a record's values may not be trusted: the one rule for screen, rules and gates.

    Stale means age > max(2 x interval, interval + timeout); a failed poll makes it stale at once.
    """
    if getattr(record, "failed", False) or not record.at:
        return True
    return now - record.at > max(2 * record.every, record.every + record.timeout)
