"""One target's try: each step is journaled, then dispatched, then settled, in that order and through here only."""

from collections.abc import Awaitable, Callable
from types import MappingProxyType

from msgspec.structs import replace

from opsconsole.actions.api import Result
from opsconsole.actions.steps import Request
from opsconsole.clock import Clock
from opsconsole.config.sudo_table import SudoTable
from opsconsole.errors import ActionError, OpsConsoleError
from opsconsole.model.action import ActionSpec
from opsconsole.model.inventory import Host
from opsconsole.model.states import Effect
from opsconsole.model.text import clean
from opsconsole.runs.chain import JournalError
from opsconsole.runs.commands import (
    check_plain,
    check_sudo,
    command_for,
    spool_name,
    way_of,
)
from opsconsole.runs.identity import Identity, identify, wait_for_boot
from opsconsole.runs.journal import Field
from opsconsole.runs.ledger import Ledger
from opsconsole.runs.ports import Clients
from opsconsole.runs.result import read_answer
from opsconsole.runs.sending import (
    CONSOLE,
    Listener,
    Say,
    idempotency_key,
    send_call,
    why_undeclared,
)
from opsconsole.runs.verdict import Trace
from opsconsole.transport.base import (
    Answer,
    Command,
    Ending,
    OnDispatch,
    OnOutput,
    Remote,
    Spool,
)
from opsconsole.transport.plain_line import PLAIN
from opsconsole.transport.spool import Known
from opsconsole.transport.spooled import kill_spooled


class WrongHostError(OpsConsoleError):
    """The machine that answers is not the one the plan was made for."""


class ClosedError(OpsConsoleError):
    """The run dispatches nothing any more."""


async def _at_once() -> None: ...


class Attempt:
    """Executes one target's requests and keeps the traces that its verdict is made of."""

    clients: Clients | None = None
    """Where HTTP calls go; None: nowhere."""
    shielded = ""
    """Why an interrupt must wait; empty: it need not."""
    on_unshield: Callable[[], None] | None = None

    sudo: SudoTable = MappingProxyType({})
    """What profiles cover."""

    def __init__(
        self,
        target: str,
        host: Host | None,
        spec: ActionSpec,
        *,
        remote: Remote,
        ledger: Ledger,
        clock: Clock,
        say: Say,
        why_closed: Callable[[], str],
        time_left: Callable[[], float],
        hostname: str = "",
    ) -> None:
        """Set up.

        Args:
            target: Its name in the run.
            host: Where commands go; None: nowhere.
            spec: The action's.
            remote: How hosts are asked.
            ledger: Where dispatches are written first.
            clock: Time.
            say: Where lines go.
            why_closed: Says why nothing may be dispatched any more; asked before each step.
            time_left: Seconds of the action's budget that are left.
            hostname: What the host calls itself, as polling saw it; empty: not known.
        """
        self.target = target
        self.traces: list[Trace] = []
        self._host = host
        self._spec = spec
        self._remote = remote
        self.ledger = ledger
        """Also masks the run's secrets, in everything that is said and kept."""
        self._clock = clock
        self._say = say
        self._why_closed = why_closed
        self._time_left = time_left
        self._hostname = hostname
        self.before_step: Callable[[], Awaitable[None]] = _at_once  # a paused run waits here
        self._identity: Identity | None = None
        self.on_dispatch: Callable[[str], None] = lambda _step: None
        self.on_wait: Callable[[str], None] = lambda _step: None  # its host has to come back

    async def execute(self, request: Request) -> Result:
        """Run one request.

        Raises:
            ActionError: Its end was seen and is bad, or the action never declared it.
            OutcomeUnknownError: Its end was not seen.
            TransportError: It was not started: the host could not be asked.
            ClosedError: It was not started: the run is closed.
            WrongHostError: It was not started: this is another machine.
            JournalError: It was not started: it could not be recorded.
        """
        await self.before_step()
        host = self._checked_host(request)
        await self._identify(request, host)
        self._check_open()
        trace = Trace(request.step, request.effect)
        self.traces.append(trace)
        command = self._command(request, host, trace)
        listener = Listener(request, self._say, self.ledger.redactor)
        refused: list[JournalError | ClosedError] = []

        async def on_dispatch() -> None:
            try:
                await self._record_dispatch(trace, request, command)
            except (JournalError, ClosedError) as error:
                refused.append(error)
                raise

        answer = await self._send(request, host, command, listener.hear, on_dispatch)
        if refused:
            raise refused[0]
        listener.end()
        if request.expect_disconnect:
            answer = await self._come_back(request, host, answer)
        await self._settle(trace, answer)
        return read_answer(request, answer, self.target)

    async def _send(
        self,
        request: Request,
        host: Host,
        command: Command,
        on_output: OnOutput,
        on_dispatch: OnDispatch,
    ) -> Answer:
        if request.http is None:
            answer = await self._remote.run(
                host, command, on_output=on_output, on_dispatch=on_dispatch
            )
        else:
            key = idempotency_key(self.ledger.run, self.target, request.step)
            answer = await send_call(
                self.clients, request, command, key=key, on_dispatch=on_dispatch
            )
            on_output("out", answer.stdout)
        return self.ledger.redactor.answer(answer)

    def _checked_host(self, request: Request) -> Host:
        """Undeclared use is refused before anything is sent."""
        if why := why_undeclared(request, self._spec):
            raise ActionError(request.step, why)
        if request.http is not None or request.on_console:
            return CONSOLE
        check_sudo(request, self.sudo)
        if self._host is None:
            raise ActionError(request.step, f"{self.target} is no host commands could run on")
        check_plain(request, self._host)
        return self._host

    def _check_open(self) -> None:
        if why := self._why_closed():
            raise ClosedError(why)
        if self._time_left() <= 0:
            raise ClosedError("no time is left")

    async def _identify(self, request: Request, host: Host) -> None:
        """Before the first write: does the machine still call itself what polling saw?"""
        if self._identity is not None or request.effect is Effect.READ or host is CONSOLE:
            return
        if not self._hostname and not request.expect_disconnect:
            return
        found = await identify(self._remote, host)
        if found is None:
            raise WrongHostError(f"would not say its name (expected {self._hostname})")
        if self._hostname and found.name != self._hostname:
            raise WrongHostError(f"calls itself {found.name}, not {self._hostname}")
        self._identity = found

    def _command(self, request: Request, host: Host, trace: Trace) -> Command:
        """Make the command; one that changes something goes through the host's spool."""
        command = command_for(request, host, self._time_left())
        if not trace.writes or host is CONSOLE or host.transport == PLAIN:
            return command
        trace.spool = spool_name(self.target, trace.step)
        trace.sudo = request.sudo is not None and host.user != "root"
        return replace(command, spool=Spool(self.ledger.run, trace.spool))

    async def _come_back(self, request: Request, host: Host, answer: Answer) -> Answer:
        """The host was expected to go: another boot settles the step, whatever the channel saw."""
        failed = answer.ending is Ending.EXITED and answer.status not in request.ok
        if failed or answer.ending is Ending.UNREACHABLE:
            return answer
        before = self._identity.boot if self._identity is not None else answer.boot
        self.on_wait(request.step)
        until = self._clock.monotonic() + self._time_left()
        found = await wait_for_boot(self._remote, host, before, clock=self._clock, until=until)
        if found is None:
            reason = "did not come back with another boot id in time"
            return replace(answer, ending=Ending.LOST, status=None, reason=reason)
        if self._hostname and found.name != self._hostname:
            raise WrongHostError(f"came back as {found.name}, not {self._hostname}")
        self._identity = found
        evidence = f"boot id changed: {before[:8]} → {found.boot[:8]}"
        return replace(answer, ending=Ending.EXITED, status=request.ok[0], evidence=evidence)

    async def end_in_flight(self) -> None:
        """End the write that is under way there, and make sure: only what is seen to be gone counts as ended."""
        trace = next((each for each in self.traces if each.writes and not each.is_seen), None)
        if trace is None or not trace.dispatched or not trace.spool or self._host is None:
            return
        spool = Spool(self.ledger.run, trace.spool)
        report = await kill_spooled(self._remote, self._host, spool, sudo=trace.sudo)
        trace.evidence = " ".join(
            [f"sent {', '.join(report.signals)};"] * bool(report.signals) + [report.evidence]
        )
        if report.known is Known.NEVER:
            trace.dispatched = False
        elif report.known is Known.RC or (report.known is Known.DIED and report.signals):
            trace.ending, trace.code = Ending.EXITED, report.code
        try:
            await self.ledger.kill(trace, report)
        except JournalError as error:
            self._say(trace.step, "run", str(error))

    @property
    def evidence(self) -> str:
        """How ends were learned that no channel showed."""
        return next((each.evidence for each in reversed(self.traces) if each.evidence), "")

    async def _record_dispatch(self, trace: Trace, request: Request, command: Command) -> None:
        """On disk before the first byte leaves; a run that was closed meanwhile sends nothing."""
        self._check_open()
        trace.dispatched = (
            True  # already now: cancelled while it is written, the line may be on disk
        )
        try:
            fields = self._spool_fields(trace, request, command)
            await self.ledger.dispatch(trace, request, command, fields)
        except JournalError:
            trace.dispatched = False
            raise
        self.on_dispatch(trace.step)

    def _spool_fields(self, trace: Trace, request: Request, command: Command) -> dict[str, Field]:
        """What whoever settles it later must know."""
        if not trace.spool or self._host is None:
            return {}
        return {
            "spool": trace.spool,
            "ok": tuple(str(code) for code in request.ok),
            "way": way_of(self._host),
            "boot": self._identity.boot if self._identity is not None else "",
            "reboots": request.expect_disconnect,
            "limit": command.timeout,
        }

    async def _settle(self, trace: Trace, answer: Answer) -> None:
        recorded = trace.dispatched
        trace.dispatched = answer.ending is not Ending.UNREACHABLE  # which says: nothing ran there
        trace.ending = answer.ending
        if not recorded and not trace.dispatched:
            return
        trace.code, trace.evidence = answer.status, clean(answer.evidence, 400)
        try:
            await self.ledger.settle(trace, answer)
        except JournalError as error:
            self._say(trace.step, "run", str(error))

    def shield(self, why: str) -> None:
        """From here on an interrupt waits."""
        self.shielded = why

    def unshield(self) -> None:
        """An interrupt that waited comes now."""
        self.shielded = ""
        if self.on_unshield is not None:
            self.on_unshield()
