"""`isolation: process`: the pipe of a process of its own that runs a plugin's Python, and what comes over it.

The process is `python -m opsconsole.actions.isolated_main FOLDER [MODULE]`. It protects the engine's stability;
not its secrets: it runs as the same user.
"""

import asyncio
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

import msgspec

from opsconsole.actions.api import decode_json
from opsconsole.actions.argv import Given
from opsconsole.actions.protocol import LINE_LIMIT
from opsconsole.errors import ActionError, OutcomeUnknownError, TransportError

Told = dict[str, object]
"""One line of the engine, or the `r` of a result."""


class PlanStop(BaseException):
    """What follows depends on the answer of a call that was only planned; no plugin swallows it."""

    def __init__(self, call: str) -> None:
        super().__init__(call)
        self.call = call


class Answered:
    """A call's result, as `ctx` gives it."""

    def __init__(self, call: str, told: Told) -> None:
        self._call = call
        self._told = told

    def _part(self, name: str) -> object:
        if self._told["state"] == "planned":
            raise PlanStop(self._call)
        return self._told.get(name)

    @property
    def code(self) -> int:
        """The exit code."""
        return int(str(self._part("code")))

    @property
    def text(self) -> str:
        """Standard output without its last newline."""
        return Given(str(self._part("stdout") or ""))

    @property
    def lines(self) -> Sequence[str]:
        """Standard output by lines."""
        return self.text.split("\n") if self.text.strip() else []

    @property
    def data(self) -> bytes:
        """Standard output, as far as it is text."""
        return self.text.encode()

    def json(self) -> object:
        """Read the output as JSON."""
        return decode_json(self.text)

    @property
    def stderr(self) -> str:
        """Standard error."""
        return str(self._part("stderr") or "")

    @property
    def took(self) -> float:
        """Not told over a process."""
        return 0.0


class Pipe:
    """Lines to the engine and back; one call at a time.

    A call may be given up, by a time limit of the plugin's own: what the engine still says of it is nobody's
    answer. One thread reads, so lines come in their order, and one that nobody waits for any more is kept.
    """

    def __init__(self, lines_in: BinaryIO, lines_out: BinaryIO) -> None:
        self._in = lines_in
        self._out = lines_out
        self._calls = 0
        self._turn = asyncio.Lock()
        self._reader = ThreadPoolExecutor(1, "lines in")
        self._ahead: Future[Told] | None = None
        """The next line, asked for and not taken yet."""
        self._ended = ""
        """The call whose result was read last."""
        self._following = ""
        """The call whose lines are being read."""
        self.failed: tuple[str, BaseException] | None = None
        """The call whose bad end was raised last, and what was raised."""

    def say(self, **line: object) -> None:
        """Send a line.

        Raises:
            ActionError: It is longer than a line may be.
        """
        data = msgspec.json.encode(line, enc_hook=str) + b"\n"
        if len(data) > LINE_LIMIT:
            raise ActionError("ctx", "over a process one call says 1 MiB at most")
        self._out.write(data)
        self._out.flush()

    def hear(self) -> Told:
        """Read a line; the engine's end is ours."""
        line = self._in.readline()
        if not line:
            sys.exit(0)
        told = msgspec.json.decode(line, type=dict[str, object])
        if told["op"] == "cancel":
            sys.exit(1)
        if told["op"] == "result":
            self._ended = str(told["id"])
        return told

    async def next_of(self, call: str) -> Told:
        """Read the next line of a call, past those of calls that were given up."""
        while True:
            ahead = self._read_ahead()
            told = await asyncio.wrap_future(ahead)  # what is being read is not cancelled with us
            self._ahead = None
            if told["id"] == call:
                return told

    def _next_now(self, call: str) -> Told:
        while True:
            told = self._read_ahead().result()
            self._ahead = None
            if told["id"] == call:
                return told

    def _read_ahead(self) -> Future[Told]:
        if self._ahead is None or self._ahead.cancelled():  # so it is when reading had not begun
            self._ahead = self._reader.submit(self.hear)
        return self._ahead

    def _skip(self, call: str) -> None:
        while self._ended != call:
            self.hear()

    async def call(self, method: str, p: Told, step: str = "") -> tuple[str, Told]:
        """Ask the engine and wait: what its result says, `data` lines before it as `pieces`.

        Args:
            method: The call's name.
            p: What it takes; None is not said.
            step: What a bad end of it is called.

        Raises:
            ActionError: It ended badly, or was refused.
            OutcomeUnknownError: Its end was not seen.
            TransportError: It was not started.
        """
        async with self._turn:
            self._refuse_while_following()
            call = self._begin(method, p)
            pieces: list[object] = []
            while (answer := await self.next_of(call))["op"] != "result":
                pieces.append(answer.get("base64"))
            return call, self.checked(call, answer, step or method, pieces)

    def call_now(self, method: str, p: Told) -> Told:
        """As `call`, for what is no coroutine in `ctx`: it holds the process up."""
        self._refuse_beside_another(method)
        call = self._begin(method, p)
        while (answer := self._next_now(call))["op"] != "result":
            pass
        return self.checked(call, answer, method, [])

    def follow(self, method: str, p: Told, step: str) -> "Following":
        """Ask for something that has lines; leaving the loop over them ends it there."""
        self._refuse_beside_another(method)
        self._following = self._begin(method, p)
        return Following(self, self._following, step)

    def followed(self, call: str, *, stop: bool) -> None:
        """Be told that the lines of a call are read, or that nobody reads them any more."""
        if self._following != call:
            return
        self._following = ""
        if stop:
            self.say(op="stop", id=call)
            self._reader.submit(self._skip, call)  # the engine never waits for us to read the rest

    def _refuse_beside_another(self, method: str) -> None:
        self._refuse_while_following()
        if self._turn.locked():
            raise ActionError("ctx", f"over a process {method} cannot be asked beside another call")

    def _refuse_while_following(self) -> None:
        if self._following:
            raise ActionError("ctx", "over a process nothing else is asked inside a stream's loop")

    def _begin(self, method: str, p: Told) -> str:
        self._calls += 1
        call = f"c{self._calls}"
        said = {key: value for key, value in p.items() if value is not None}
        self.say(op="call", id=call, m=method, p={**said, "may_fail": True})
        return call

    def checked(self, call: str, answer: Told, step: str, pieces: list[object]) -> Told:
        """Give what a result says, or raise what its call ended in."""
        told = msgspec.convert(answer["r"], dict[str, object])
        state, reason = str(told["state"]), str(told.get("reason", ""))
        if state in ("done", "planned", "stopped"):
            return {**told, "pieces": pieces} if pieces else told
        error: ActionError | OutcomeUnknownError | TransportError
        if state == "unknown":
            error = OutcomeUnknownError(step, reason)
        elif state == "unreachable":
            error = TransportError("", "unreachable", reason)
        else:
            code = told.get("code")
            error = ActionError(step, reason, code if isinstance(code, int) else None)
        self.failed = (call, error)
        raise error


class Following:
    """The lines of a call as they come; whoever drops it has had enough."""

    def __init__(self, pipe: Pipe, call: str, step: str) -> None:
        self._pipe = pipe
        self._call = call
        self._step = step
        self._is_over = False

    def __aiter__(self) -> "Following":
        return self

    async def __anext__(self) -> str:
        if self._is_over:
            raise StopAsyncIteration
        line = await self._pipe.next_of(self._call)
        if line["op"] != "result":
            return Given(str(line["text"]))
        self._is_over = True
        self._pipe.followed(self._call, stop=False)
        self._pipe.checked(self._call, line, self._step, [])
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Have had enough."""
        self._is_over = True
        self._pipe.followed(self._call, stop=True)

    def __del__(self) -> None:
        self._pipe.followed(self._call, stop=True)
