"""What an action sees and is handed: targets, results, outcomes, and `Ctx`, the only door to side effects."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from msgspec import Struct

from opsconsole.actions.doors import Cache, Http, Local, Result, Ssh
from opsconsole.actions.secret import Secret
from opsconsole.model.alert import Alert
from opsconsole.model.event import Event
from opsconsole.model.sample import CheckResult


class Host(Struct, frozen=True):
    """A host as an action sees it, at the moment the plan was made."""

    name: str
    address: str = ""
    labels: Mapping[str, str] = {}
    facts: Mapping[str, str] = {}
    services: tuple[str, ...] = ()


class Service(Struct, frozen=True):
    """A service as an action sees it, with the hosts that carry it."""

    name: str
    labels: Mapping[str, str] = {}
    hosts: tuple[Host, ...] = ()
    endpoints: tuple[str, ...] = ()
    """What its checks ask: URLs, and `host:port` for TCP and TLS."""


class Certificate(Struct, frozen=True):
    """The leaf that an endpoint showed, or why it showed none."""

    address: str
    port: int
    server_name: str
    subject: str = ""
    issuer: str = ""
    names: tuple[str, ...] = ()
    """DNS and IP names it is good for."""
    not_after: float = 0.0
    """Epoch seconds."""
    fingerprint: str = ""
    """SHA-256 of the DER bytes, hexadecimal."""
    trusted: bool = True
    reason: str = ""
    """Why it is not trusted, or why nothing was shown."""


class Health(Struct, frozen=True):
    """What the console sees of a target right now."""

    name: str
    state: str
    """ok to critical, or up to down; unknown where nothing fresh is known: never read that as bad or good."""
    reach: str = ""
    fresh: bool = False
    """False: what is known is older than it may be."""
    alerts: tuple[str, ...] = ()
    """Names of the fires on it that are not muted."""


class PastRun(Struct, frozen=True):
    """An earlier run of an action on a target."""

    run: str
    at: float
    actor: str
    state: str
    """The target's: changed, failed, unknown ..."""
    why: str = ""


class Log(Protocol):
    """Lines for people, in the run's output."""

    def info(self, text: str) -> None:
        """Say something."""
        ...

    def warning(self, text: str) -> None:
        """Say something that is not well."""
        ...


class Tick(Protocol):
    """One round of `ctx.until`."""

    elapsed: float
    """Seconds since the wait began."""

    def note(self, text: str) -> None:
        """Say where it stands; equal notes in a row are said once."""
        ...


class Ctx(Protocol):
    """The only door to side effects. It owns time, journal, confirmation, quoting and limits."""

    @property
    def run_id(self) -> str:
        """The run this belongs to."""
        ...

    @property
    def targets(self) -> Sequence[str]:
        """Names of all that this run goes to, this one among them."""
        ...

    @property
    def now(self) -> float:
        """Epoch seconds of the engine."""
        ...

    @property
    def alert(self) -> Alert | None:
        """The fire the person stood on."""
        ...

    @property
    def ssh(self) -> Ssh:
        """Commands on the target; needs `ssh`."""
        ...

    @property
    def http(self) -> Http:
        """Named HTTP clients; each needs `http:<client>`."""
        ...

    @property
    def local(self) -> Local:
        """Commands on the jump host; needs `local`."""
        ...

    @property
    def cache(self) -> Cache:
        """What the plugin keeps between runs."""
        ...

    @property
    def config(self) -> Mapping[str, object]:
        """The plugin's part of the configuration (`plugin_config:`), read by the types it declared."""
        ...

    @property
    def features(self) -> frozenset[str]:
        """What this engine can beyond the API's first version; additions are names here."""
        ...

    @property
    def cancelled(self) -> bool:
        """A person stopped the run: end at the next good moment."""
        ...

    @property
    def log(self) -> Log:
        """Lines for people."""
        ...

    def until(self, seconds: float, *, every: float = 2.0) -> AsyncIterator[Tick]:
        """Give a tick now and then every `every` seconds, until `seconds` have passed."""
        ...

    async def wait(self, seconds: float) -> None:
        """Do nothing for a while."""
        ...

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Say how far it is."""
        ...

    def table(self, rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> None:
        """Show rows in columns that line up."""
        ...

    async def artifact(self, name: str, content: bytes) -> None:
        """Keep a file with the run (`out/<target>.<name>`), 64 MiB at most; secrets in it are masked."""
        ...

    async def ask(
        self,
        text: str,
        *,
        type: str = "str",
        choices: Sequence[str] = (),
        default: str | None = None,
        timeout: float = 900.0,
    ) -> str:
        """Ask a person for a value of a parameter type; the run waits, and its time stands still.

        Raises:
            ActionError: They refused, or nobody answered in time.
        """
        ...

    async def choose(self, text: str, choices: Sequence[str], *, timeout: float = 900.0) -> str:
        """Ask a person for one of some words; see `ask`."""
        ...

    async def confirm(self, text: str, *, timeout: float = 900.0) -> None:
        """Go on only when a person says yes; see `ask`."""
        ...

    def health(self, target: str = "") -> Health:
        """Tell what is known of a target now (`host:web01`, `service:shop`); empty: of this one."""
        ...

    def peers(self, target: str = "") -> Sequence[Host]:
        """List the other hosts of the same service, else of the same role; by name."""
        ...

    def history(self, action: str = "", target: str = "") -> Sequence[PastRun]:
        """List earlier runs of an action (empty: this one) on a target (empty: this one), newest first."""
        ...

    async def lock(self, key: str) -> None:
        """Take one more lock, before the first write.

        Raises:
            ActionError: Somebody holds it, or something was written already.
        """
        ...

    async def on_undo(self, undo: Callable[["Ctx"], Awaitable[object]], *, title: str = "") -> None:
        """Keep how what comes next is taken back; called with a context of its own, last first."""
        ...

    def critical(self, why: str) -> AbstractAsyncContextManager[None]:
        """Hold an interrupt off while something must not be cut in half; bounded by the step's timeout."""
        ...

    async def secret(self, name: str) -> Secret:
        """Fetch a secret; needs `secret:<name>`. From here on its value is masked wherever output is shown.

        Raises:
            ActionError: It cannot be had.
        """
        ...

    async def checks(self) -> Sequence[CheckResult]:
        """Run every check of the target now.

        Raises:
            ActionError: This engine cannot.
        """
        ...

    async def events(self, since: float) -> Sequence[Event]:
        """Read what happened to the target since an epoch second: runs, deploys, notes."""
        ...

    async def tls(self, address: str, port: int, server_name: str) -> Certificate:
        """Fetch the certificate an endpoint shows for a name."""
        ...


class Outcome(Struct, frozen=True):
    """How it went, in the action's own judgement; the engine overrules it where a write is unsettled."""

    state: str
    """changed, unchanged or failed."""
    summary: str = ""

    @classmethod
    def changed(cls, *, before: str = "", after: str = "") -> "Outcome":
        """It was made different, and that was seen."""
        return cls("changed", " → ".join(word for word in (before, after) if word))

    @classmethod
    def unchanged(cls, summary: str = "") -> "Outcome":
        """Nothing was made different; a read ends so."""
        return cls("unchanged", summary)

    @classmethod
    def nothing_to_undo(cls, why: str) -> "Outcome":
        """A rollback found nothing that it could or should take back."""
        return cls("unchanged", f"nothing to undo: {why}")

    @classmethod
    def failed(cls, reason: str, *, evidence: Result | None = None) -> "Outcome":
        """It did not reach its aim; the evidence's last line is quoted."""
        last = evidence.lines[-1] if evidence is not None and evidence.lines else ""
        return cls("failed", f"{reason}: {last}" if last and last not in reason else reason)
