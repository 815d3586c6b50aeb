"""The dry run, made by the engine and not by the author: what each target would see, as far as can be known.

Before the first change every read is really done: the plan of a change rests on what is there. From the first
change on nothing is asked any more, because the answers would be those of a world before it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NoReturn

import msgspec

from opsconsole.actions.api import Cache, Certificate, Ctx, Outcome, Result
from opsconsole.actions.params import Values
from opsconsole.actions.secret import Secret
from opsconsole.actions.steps import Action, CheckAnswer, Request, Target, Undo
from opsconsole.errors import ActionError
from opsconsole.model.action import END_OF_PLAN, PlannedStep, PlannedTarget
from opsconsole.model.event import Event
from opsconsole.model.inventory import Host
from opsconsole.model.run import Question
from opsconsole.model.sample import CheckResult
from opsconsole.model.states import Effect
from opsconsole.model.text import clean
from opsconsole.runs.boundary import run_guarded
from opsconsole.runs.commands import check_plain, check_sudo, command_for, shown_argv
from opsconsole.runs.door import AnyDoor, Round
from opsconsole.runs.doors import LocalDoor, SshDoor
from opsconsole.runs.http_door import HttpDoor
from opsconsole.runs.ports import Ports
from opsconsole.runs.result import PlanEndsError, Planned, read_answer
from opsconsole.runs.sending import CONSOLE, send_call, why_undeclared
from opsconsole.runs.stage import Stage
from opsconsole.runs.verdict import Kind
from opsconsole.transport.base import Answer

LOOK_BUDGET: Final = 5.0
"""Seconds that looking ahead may take on one target."""
_NOTE_LIMIT: Final = 400
_SHOWN: Final = 3
"""Lines of a read that a plan shows."""


@dataclass(slots=True)
class Seen:
    """What a look ahead has gathered on one target, nested actions and all."""

    steps: list[PlannedStep] = field(default_factory=list)
    answers: list[Result] = field(default_factory=list)
    changes: bool = False
    """A change is planned: from here on answers would be those of another world."""
    is_told: bool = False
    """The last step says itself why nothing is known behind it."""


class LookAhead(AnyDoor):
    """`ctx` while nothing may change: changes are noted, and reads are run as long as they tell something."""

    def __init__(
        self,
        stage: Stage,
        host: Host | None,
        ports: Ports,
        *,
        now: float,
        every_read: bool = False,
        seen: Seen | None = None,
    ) -> None:
        """Set up; `every_read` runs all reads of a reading action too, for the choices of a form."""
        super().__init__(stage, ports, lambda _step, _stream, _text: None)
        self.ssh, self.local, self.http = SshDoor(self), LocalDoor(self), HttpDoor(self)
        self._host = host
        self._now = now
        self._every_read = every_read
        self.planning = not every_read
        self.why_silent = ""
        """Why the host is not asked now; empty: it is."""
        self.only_lists = False
        """True: a used reading action is only shown, as it would be shown by itself."""
        self.preflight = False
        """True: everything read here is read while planning."""
        self.seen = seen or Seen()

    @property
    def cancelled(self) -> bool:
        """A plan is not stopped."""
        return False

    @property
    def now(self) -> float:
        """Epoch seconds of the plan."""
        return self._now

    def within(self, step: str, action: Action, *, preflight: bool = False) -> "LookAhead":
        """Give the door for an action used inside a step."""
        stage = replace(self.stage, action=action, prefix=f"{self.stage.prefix}{step}/")
        inner = LookAhead(
            stage, self._host, self.ports, now=self._now, every_read=self._every_read,
            seen=self.seen,
        )  # fmt: skip
        inner.preflight = self.preflight or preflight
        inner.only_lists = self.only_lists or (action.spec.effect is Effect.READ and not preflight)
        inner.why_silent = self.why_silent
        return inner

    async def foresee(
        self, step: str, work: Callable[[], Awaitable[Outcome | None]], *, said: str = ""
    ) -> Outcome | None:
        """Walk through it as far as it can be known; what follows does not rest on it."""
        if said and not self._every_read:
            self.tell(step, said)
            return None
        try:
            return await work()
        except PlanEndsError as end:
            if not self.seen.is_told:
                self.tell(step, f"cannot tell more: depends on the result of {end.step}")
            self.seen.is_told = False
            return None

    async def execute(self, request: Request) -> Result:
        """Note a request; run it when it is a read that tells something."""
        host = self._checked_host(request)
        step = self.named(request)
        preflight = request.preflight or self.preflight
        named = msgspec.structs.replace(request, step=step, preflight=preflight)
        if not self.tells(named):
            self.seen.changes |= request.effect is not Effect.READ
            self._note(named, host)
            return Planned(named.step)
        if not preflight:
            self._note(named, host)
        if self.why_silent and host is not CONSOLE:
            self._end(request.step, f"cannot tell: {self.why_silent}")
        answer = await self._ask(named, host)
        if request.hear is not None:  # whoever follows its lines gets them while planning too
            request.hear("out", answer.stdout)
        result = read_answer(named, answer, self.stage.target)
        self.seen.answers.append(result)
        if not preflight and not self._every_read:
            self._append_seen(result)
        return result

    def _checked_host(self, request: Request) -> Host:
        """Undeclared use is refused here as in the run."""
        if why := why_undeclared(request, self.action.spec):
            raise ActionError(request.step, why)
        if request.http is not None or request.on_console:
            self._check_client(request)
            return CONSOLE
        check_sudo(request, self.ports.sudo())
        if self._host is None:
            raise ActionError(request.step, f"{self.stage.target} is no host commands could run on")
        check_plain(request, self._host)
        return self._host

    def _check_client(self, request: Request) -> None:
        call, clients = request.http, self.ports.clients
        why = clients.why_not(call.client, call.method) if call and clients else ""
        if why:
            raise ActionError(request.step, why)

    def tells(self, request: Request) -> bool:
        """Tell whether a request is run now; a reading action's own reads wait for the run."""
        if request.effect is not Effect.READ or self.seen.changes or self.only_lists:
            return False
        is_asked = self._every_read or request.preflight or self.preflight
        return is_asked or not self._only_reads

    @property
    def _only_reads(self) -> bool:
        return self.stage.shared.effect is Effect.READ

    async def _ask(self, request: Request, host: Host) -> Answer:
        command = command_for(request, host, self.action.spec.timeout)
        if request.http is None:
            answer = await self.ports.remote.run(host, command)
        else:
            answer = await send_call(self.ports.clients, request, command, key="")
        return self.stage.shared.redactor.answer(answer)

    def _note(self, request: Request, host: Host) -> None:
        words = () if request.shown else shown_argv(command_for(request, host, 1.0))
        self.seen.steps.append(
            PlannedStep(
                request.step,
                request.effect,
                tuple(clean(word, 4_000, multiline=True) for word in words),
                shown=clean(self.stage.shared.redactor.text(request.shown), 4_000),
            )
        )

    def _append_seen(self, result: Result) -> None:
        """Show the beginning of what a read said beside it."""
        lines = [line for line in result.lines if line.strip()]
        more = f" … {len(lines)} lines" if len(lines) > _SHOWN else ""
        self._annotate(f"→ {' · '.join(lines[:_SHOWN])}{more}" if lines else "→ nothing")

    def _annotate(self, note: str) -> None:
        last = self.seen.steps[-1]
        self.seen.steps[-1] = msgspec.structs.replace(last, note=clean(note, _NOTE_LIMIT))

    def tell(self, step: str, note: str) -> None:
        """Add a step that is no command."""
        name = f"{self.stage.prefix}{step}"
        said = clean(self.stage.shared.redactor.text(note), _NOTE_LIMIT)
        self.seen.steps.append(PlannedStep(name, Effect.READ, (), said))

    async def push_undo(self, undo: Undo) -> None:
        """Nothing is done in a plan, so nothing is taken back."""

    async def on_undo(self, undo: Callable[[Ctx], Awaitable[object]], *, title: str = "") -> None:
        """Nothing is done in a plan, so nothing is taken back."""

    async def inquire(self, question: Question) -> Mapping[str, str]:
        """Note that a person would be asked; what they say to more than yes or no is not known."""
        if question.params:
            self._end("ask", f"asks: {question.text}")
        self.tell("ask", f"waits for a yes: {question.text}")
        return {}

    async def once(self, step: str, work: Callable[[], Awaitable[object]]) -> object:
        """Show it on every target, and that it is done once."""
        before = len(self.seen.steps)
        result = await work()
        if len(self.seen.steps) > before and not self.seen.steps[-1].note:
            self._annotate("once for the whole run")
        del step
        return result

    async def check(self, name: str, params: Mapping[str, str]) -> CheckAnswer:
        """Note that a check would be asked."""
        said = ", ".join(f"{key} {value}" for key, value in params.items())
        self.tell("check", f"asks the check {name} {said}".rstrip())
        return CheckAnswer("unknown", "only planned")

    async def until(self, seconds: float, *, every: float = 2.0) -> AsyncIterator[Round]:
        """Give one tick; whoever wants a second one waits for something that is not so yet."""
        del every
        yield Round(0.0, lambda _text: None)
        self._end("until", f"cannot tell: asks again for up to {seconds:g} s")

    async def wait(self, seconds: float) -> None:
        """Nobody waits in a plan."""

    async def secret(self, name: str) -> Secret:
        """Fetch nothing: a plan sends nothing."""
        if f"secret:{name}" not in self.action.spec.needs:
            raise ActionError("secret", f"the action does not declare secret:{clean(name, 60)}")
        return Secret(name, "")

    @property
    def cache(self) -> Cache:
        """What the plugin keeps, to be read only."""
        return _ReadOnly(super().cache)

    async def lock(self, key: str) -> None:
        """Note that a lock would be taken."""
        self.tell("lock", f"takes the lock {key}")

    @contextlib.asynccontextmanager
    async def critical(self, why: str) -> AsyncIterator[None]:
        """Nothing is interrupted in a plan."""
        del why
        yield

    async def artifact(self, name: str, content: bytes) -> None:
        """Nothing is kept in a plan."""

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Nothing is said in a plan."""

    def table(self, rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> None:
        """Nothing is shown in a plan."""

    async def checks(self) -> Sequence[CheckResult]:
        """Note that checks would run."""
        self._end("checks", "run every check now")

    async def events(self, since: float) -> Sequence[Event]:
        """Read nothing: what happened does not change the plan."""
        del since
        return ()

    async def tls(self, address: str, port: int, server_name: str) -> Certificate:
        """Note that a certificate would be looked at."""
        self.tell("tls", f"connect to {address}:{port} and read the certificate for {server_name}")
        return Certificate(address, port, server_name, reason="only planned")

    def _end(self, step: str, note: str) -> NoReturn:
        self.tell(step, note)
        self.seen.is_told = True
        raise PlanEndsError(step)


class _ReadOnly:
    """A cache that a plan may not write."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def get(self, key: str) -> object:
        return await self._cache.get(key)

    async def put(self, key: str, value: object) -> None:
        """Nothing is kept in a plan."""


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
    then = ""
    try:
        async with asyncio.timeout(seconds):
            outcome, trouble = await run_guarded(action.impl, ahead, target, values)
    except PlanEndsError as end:
        note = f"cannot tell: depends on the result of {end.step}"
        return _planned(ahead, target, state, "" if ahead.seen.is_told else note)
    except TimeoutError:
        return _planned(
            ahead, target, state, f"cannot tell: no answer in {max(0.0, seconds):.3g} s"
        )
    if trouble is None:
        is_told = ahead.seen.steps and action.spec.effect is Effect.READ
        if outcome is not None and not ahead.seen.changes and outcome.summary and not is_told:
            then = f"ends there: {outcome.summary}"
        return _planned(ahead, target, state, then)
    if trouble.kind is Kind.FAILED and not ahead.seen.steps:
        return PlannedTarget(target.name, (), trouble.why, state)
    if trouble.kind is Kind.FAILED and not ahead.seen.changes:
        return _planned(ahead, target, state, f"would stop there: {trouble.why}")
    return _planned(ahead, target, state, f"cannot tell: {trouble.why}")


def _planned(ahead: LookAhead, target: Target, state: str, note: str) -> PlannedTarget:
    steps = list(ahead.seen.steps)
    if note:
        steps.append(PlannedStep(END_OF_PLAN, Effect.READ, (), clean(note, _NOTE_LIMIT)))
    return PlannedTarget(target.name, tuple(steps), "", state)
