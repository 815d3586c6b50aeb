"""What an action is handed while it runs: `ctx`, over one attempt and the engine's ports."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

import msgspec

from opsconsole.actions.api import Ctx, Outcome, Result
from opsconsole.actions.steps import Action, CheckAnswer, Door, Request, Undo
from opsconsole.clock import Clock
from opsconsole.errors import ActionError
from opsconsole.model.run import Question
from opsconsole.model.sample import CheckResult
from opsconsole.model.text import NAME_LIMIT, clean
from opsconsole.runs.attempt import Attempt
from opsconsole.runs.door import AnyDoor, Round
from opsconsole.runs.doors import LocalDoor, SshDoor
from opsconsole.runs.http_door import HttpDoor
from opsconsole.runs.ports import Ports
from opsconsole.runs.sending import Say
from opsconsole.runs.stage import Stage

ARTIFACT_LIMIT: Final = 64 << 20
STATES: Final = {"up": "ok", "degraded": "warning", "down": "critical", "maintenance": "ok"}
"""A check's state as a Nagios plugin would say it; whatever else is unknown."""


class Desk(Protocol):
    """What a live run keeps for one of its targets beside its commands."""

    @property
    def is_stopping(self) -> bool:
        """Tell whether nothing new is started any more."""
        ...

    async def lock(self, key: str) -> None:
        """Take one more lock for the rest of the run; raises ActionError, naming the holder."""
        ...

    async def push_undo(self, undo: Undo) -> None:
        """Keep how a step is taken back; on disk on return. Raises JournalError."""
        ...

    async def ask(self, question: Question) -> Mapping[str, str]:
        """Ask a person; raises ActionError for no, and for no answer in time."""
        ...


class RunContext(AnyDoor):
    """`ctx` of a real run on one target."""

    def __init__(
        self, attempt: Attempt, ports: Ports, clock: Clock, say: Say, desk: Desk, stage: Stage
    ) -> None:
        """Set up."""
        super().__init__(stage, ports, lambda step, stream, text: say(step, stream, text))
        self.ssh, self.local, self.http = SshDoor(self), LocalDoor(self), HttpDoor(self)
        self._attempt = attempt
        self._clock = clock
        self._said = ""
        self._say = say
        self._desk = desk
        self._masked: set[str] = set()

    @property
    def now(self) -> float:
        """Epoch seconds of the engine."""
        return self._clock.now()

    @property
    def cancelled(self) -> bool:
        """A person stopped the run."""
        return self._desk.is_stopping

    async def foresee(
        self, _step: str, work: Callable[[], Awaitable[Outcome | None]], *, said: str = ""
    ) -> Outcome | None:
        """In a run nothing is foreseen: it is done."""
        del said
        return await work()

    def tells(self, _request: Request) -> bool:
        """In a run every answer is known when it is there."""
        return True

    def within(self, step: str, action: Action, *, preflight: bool = False) -> "RunContext":
        """Give the door for an action used inside a step."""
        del preflight
        prefix = f"{self.stage.prefix}{step}/"
        return self.on(replace(self.stage, action=action, prefix=prefix))

    async def execute(self, request: Request) -> Result:
        """Run one request; the secrets the action may use are masked before anything is said."""
        await self._mask()
        named = msgspec.structs.replace(request, step=self.named(request))
        if not named.critical:
            return await self._attempt.execute(named)
        async with self.critical(named.critical):
            return await self._attempt.execute(named)

    async def _mask(self) -> None:
        for need in self.action.spec.needs:
            if need.startswith("secret:") and need not in self._masked:
                self._masked.add(need)
                with contextlib.suppress(ActionError):  # told when it is asked for
                    await self.secret(need.removeprefix("secret:"))

    async def inquire(self, question: Question) -> Mapping[str, str]:
        """Ask a person and wait."""
        return await self._desk.ask(question)

    async def once(self, step: str, work: Callable[[], Awaitable[object]]) -> object:
        """Do something for the whole run."""
        return await self.stage.shared.once.do(f"{self.stage.prefix}{step}", work)

    async def on_undo(self, undo: Callable[[Ctx], Awaitable[object]], *, title: str = "") -> None:
        """Keep how what comes next is taken back."""
        said = clean(title or getattr(undo, "__name__", "undo"), NAME_LIMIT)
        await self.push_undo(Undo("", said, undo))

    async def lock(self, key: str) -> None:
        """Take one more lock, before the first write."""
        if any(trace.writes for trace in self._attempt.traces):
            raise ActionError("lock", "a lock is taken before the first write")
        await self._desk.lock(key)

    @contextlib.asynccontextmanager
    async def critical(self, why: str) -> AsyncIterator[None]:
        """Hold an interrupt off while something must not be cut in half."""
        self._attempt.shield(clean(why, NAME_LIMIT))
        try:
            yield
        finally:
            self._attempt.unshield()

    async def artifact(self, name: str, content: bytes) -> None:
        """Keep a file with the run."""
        if len(content) > ARTIFACT_LIMIT:
            raise ActionError("artifact", f"{clean(name, 60)} is more than 64 MiB")
        await self._attempt.ledger.keep(name, self.stage.shared.redactor.content(content))
        self._say("artifact", "run", f"kept {clean(name, 80)}, {len(content)} bytes")

    async def check(self, name: str, params: Mapping[str, str]) -> CheckAnswer:
        """Ask a check of the inventory once, freshly."""
        if self.ports.checks is None:
            raise ActionError("checks", "this engine cannot run checks on demand")
        ref = f"service:{params['service']}" if "service" in params else self.stage.ref
        for result in await self.ports.checks(ref):
            if result.check == name:
                return CheckAnswer(STATES.get(str(result.state), "unknown"), result.reason)
        raise ActionError("check", f"there is no check {clean(name, 80)} on {ref}")

    async def push_undo(self, undo: Undo) -> None:
        """Keep how a step is taken back; it runs over a door like this one."""
        stage = self.stage

        async def take_back(door: Door) -> object:
            if isinstance(door, RunContext):
                door = door.on(stage)
            return await undo.run(door)

        step = f"{stage.prefix}{undo.step}" if undo.step else ""
        await self._desk.push_undo(Undo(step, undo.title, take_back, undo.plain))

    def on(self, stage: Stage) -> "RunContext":
        """Give the same door for another stage: an undo of a nested step speaks for its own action."""
        return RunContext(self._attempt, self.ports, self._clock, self._say, self._desk, stage)

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

    async def checks(self) -> Sequence[CheckResult]:
        """Run every check of the target now."""
        if self.ports.checks is None:
            raise ActionError("checks", "this engine cannot run checks on demand")
        return await self.ports.checks(self.stage.ref)
