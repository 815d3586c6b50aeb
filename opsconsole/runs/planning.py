"""The dry run, made by the engine and not by the author: what each target would see, as far as can be known."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Final, NoReturn

from opsconsole.actions.api import Certificate, Result
from opsconsole.actions.params import Values
from opsconsole.actions.steps import Action, Request, Target, Undo
from opsconsole.config.sudo_table import SudoTable
from opsconsole.errors import ActionError
from opsconsole.model.action import ActionSpec, PlannedStep, PlannedTarget
from opsconsole.model.alert import Alert
from opsconsole.model.event import Event
from opsconsole.model.inventory import Host
from opsconsole.model.run import Question
from opsconsole.model.sample import CheckResult
from opsconsole.model.states import Effect
from opsconsole.model.text import clean
from opsconsole.runs.boundary import run_guarded
from opsconsole.runs.commands import check_sudo, command_for, shown_argv
from opsconsole.runs.context import Round, Speaker, SshDoor
from opsconsole.runs.result import PlanEndsError, Planned, read_answer
from opsconsole.runs.targets import given_alert
from opsconsole.runs.verdict import Kind
from opsconsole.transport.base import Remote

LOOK_BUDGET: Final = 5.0
"""Seconds that looking ahead may take on one target."""
Runs = Callable[[Request], bool]


def only_preflight(request: Request) -> bool:
    """In a plan only declared preflight reads are run."""
    return request.preflight and request.effect is Effect.READ


def every_read(request: Request) -> bool:
    """For choices every read is run."""
    return request.effect is Effect.READ


class LookAhead:
    """`ctx` while nothing may change: requests are noted, and a few reads are run."""

    def __init__(
        self,
        target: str,
        host: Host | None,
        spec: ActionSpec,
        remote: Remote,
        *,
        now: float,
        alert: Alert | None,
        runs: Runs = only_preflight,
        why_silent: str = "",
        sudo: SudoTable | None = None,
    ) -> None:
        """Set up; `runs` says which requests are really run; `why_silent` why none is here."""
        self._target = target
        self._host = host
        self._spec = spec
        self._remote = remote
        self._runs = runs
        self._why_silent = why_silent
        self._sudo = sudo or {}
        self.planning = runs is only_preflight
        self.now = now
        self.alert = None if alert is None else given_alert(alert)
        self.run_id = "plan"
        self.steps: list[PlannedStep] = []
        self.answers: list[Result] = []
        self.ssh = SshDoor(self.execute)
        self.log = Speaker(lambda _step, _stream, _text: None)

    async def execute(self, request: Request) -> Result:
        """Note a request; run it when it is one that may be."""
        if self._host is None:
            raise ActionError(request.step, f"{self._target} is no host commands could run on")
        check_sudo(request, self._sudo)
        command = command_for(request, self._host, self._spec.timeout)
        if not self._runs(request):
            argv = tuple(clean(word, 4_000, multiline=True) for word in shown_argv(command))
            self.steps.append(PlannedStep(request.step, request.effect, argv))
            return Planned(request.step)
        if self._why_silent:
            self._end(request.step, f"cannot tell: {self._why_silent}")
        answer = await self._remote.run(self._host, command)
        result = read_answer(request, answer, self._target)
        self.answers.append(result)
        return result

    async def push_undo(self, undo: Undo) -> None:
        """Nothing is done in a plan, so nothing is taken back."""

    async def ask(self, question: Question) -> Mapping[str, str]:
        """Note that a person would be asked; what they say is not known."""
        self._end("ask", f"asks: {question.text}")

    async def until(self, seconds: float, *, every: float = 2.0) -> AsyncIterator[Round]:  # noqa: ARG002 - one look is all a plan takes
        """Give one tick: what the loop asks is shown once."""
        yield Round(0.0, lambda _text: None)

    async def wait(self, seconds: float) -> None:
        """Nobody waits in a plan."""

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Nothing is said in a plan."""

    def table(self, rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> None:
        """Nothing is shown in a plan."""

    async def checks(self) -> Sequence[CheckResult]:
        """Note that checks would run."""
        self._end("checks", "run every check now")

    async def events(self, since: float) -> Sequence[Event]:  # noqa: ARG002 - the signature is Ctx's
        """Read nothing: what happened does not change the plan."""
        return ()

    async def tls(self, address: str, port: int, server_name: str) -> Certificate:
        """Note that a certificate would be looked at."""
        note = f"connect to {address}:{port} and read the certificate for {server_name}"
        self.steps.append(PlannedStep("tls", Effect.READ, (), clean(note, 400)))
        return Certificate(address, port, server_name, reason="only planned")

    def _end(self, step: str, note: str) -> NoReturn:
        self.steps.append(PlannedStep(step, Effect.READ, (), clean(note, 400)))
        raise PlanEndsError(step)


async def look_ahead(
    action: Action,
    ahead: LookAhead,
    target: Target,
    values: Values,
    *,
    state: str,
    seconds: float = LOOK_BUDGET,
) -> PlannedTarget:
    """Walk an action on one target without changing anything.

    Args:
        action: What would be run.
        ahead: Its context, for this target.
        target: The target.
        values: The parameters.
        state: The target's state, for the blast radius.
        seconds: How long it may take.
    """
    try:
        async with asyncio.timeout(seconds):
            _, trouble = await run_guarded(action.impl, ahead, target, values)
    except PlanEndsError as end:
        note = f"cannot tell: depends on the result of {end.step}"
        return _planned(ahead, target, state, note if not _last_notes(ahead) else "")
    except TimeoutError:
        return _planned(
            ahead, target, state, f"cannot tell: no answer in {max(0.0, seconds):.3g} s"
        )
    if trouble is None:
        return _planned(ahead, target, state, "")
    if trouble.kind is Kind.FAILED and not ahead.steps:
        return PlannedTarget(target.name, (), trouble.why, state)
    return _planned(ahead, target, state, f"cannot tell: {trouble.why}")


def _last_notes(ahead: LookAhead) -> bool:
    return bool(ahead.steps) and bool(ahead.steps[-1].note)


def _planned(ahead: LookAhead, target: Target, state: str, note: str) -> PlannedTarget:
    steps = list(ahead.steps)
    if note:
        steps.append(PlannedStep("…", Effect.READ, (), clean(note, 400)))
    return PlannedTarget(target.name, tuple(steps), "", state)
