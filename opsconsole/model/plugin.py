"""A plugin as data: how it was found, what it contributes, and how it fares; nothing of its code."""

from msgspec import Struct

from opsconsole.model.action import ParamSpec


class Contribution(Struct, frozen=True):
    """One thing beside actions that a plugin brings, as its manifest declares it."""

    kind: str
    """collector, check, gate, alert_source, pane, notifier, inventory, secret, authorizer or param_type."""
    id: str
    """`<plugin>.<kebab-name>`."""
    plugin: str
    title: str = ""
    doc: str = ""
    every: float = 30.0
    """Seconds between two calls: collectors, panes, inventories, alert sources."""
    timeout: float = 10.0
    """Seconds one call may take."""
    scope: str = "host"
    """host, service or fleet: what a collector or a check is called for."""
    match: str | None = None
    """Over `host`: which hosts a collector is for."""
    emits: tuple[str, ...] = ()
    """collector: names of its metrics; one that is not listed is refused."""
    on: tuple[str, ...] = ()
    """notifier: kinds of events it is told of; empty: all."""
    needs: tuple[str, ...] = ("ssh",)
    params: tuple[ParamSpec, ...] = ()
    run: tuple[str, ...] = ()
    """An executable's argument list; empty: Python."""
    protocol: str = ""
    """json, oneshot or nagios, for `run`."""
    type: str = "str"
    """param_type: the type that it narrows ..."""
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    under: tuple[str, ...] = ()
    refuse: tuple[str, ...] = ()


class Fault(Struct, frozen=True):
    """One time a plugin misbehaved."""

    at: float
    kind: str
    """error, deadline, blocked, import, output or protocol."""
    where: str
    """The contribution or action it was in."""
    text: str
    """One sentence, cleaned."""
    stack: str = ""
    """Where its code stood, innermost last; empty where there is none."""


class PluginRecord(Struct, frozen=True):
    """One plugin as it was found: loaded, or why not."""

    id: str
    source: str
    actions: tuple[str, ...] = ()
    error: str = ""
    """Empty when it loaded; else one sentence with file and line."""
    version: str = ""
    title: str = ""
    level: str = ""
    """shipped, system, team, user or package."""
    commit: str = ""
    """The commit a team's checkout stands at; `+` behind it: with local changes nobody committed."""
    isolation: str = "inprocess"
    """inprocess or process."""
    warnings: tuple[str, ...] = ()
    contributes: tuple[Contribution, ...] = ()
    themes: tuple[str, ...] = ()
    """Theme files, absolute."""
    faults: tuple[Fault, ...] = ()
    """The newest ten, oldest first."""
    quarantined: float = 0.0
    """Since when nothing of it is called any more; 0: it is called."""
