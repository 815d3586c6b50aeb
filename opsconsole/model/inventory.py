"""What exists: hosts, services and their checks, alert sources, and the settings they came with."""

from collections.abc import Mapping

from msgspec import Struct

from opsconsole.model.maintenance import Window
from opsconsole.model.oncall import EscalationStep, Notifier, Schedule
from opsconsole.model.rules import RuleSpec
from opsconsole.model.slo import Objective
from opsconsole.model.states import Severity
from opsconsole.model.trigger import Trigger


class Host(Struct, frozen=True):
    """One machine as the files describe it; names are unique and already validated."""

    name: str
    address: str
    port: int = 22
    user: str | None = None
    """None: the account that runs the engine."""
    jump: tuple[str, ...] = ()
    """Names of hosts on the way, first hop first; each is also a host of the inventory."""
    transport: str = "ssh"
    """`ssh`; `local` for the machine the engine runs on; `plain`: SSH, and a command is one line as it stands."""
    labels: Mapping[str, str] = {}
    groups: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    every: float = 10.0
    timeout: float = 8.0
    identity: tuple[str, ...] = ()
    """Private key files, absolute; empty: the agent."""
    known_hosts: tuple[str, ...] = ()
    """Known hosts files, absolute."""
    key_alias: str | None = None
    """The name to look up in known_hosts instead of the address (HostKeyAlias)."""
    aliases: tuple[str, ...] = ()
    """Other names that alert labels may use for it."""
    polled: bool = True
    """False for a jump host that is only a way to others."""
    source: str = ""
    """File and line, or how it was named."""

    @property
    def ref(self) -> str:
        """The host as a reference, `host:db-02`."""
        return f"host:{self.name}"

    @property
    def way(self) -> tuple[object, ...]:
        """All that a connection to it is made with: while this is the same, one that is open still serves."""
        return (
            self.transport, self.address, self.port, self.user, self.jump, self.identity,
            self.known_hosts, self.key_alias,
        )  # fmt: skip


class Check(Struct, frozen=True):
    """One question put to a service or a host at an interval."""

    name: str
    """Unique: `service`, or `service/check` where a service has several."""
    kind: str
    """`http`, `tcp`, `tls`, `dns`, `icmp`, `ssh`, `exec`, `prom`, `heartbeat` or `plugin`."""
    target: str
    """http: the URL; tcp, tls and ssh: `host:port`; dns: the name asked for; icmp: the address; prom: the
    expression; plugin: the id of its check; exec and heartbeat: empty."""
    argv: tuple[str, ...] = ()
    """exec: the command, a Nagios plugin or alike."""
    via: str | None = None
    """The host to ask from, over SSH; None: the machine of the engine."""
    service: str | None = None
    host: str | None = None
    every: float = 30.0
    timeout: float = 10.0
    fails: int = 3
    """Failures in a row before the check is hard down or degraded."""
    passes: int = 1
    retry: float = 5.0
    """Interval while it fails but is not hard yet."""
    must: tuple[str, ...] = ()
    should: tuple[str, ...] = ()
    method: str = "GET"
    headers: Mapping[str, str] = {}
    """May hold `secret:NAME` values; never shown."""
    ca: str | None = None
    """PEM file of the authority to trust instead of the system's."""
    cert: str | None = None
    """PEM file of the certificate we show (mTLS), its key in it unless `key` names another file."""
    key: str | None = None
    server: str = ""
    """dns: the name server's address, `host` or `host:port`; empty: the system's."""
    record: str = "A"
    """dns: the type asked for."""
    source: str = ""
    """prom: the alert source (of kind prometheus) that answers."""
    span: float = 0.0
    """heartbeat: seconds that may pass between two."""
    params: Mapping[str, str] = {}
    """plugin: what its check is told, as typed."""
    depends_on: tuple[str, ...] = ()


class Service(Struct, frozen=True):
    """What users know by name; carried by hosts, asked by checks."""

    name: str
    checks: tuple[Check, ...] = ()
    hosts: tuple[str, ...] = ()
    labels: Mapping[str, str] = {}
    depends_on: tuple[str, ...] = ()
    runbook: str | None = None
    """An action's id."""
    runbook_url: str | None = None
    objective: Objective | None = None
    """What was promised about it; None: nothing."""

    @property
    def ref(self) -> str:
        """The service as a reference, `service:checkout`."""
        return f"service:{self.name}"


class AlertSource(Struct, frozen=True):
    """Where alerts come from: a cluster whose members are all asked, or a receiver that is told."""

    name: str
    kind: str
    """`alertmanager`, `prometheus`, `icinga` or `webhook`."""
    urls: tuple[str, ...] = ()
    """Its members, with their path prefix; a webhook has none."""
    every: float = 15.0
    timeout: float = 10.0
    host_labels: tuple[str, ...] = ("host", "instance", "node", "nodename")
    service_labels: tuple[str, ...] = ("service", "job")
    drop_labels: tuple[str, ...] = ("replica", "prometheus")
    severity_label: str = "severity"
    severities: Mapping[str, Severity] = {}
    """Raw word to ours, beside the built-in table; an unknown word is a warning, shown verbatim."""
    headers: Mapping[str, str] = {}
    ca: str | None = None
    cert: str | None = None
    """PEM file of the certificate we show (mTLS)."""
    key: str | None = None
    user: str = ""
    """Basic authentication, with `password`."""
    password: str = ""
    """`secret:NAME`, never the value."""
    bearer: str = ""
    """`secret:NAME` of a token; never the value."""
    external_labels: Mapping[str, str] = {}
    """prometheus: labels it adds to what it sends; empty: its own configuration is read."""
    max_alerts: int = 10_000
    """More than this are not taken in, and the feed says so."""
    listen: str = ""
    """webhook: `127.0.0.1:9097`, or the absolute path of a unix socket."""


class HttpClient(Struct, frozen=True):
    """A named HTTP client of actions: where it asks, as whom, and what it may send."""

    url: str
    """Without a slash at its end; every path is put behind it."""
    methods: tuple[str, ...] = ("GET", "HEAD")
    timeout: float = 10.0
    headers: Mapping[str, str] = {}
    """May hold `secret:NAME` values; never shown."""
    user: str = ""
    """Basic authentication, with `password`."""
    password: str = ""
    """`secret:NAME`, never the value."""
    bearer: str = ""
    """`secret:NAME` of a token; never the value."""
    ca: str | None = None
    cert: str | None = None
    """PEM file of the certificate we show (mTLS)."""
    key: str | None = None


class RuleSettings(Struct, frozen=True):
    """What bends a rule that is there: other limits, another wait, off."""

    warning: float | None = None
    critical: float | None = None
    clear: float | None = None
    hold: float | None = None
    """`for:`, seconds."""
    off: bool = False
    info: float | None = None
    keep: float | None = None
    """`keep_firing_for:`, seconds."""
    runbook: str | None = None
    runbook_url: str | None = None


class Settings(Struct, frozen=True):
    """Everything in the file that is neither a host nor a service nor a source."""

    environment: str = ""
    locked: bool = False
    """True: changes need an unlock; the default where the environment is prod."""
    linger: float | None = 1800.0
    """Seconds the engine stays without a client; None: for ever."""
    theme: str | None = None
    themes: tuple[str, ...] = ()
    """Extra theme folders, absolute."""
    plugins: tuple[str, ...] = ()
    """Extra plugin folders, absolute."""
    rules: Mapping[str, RuleSettings] = {}
    """What bends rules, by their name."""
    rule_specs: tuple[RuleSpec, ...] = ()
    """Rules of the user's own; one with the name of a shipped rule replaces it."""
    ack_within: float = 300.0
    """A critical nobody has after this long is shown as NEW!."""
    handshakes: int = 32
    handshakes_per_jump: int = 8
    keepalive: float = 15.0
    """Seconds between keepalives; a peer silent for three of them is gone."""
    keymap: Mapping[str, str] = {}
    """Binding id to keys."""
    journal_to_syslog: bool = True
    http: Mapping[str, HttpClient] = {}
    """HTTP clients of actions, by name."""
    plugin_config: Mapping[str, Mapping[str, str]] = {}
    """What plugins are told, by their id."""
    policy: str = ""
    """A policy file beside the machine's, absolute; empty: none."""
    sudo: Mapping[str, tuple[tuple[str, ...], ...]] = {}
    """Sudo profile to the argument lists it covers; empty: the hosts alone decide."""
    secrets: Mapping[str, str] = {}
    """Name to provider reference (`env:NAME`, `file:PATH`, `command:PROGRAM ...`); never a value."""

    maintenance: tuple[Window, ...] = ()
    on_call: Schedule = Schedule()
    escalate: tuple[EscalationStep, ...] = ()
    """In the order of their times."""
    notify: tuple[Notifier, ...] = ()
    desktop: bool = False
    """True: where the console rings, it also asks the terminal for a notification on the desktop."""
    triggers: tuple[Trigger, ...] = ()


class Inventory(Struct, frozen=True):
    """All that is to be watched, and how."""

    hosts: tuple[Host, ...] = ()
    services: tuple[Service, ...] = ()
    checks: tuple[Check, ...] = ()
    """Checks of hosts; a service's are in the service."""
    sources: tuple[AlertSource, ...] = ()
    settings: Settings = Settings()
    files: tuple[str, ...] = ()
    """Every file read, absolute, to be watched for changes."""
    warnings: tuple[str, ...] = ()
    """What was skipped or ignored and why, for the banner and doctor."""
