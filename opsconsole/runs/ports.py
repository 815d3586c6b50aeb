"""What runs needs of the rest of the engine, as callables the engine hands in."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from opsconsole.actions.api import Cache, Certificate
from opsconsole.actions.aside import Aside
from opsconsole.actions.steps import HttpCall
from opsconsole.config.sudo_table import SudoTable
from opsconsole.errors import ActionError
from opsconsole.model.event import Event
from opsconsole.model.inventory import Host
from opsconsole.model.policy import Asking, Person, Ruling
from opsconsole.model.run import Run
from opsconsole.model.sample import CheckResult
from opsconsole.model.snapshot import Access, HostRecord, Snapshot
from opsconsole.transport.base import Answer, OnDispatch, Remote


def _no_publish(_run: Run) -> None: ...


def _no_poll(_names: Sequence[str]) -> None: ...


def _no_trouble(_text: str) -> None: ...


def _no_table() -> SudoTable:
    return {}


def _open_access() -> Access:
    return Access()


def _no_snapshot() -> Snapshot:
    return Snapshot()


async def _no_rules(_asking: Asking) -> Ruling:
    return Ruling()


async def _no_groups(_person: Person) -> Collection[str]:
    return ()


def _no_records() -> Mapping[str, HostRecord]:
    return {}


async def _no_secret(name: str) -> str:
    raise ActionError("secret", f"this engine has no secret {name}")


def _no_cache(_plugin: str) -> Cache:
    raise ActionError("cache", "this engine keeps nothing for plugins")


def _no_config(_plugin: str) -> Mapping[str, object]:
    return {}


class Clients(Protocol):
    """The configuration's named HTTP clients."""

    def why_not(self, client: str, method: str = "GET") -> str:
        """Say why a client cannot be used so; empty when it can."""
        ...

    async def send(
        self,
        call: HttpCall,
        *,
        key: str,
        timeout: float,
        max_output: int,
        on_dispatch: OnDispatch | None = None,
    ) -> Answer:
        """Send a call once; its HTTP status is the answer's code, and every failure is an Answer.

        Args:
            call: What to send; credentials are added here, and masked in the answer.
            key: The Idempotency-Key of a change.
            timeout: Seconds for all of it.
            max_output: Bytes of the body that are kept.
            on_dispatch: Awaited before the first byte leaves.
        """
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The engine's side of a run."""

    remote: Remote
    """The router: SSH or local by the host's transport."""
    host: Callable[[str], Host | None]
    """Inventory record by name."""
    access: Callable[[], Access] = _open_access
    records: Callable[[], Mapping[str, HostRecord]] = _no_records
    """Hosts as they are now, by name: a freeze that comes during a run is held against them."""
    snapshot: Callable[[], Snapshot] = _no_snapshot
    """Everything as it is now: what gates, `min_healthy` and a way back look at."""
    publish: Callable[[Run], None] = _no_publish
    """Told every change of a run, at most ten a second and always the last."""
    poll: Callable[[Sequence[str]], None] = _no_poll
    """Asked to poll references (`host:web01`) at once, after a run ended."""
    glance: Callable[[Sequence[str]], None] = _no_poll
    """Asked to look at references soon and a few at a time, after a run that only read."""
    trouble: Callable[[str], None] = _no_trouble
    """Told a sentence for a banner when the journal cannot be written; an empty one takes it back."""
    checks: Callable[[str], Awaitable[Sequence[CheckResult]]] | None = None
    """Run all checks of a reference now (`host:` or `service:`)."""
    events: Callable[[str, float], Awaitable[Sequence[Event]]] | None = None
    """Read events of a reference since an epoch second, newest first."""
    tls: Callable[[str, int, str], Awaitable[Certificate]] | None = None
    """Fetch the leaf certificate: address, port, server name. Failure is a Certificate with a reason."""
    clients: Clients | None = None
    secret: Callable[[str], Awaitable[str]] = _no_secret
    """Fetch a secret's value by its name; raises ActionError."""
    secrets: Callable[[], Collection[str]] = tuple
    """Names of the secrets there are."""
    cache: Callable[[str], Cache] = _no_cache
    """What a plugin keeps between runs, by its id."""
    plugin_config: Callable[[str], Mapping[str, object]] = _no_config
    """A plugin's part of the configuration."""
    sudo: Callable[[], SudoTable] = _no_table
    """What sudo profiles cover; empty: the hosts alone decide."""
    judge: Callable[[Asking], Awaitable[Ruling]] = _no_rules
    """What the policy says of a plan; never raises."""
    groups: Callable[[Person], Awaitable[Collection[str]]] = _no_groups
    """A person's unix groups."""
    aside: Aside | None = None
    """Where plugins' Python runs; None: on this loop."""
    syslog: Callable[[str], None] | None = None
    """Keeps the journal's head hashes somewhere else."""
