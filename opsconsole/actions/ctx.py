"""What an action sees and is handed: targets, results, outcomes, and `Ctx`, the only door to side effects."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

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


class Result(Protocol):
    """What one command did; it ended, and its exit code was among the allowed ones."""

    @property
    def code(self) -> int:
        """The exit code."""
        ...

    @property
    def text(self) -> str:
        """Standard output, decoded, without its last newline. It is data: hostile until cleaned."""
        ...

    @property
    def lines(self) -> Sequence[str]:
        """`text` by lines; empty for no output."""
        ...

    @property
    def stderr(self) -> str:
        """Standard error, decoded."""
        ...

    @property
    def took(self) -> float:
        """Seconds."""
        ...


class Ssh(Protocol):
    """Commands on the target. An argument list always: a str is a TypeError."""

    async def read(
        self,
        argv: Sequence[str | int],
        *,
        step: str = "",
        sudo: str | None = None,
        stdin: bytes = b"",
        timeout: float | None = None,
        ok: Sequence[int] = (0,),
        show: bool = False,
        max_output: int | None = None,
    ) -> Result:
        """Run a command that changes nothing.

        Args:
            argv: Program and arguments.
            step: Its name in the journal; by default the program's.
            sudo: A declared sudo profile; None runs it as the login user.
            stdin: Fed to it; end of file follows.
            timeout: Seconds; never beyond the action's own.
            ok: Exit codes that are no failure.
            show: Put its output into the run's output as it comes.
            max_output: Bytes kept.

        Raises:
            ActionError: It ended badly, and that was seen.
            OutcomeUnknownError: Its end was not seen.
            TransportError: It was never started.
        """
        ...

    async def write(
        self,
        argv: Sequence[str | int],
        *,
        step: str = "",
        sudo: str | None = None,
        stdin: bytes = b"",
        timeout: float | None = None,
        ok: Sequence[int] = (0,),
        show: bool = True,
        max_output: int | None = None,
    ) -> Result:
        """Run a command that changes something: journaled before its first byte leaves. See `read`."""
        ...


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
    def now(self) -> float:
        """Epoch seconds of the engine."""
        ...

    @property
    def alert(self) -> Alert | None:
        """The fire the person stood on."""
        ...

    @property
    def ssh(self) -> Ssh:
        """Commands on the target."""
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
    def failed(cls, reason: str, *, evidence: Result | None = None) -> "Outcome":
        """It did not reach its aim; the evidence's last line is quoted."""
        last = evidence.lines[-1] if evidence is not None and evidence.lines else ""
        return cls("failed", f"{reason}: {last}" if last and last not in reason else reason)
