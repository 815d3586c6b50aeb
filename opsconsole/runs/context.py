"""What an action is handed while it runs: `ctx`, over one attempt and the engine's ports."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol

from msgspec.structs import replace

from opsconsole.actions.api import Certificate, Result
from opsconsole.actions.argv import build_argv
from opsconsole.actions.steps import Request, Undo
from opsconsole.clock import Clock
from opsconsole.errors import ActionError
from opsconsole.model.alert import Alert
from opsconsole.model.event import Event
from opsconsole.model.run import Question
from opsconsole.model.sample import CheckResult
from opsconsole.model.states import Effect
from opsconsole.model.text import NAME_LIMIT, clean
from opsconsole.runs.attempt import Attempt, Say
from opsconsole.runs.ports import Ports
from opsconsole.runs.tables import lay_out
from opsconsole.runs.targets import given_alert

Execute = Callable[[Request], Awaitable[Result]]
_STEP: Final = "action"


class Desk(Protocol):
    """What a live run keeps for one of its targets beside its commands."""

    async def push_undo(self, undo: Undo) -> None:
        """Keep how a step is taken back; on disk on return. Raises JournalError."""
        ...

    async def ask(self, question: Question) -> Mapping[str, str]:
        """Ask a person; raises ActionError for no, and for no answer in time."""
        ...


class SshDoor:
    """`ctx.ssh`: argument lists become requests."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute

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
        """Run a command that changes nothing; see `actions.api.Ssh`."""
        request = _request(Effect.READ, argv, step, ok)
        return await self._execute(
            replace(
                request, stdin=stdin, sudo=sudo, timeout=timeout, show=show, max_output=max_output
            )
        )

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
        """Run a command that changes something; see `actions.api.Ssh`."""
        request = _request(Effect.WRITE, argv, step, ok)
        return await self._execute(
            replace(
                request, stdin=stdin, sudo=sudo, timeout=timeout, show=show, max_output=max_output
            )
        )


def _request(effect: Effect, argv: Sequence[str | int], step: str, ok: Sequence[int]) -> Request:
    try:
        built = build_argv(argv)
    except ValueError as error:
        raise ActionError(step or "command", str(error)) from None
    name = clean(step or built[0].rpartition("/")[2], NAME_LIMIT)
    return Request(name, effect, built, ok=tuple(ok))


class Speaker:
    """`ctx.log`, `ctx.progress`, `ctx.table`: lines that the engine's side says."""

    def __init__(self, say: Say) -> None:
        self._say = say

    def info(self, text: str) -> None:
        """Say something."""
        self._say(_STEP, "run", text)

    def warning(self, text: str) -> None:
        """Say something that is not well."""
        self._say(_STEP, "run", f"! {text}")

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Say how far it is."""
        self._say(_STEP, "run", f"{done}/{total} {note}".rstrip())

    def table(self, rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> None:
        """Show rows in columns that line up."""
        for line in lay_out(rows, header):
            self._say(_STEP, "out", line)


class Round:
    """One tick of `ctx.until`."""

    def __init__(self, elapsed: float, note: Callable[[str], None]) -> None:
        self.elapsed = elapsed
        self._note = note

    def note(self, text: str) -> None:
        """Say where it stands."""
        self._note(text)


class RunContext:
    """`ctx` of a real run on one target."""

    planning = False

    def __init__(
        self,
        attempt: Attempt,
        ports: Ports,
        clock: Clock,
        say: Say,
        desk: Desk,
        *,
        run_id: str,
        ref: str,
        alert: Alert | None,
    ) -> None:
        """Set up; `ref` is the target as checks and events know it (`host:web01`)."""
        self._attempt = attempt
        self._ports = ports
        self._clock = clock
        self._ref = ref
        self._said = ""
        self._say = say
        self._desk = desk
        self.run_id = run_id
        self.alert = None if alert is None else given_alert(alert)
        self.ssh = SshDoor(attempt.execute)
        self.log = Speaker(say)

    @property
    def now(self) -> float:
        """Epoch seconds of the engine."""
        return self._clock.now()

    async def execute(self, request: Request) -> Result:
        """Run one request of a runbook."""
        return await self._attempt.execute(request)

    async def push_undo(self, undo: Undo) -> None:
        """Keep how a step is taken back."""
        await self._desk.push_undo(undo)

    async def ask(self, question: Question) -> Mapping[str, str]:
        """Ask a person and wait."""
        return await self._desk.ask(question)

    async def until(self, seconds: float, *, every: float = 2.0) -> AsyncIterator[Round]:
        """Give a tick now and then every `every` seconds, until `seconds` have passed."""
        began = self._clock.monotonic()
        while True:
            elapsed = self._clock.monotonic() - began
            yield Round(elapsed, self._note)
            rest = seconds - (self._clock.monotonic() - began)
            if rest <= 0:
                return
            await self._clock.sleep(min(max(every, 0.05), rest))

    def _note(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._say("wait", "run", text)

    async def wait(self, seconds: float) -> None:
        """Do nothing for a while."""
        await self._clock.sleep(seconds)

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Say how far it is."""
        self.log.progress(done, total, note)

    def table(self, rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> None:
        """Show rows in columns that line up."""
        self.log.table(rows, header)

    async def checks(self) -> Sequence[CheckResult]:
        """Run every check of the target now."""
        if self._ports.checks is None:
            raise ActionError("checks", "this engine cannot run checks on demand")
        return await self._ports.checks(self._ref)

    async def events(self, since: float) -> Sequence[Event]:
        """Read what happened to the target since an epoch second."""
        if self._ports.events is None:
            return ()
        return await self._ports.events(self._ref, since)

    async def tls(self, address: str, port: int, server_name: str) -> Certificate:
        """Fetch the certificate an endpoint shows for a name."""
        if self._ports.tls is None:
            raise ActionError("tls", "this engine cannot look at certificates")
        return await self._ports.tls(address, port, server_name)
