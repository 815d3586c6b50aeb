"""`ctx` of what plugins contribute beside actions: it reads as an action does, and changes nothing."""

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Final, NoReturn

from opsconsole.actions.api import Cache, Ctx, Result
from opsconsole.actions.secret import Secret
from opsconsole.actions.steps import CheckAnswer, Request, Undo
from opsconsole.clock import Clock
from opsconsole.errors import ActionError
from opsconsole.model.inventory import Host
from opsconsole.model.plugin import Contribution
from opsconsole.model.run import Question
from opsconsole.model.sample import CheckResult
from opsconsole.model.states import Effect
from opsconsole.model.text import clean
from opsconsole.runs.commands import command_for
from opsconsole.runs.door import AnyDoor, Round, Speaker
from opsconsole.runs.planning import LookAhead
from opsconsole.runs.ports import Ports
from opsconsole.runs.result import read_answer
from opsconsole.runs.sending import CONSOLE, send_call
from opsconsole.runs.stage import Stage

log = logging.getLogger(__name__)

_TELLS: Final = "notifier"
"""The kind that may send to a named HTTP client: telling somebody is what it is for."""


class ReadDoor(LookAhead):
    """Reads are run; what only an action may do is refused in a sentence."""

    def __init__(
        self,
        stage: Stage,
        host: Host | None,
        ports: Ports,
        clock: Clock,
        spec: Contribution,
        given: object = None,
    ) -> None:
        """Set up; `given` is what it is called about, a notifier's event."""
        super().__init__(stage, host, ports, now=clock.now(), every_read=True)
        self._clock = clock
        self._spec = spec
        self._given = given

        def say(_step: str, _stream: str, text: str | bytes) -> None:
            log.info("%s: %s", spec.id, clean(text))

        self.log = Speaker(say)

    @property
    def now(self) -> float:
        """Epoch seconds of the engine."""
        return self._clock.now()

    async def execute(self, request: Request) -> Result:
        """Run a read; a notifier's HTTP call too."""
        if request.effect is Effect.READ:
            return await super().execute(request)
        if self._spec.kind != _TELLS or request.http is None:
            _refuse("change something", request.step)
        return await self._send(request)

    async def _send(self, request: Request) -> Result:
        """Send once; the far side knows a second try of the same event by its key."""
        assert request.http is not None
        need = f"http:{request.http.client}"
        if need not in self._spec.needs:
            raise ActionError(request.step, f"{self._spec.id} does not declare {need}")
        self._check_client(request)
        event = f"{self._spec.id}/{request.step}/{self._given!r}"
        key = hashlib.sha256(event.encode()).hexdigest()[:32]
        command = command_for(request, CONSOLE, self._spec.timeout)
        answer = await send_call(self.ports.clients, request, command, key=key)
        return read_answer(request, self.stage.shared.redactor.answer(answer), self.stage.target)

    async def until(self, seconds: float, *, every: float = 2.0) -> AsyncIterator[Round]:
        """Give a tick now and then every `every` seconds, until `seconds` have passed."""
        began = self._clock.monotonic()
        while True:
            yield Round(self._clock.monotonic() - began, self.log.info)
            rest = seconds - (self._clock.monotonic() - began)
            if rest <= 0:
                return
            await self._clock.sleep(min(max(every, 0.05), rest))

    async def wait(self, seconds: float) -> None:
        """Do nothing for a while."""
        await self._clock.sleep(seconds)

    async def secret(self, name: str) -> Secret:
        """Fetch a secret."""
        return await AnyDoor.secret(self, name)

    @property
    def cache(self) -> Cache:
        """What the plugin keeps."""
        return self.ports.cache(self.action.plugin)

    async def inquire(self, question: Question) -> Mapping[str, str]:
        """A person is asked by actions."""
        _refuse("ask a person", f"ask {clean(question.text, 60)}")

    async def lock(self, key: str) -> None:
        """A lock belongs to a run."""
        _refuse("take a lock", f"lock {clean(key, 60)}")

    async def artifact(self, name: str, content: bytes) -> None:
        """A file is kept with a run."""
        _refuse("keep a file", f"artifact {clean(name, 60)}, {len(content)} bytes")

    async def push_undo(self, undo: Undo) -> None:
        """What changes nothing is not taken back."""
        _refuse("change something", undo.step or "undo")

    async def on_undo(self, undo: Callable[[Ctx], Awaitable[object]], *, title: str = "") -> None:
        """What changes nothing is not taken back."""
        _refuse("change something", title or getattr(undo, "__name__", "undo"))

    @contextlib.asynccontextmanager
    async def critical(self, why: str) -> AsyncIterator[None]:
        """There is no interrupt to hold off."""
        await asyncio.sleep(0)
        log.debug("%s: %s", self._spec.id, clean(why))
        yield

    async def checks(self) -> Sequence[CheckResult]:
        """A check that runs all checks would run itself."""
        _refuse("run checks", "checks")

    async def check(self, name: str, params: Mapping[str, str]) -> CheckAnswer:
        """A check that asks another might ask itself."""
        _refuse("ask a check", f"check {clean(name, 60)} {len(params)}")


def _refuse(what: str, step: str) -> NoReturn:
    raise ActionError(step, f"only an action may {what}")
