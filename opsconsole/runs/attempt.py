"""One target's try: each step is journaled, then dispatched, then settled, in that order and through here only."""

import hashlib
import re
from collections.abc import Callable
from typing import Final

from opsconsole.actions.api import Result
from opsconsole.actions.steps import Request
from opsconsole.errors import ActionError, OpsConsoleError, TransportError
from opsconsole.model.action import ActionSpec
from opsconsole.model.inventory import Host
from opsconsole.model.states import Effect
from opsconsole.model.text import clean
from opsconsole.runs.chain import JournalError
from opsconsole.runs.journal import Journal
from opsconsole.runs.output import LineCutter
from opsconsole.runs.ports import Clients
from opsconsole.runs.redaction import Redactor
from opsconsole.runs.result import read_answer
from opsconsole.runs.verdict import Trace
from opsconsole.transport.base import (
    OUTPUT_LIMIT,
    Answer,
    Command,
    Ending,
    OnDispatch,
    OnOutput,
    Remote,
)

STEP_TIMEOUT: Final = 60.0
"""Seconds of a step that names none."""
_IDENTITY: Final = Command(
    script='cat "${OPSC_ROOT:-}/proc/sys/kernel/hostname" 2>/dev/null || uname -n', timeout=10.0
)
MOST_OUTPUT: Final = 64 << 20
"""Bytes of one answer at most, where a step asks for more than is usual."""
CONSOLE: Final = Host("console", "localhost", transport="local")
"""The jump host itself."""
_ODD: Final = re.compile(r"[^A-Za-z0-9._-]")


class WrongHostError(OpsConsoleError):
    """The machine that answers is not the one the plan was made for."""


class ClosedError(OpsConsoleError):
    """The run dispatches nothing any more."""


Say = Callable[[str, str, str | bytes], None]
"""Told one line: step, stream, text."""


class _Listener:
    """Cuts what a shown step says into lines of the run's output."""

    def __init__(self, request: Request, say: Say, redactor: Redactor) -> None:
        self._request = request
        self._say = say
        self._redactor = redactor
        self._cutters = {"out": LineCutter(), "err": LineCutter()}

    def hear(self, stream: str, chunk: bytes) -> None:
        if self._request.hear is not None:
            self._request.hear(stream, self._redactor.content(chunk))
        if self._request.show:
            self._tell(stream, self._cutters[stream].feed(chunk))

    def end(self) -> None:
        for stream, cutter in self._cutters.items():
            self._tell(stream, cutter.end())

    def _tell(self, stream: str, lines: list[bytes]) -> None:
        for line in lines:
            self._say(self._request.step, stream, self._redactor.content(line))


class Attempt:
    """Executes one target's requests and keeps the traces that its verdict is made of."""

    def __init__(
        self,
        target: str,
        host: Host | None,
        spec: ActionSpec,
        *,
        remote: Remote,
        journal: Journal,
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
            journal: Where dispatches are written first.
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
        self._journal = journal
        self._say = say
        self._why_closed = why_closed
        self._time_left = time_left
        self._hostname = hostname
        self.clients: Clients | None = None
        """Where HTTP calls go; None: nowhere."""
        self.redactor = Redactor()
        """Masks the run's secrets in everything that is said and kept."""
        self._identified = not hostname
        self.shielded = ""
        """Why an interrupt must wait; empty: it need not."""
        self.on_unshield: Callable[[], None] = lambda: None
        self.on_dispatch: Callable[[str], None] = lambda _step: None

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
        host = self._checked_host(request)
        await self._identify(request, host)
        self._check_open()
        trace = Trace(request.step, request.effect)
        self.traces.append(trace)
        command = command_for(request, host, self._time_left())
        listener = _Listener(request, self._say, self.redactor)
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
        elif self.clients is None:
            raise ActionError(request.step, "this engine has no HTTP clients")
        else:
            answer = await self.clients.send(
                request.http,
                key=_idempotency_key(self._journal.folder.name, self.target, request.step),
                timeout=command.timeout,
                max_output=command.max_output,
                on_dispatch=on_dispatch,
            )
            on_output("out", answer.stdout)
        return self.redactor.answer(answer)

    def _checked_host(self, request: Request) -> Host:
        """Undeclared use is refused before anything is sent."""
        if why := why_undeclared(request, self._spec):
            raise ActionError(request.step, why)
        if request.http is not None or request.on_console:
            return CONSOLE
        if self._host is None:
            raise ActionError(request.step, f"{self.target} is no host commands could run on")
        return self._host

    def _check_open(self) -> None:
        if why := self._why_closed():
            raise ClosedError(why)
        if self._time_left() <= 0:
            raise ClosedError("no time is left")

    async def _identify(self, request: Request, host: Host) -> None:
        """Before the first write: does the machine still call itself what polling saw?"""
        if self._identified or request.effect is Effect.READ or host is CONSOLE:
            return
        answer = await self._remote.run(host, _IDENTITY)
        if answer.ending is Ending.UNREACHABLE:
            raise TransportError(self.target, answer.reach, answer.reason or "unreachable")
        name = clean(answer.stdout.strip(), 256)
        if answer.ending is not Ending.EXITED or answer.code != 0 or not name:
            raise WrongHostError(f"would not say its name (expected {self._hostname})")
        if name != self._hostname:
            raise WrongHostError(f"calls itself {name}, not {self._hostname}")
        self._identified = True

    async def _record_dispatch(self, trace: Trace, request: Request, command: Command) -> None:
        """On disk before the first byte leaves; a run that was closed meanwhile sends nothing."""
        self._check_open()
        trace.dispatched = (
            True  # already now: cancelled while it is written, the line may be on disk
        )
        try:
            await self._journal.append(
                "step.dispatch",
                sync=trace.writes,
                target=self.target,
                step=trace.step,
                effect=str(request.effect),
                argv=self.redactor.words(shown_words(request, command)),
            )
        except JournalError:
            trace.dispatched = False
            raise
        self.on_dispatch(trace.step)

    async def _settle(self, trace: Trace, answer: Answer) -> None:
        recorded = trace.dispatched
        trace.dispatched = answer.ending is not Ending.UNREACHABLE  # which says: nothing ran there
        trace.ending = answer.ending
        if not recorded and not trace.dispatched:
            return
        trace.code = answer.status
        try:
            await self._journal.append(
                "step.settle",
                sync=trace.writes,
                target=self.target,
                step=trace.step,
                ending=str(trace.ending),
                code=answer.status,
                signal=answer.signal,
                took=answer.took,
                reason=clean(answer.reason, 400),
            )
            await self._keep_output(trace, answer)
        except JournalError as error:
            self._say(trace.step, "run", str(error))

    async def _keep_output(self, trace: Trace, answer: Answer) -> None:
        """Keep a step's output; of one that is asked again and again, the first answer."""
        if any(each.step == trace.step for each in self.traces[:-1]):
            return
        for suffix, content in (("out", answer.stdout), ("err", answer.stderr)):
            if content:
                await self.keep(f"{trace.step}.{suffix}", content)

    async def keep(self, name: str, content: bytes) -> None:
        """Keep a file of this target with the run. Raises JournalError."""
        await self._journal.keep(f"out/{output_name(self.target, name)}", content)

    def shield(self, why: str) -> None:
        """From here on an interrupt waits."""
        self.shielded = why

    def unshield(self) -> None:
        """An interrupt that waited comes now."""
        self.shielded = ""
        self.on_unshield()


def output_name(target: str, step: str) -> str:
    """Name a step's output files, without their ending."""
    return f"{_ODD.sub('_', target)}.{_ODD.sub('_', step)}"


def _idempotency_key(run: str, target: str, step: str) -> str:
    """Name one change for the far side: sent again, it is the same change."""
    return hashlib.sha256(f"{run}/{target}/{step}".encode()).hexdigest()[:32]


def why_undeclared(request: Request, spec: ActionSpec) -> str:
    """Say what a request does that its action never declared; empty when nothing."""
    if request.effect is not Effect.READ and spec.effect is Effect.READ:
        return "a reading action may not change anything"
    if request.http is not None:
        needs = [f"http:{request.http.client}"]
    else:
        needs = ["local" if request.on_console else "ssh"]
    if request.sudo:
        needs.append(f"sudo:{request.sudo}")
    missing = [need for need in needs if need not in spec.needs]
    return f"the action does not declare {missing[0]}" if missing else ""


def command_for(request: Request, host: Host, budget: float) -> Command:
    """Make the command of a request; sudo never asks, and root needs none."""
    argv, script, args = request.argv, request.script, request.args
    if request.sudo is not None and host.user != "root":
        argv = argv or ("sh", "-c", script, "step", *args)
        argv, script, args = ("sudo", "-n", "--", *argv), "", ()
    return Command(
        argv=argv,
        script=script,
        args=args,
        env=request.env,
        stdin=request.stdin,
        timeout=min(request.timeout or STEP_TIMEOUT, budget),
        max_output=min(request.max_output or OUTPUT_LIMIT, MOST_OUTPUT),
    )


def shown_words(request: Request, command: Command) -> tuple[str, ...]:
    """Show a request as the journal has it: a call's method, client, path and body, or the argument list."""
    if (call := request.http) is None:
        return shown_argv(command)
    return tuple(call.words.split(" ", 3))


def shown_argv(command: Command) -> tuple[str, ...]:
    """Show a command as the argument list that the host gets."""
    if command.argv:
        return command.argv
    pairs = tuple(f"{name}={value}" for name, value in sorted(command.env.items()))
    shell = ("sh", "-c", command.script, "step", *command.args)
    return ("env", *pairs, *shell) if pairs else shell
