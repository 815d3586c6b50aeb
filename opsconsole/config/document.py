"""What our own YAML says, as said: patterns not yet unfolded, references not yet looked up."""

from collections.abc import Mapping

from msgspec import Struct

from opsconsole.config.problems import Mark
from opsconsole.model.inventory import AlertSource, Settings
from opsconsole.model.slo import Objective


class HostEntry(Struct, frozen=True):
    """One entry of `hosts:`; None means not said."""

    mark: Mark
    names: str
    """A name or a node set, `web[01-20]`."""
    address: str | None = None
    port: int | None = None
    user: str | None = None
    jump: tuple[str, ...] | None = None
    transport: str | None = None
    labels: Mapping[str, str] = {}
    groups: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    every: float | None = None
    timeout: float | None = None
    identity: tuple[str, ...] | None = None
    known_hosts: tuple[str, ...] | None = None
    key_alias: str | None = None
    aliases: tuple[str, ...] = ()
    polled: bool = True


class CheckEntry(Struct, frozen=True):
    """One check, of a service or (top-level) of the hosts it is `on`."""

    mark: Mark
    name: str | None
    kind: str
    target: str
    argv: tuple[str, ...] = ()
    via: str | None = None
    every: float | None = None
    timeout: float | None = None
    fails: int | None = None
    passes: int | None = None
    retry: float | None = None
    must: tuple[str, ...] = ()
    should: tuple[str, ...] = ()
    method: str = "GET"
    headers: Mapping[str, str] = {}
    ca: str | None = None
    depends_on: tuple[str, ...] = ()
    on: "Selector | None" = None
    """None on a top-level check: it stands alone, as a service of its name."""
    cert: str | None = None
    key: str | None = None
    server: str = ""
    record: str = "A"
    source: str = ""
    params: Mapping[str, str] = {}
    span: float = 0.0
    runbook: str | None = None
    runbook_url: str | None = None
    objective: Objective | None = None


class Selector(Struct, frozen=True):
    """`on:`: hosts by name (node sets, `*` patterns), by label, by group; all that is said must hold."""

    mark: Mark
    hosts: tuple[str, ...] = ()
    labels: Mapping[str, tuple[str, ...]] = {}
    groups: tuple[str, ...] = ()


class ServiceEntry(Struct, frozen=True):
    """One entry of `services:`."""

    mark: Mark
    name: str
    checks: tuple[CheckEntry, ...] = ()
    on: Selector | None = None
    labels: Mapping[str, str] = {}
    depends_on: tuple[str, ...] = ()
    runbook: str | None = None
    runbook_url: str | None = None
    objective: Objective | None = None


class SourceEntry(Struct, frozen=True):
    """One entry of `alert_sources:`, complete."""

    mark: Mark
    source: AlertSource


class Import(Struct, frozen=True):
    """One entry of `inventory:`: hosts that other files describe."""

    mark: Mark
    kind: str
    """`ssh_config`, `ansible`, or `plugin` for the hosts that one gave."""
    path: str
    """Absolute."""
    labels: Mapping[str, str] = {}
    groups: tuple[str, ...] = ()


class Defaults(Struct, frozen=True):
    """`defaults:`, what an entry has when it does not say; None means not said here either."""

    user: str | None = None
    port: int | None = None
    jump: tuple[str, ...] | None = None
    every: float | None = None
    timeout: float | None = None
    identity: tuple[str, ...] | None = None
    known_hosts: tuple[str, ...] | None = None
    ssh_config: str | None = None
    """Absolute; the file that fills what neither entry nor defaults say; empty: none."""


class Document(Struct, frozen=True):
    """One configuration with everything it includes."""

    files: tuple[str, ...] = ()
    """Absolute, the main one first."""
    defaults: Defaults = Defaults()
    hosts: tuple[HostEntry, ...] = ()
    services: tuple[ServiceEntry, ...] = ()
    checks: tuple[CheckEntry, ...] = ()
    sources: tuple[SourceEntry, ...] = ()
    imports: tuple[Import, ...] = ()
    settings: Settings = Settings()
