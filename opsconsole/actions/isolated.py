"""`isolation: process`: a process of its own that runs a plugin's Python, over the protocol of executables.

Started as `python -m opsconsole.actions.isolated FOLDER [MODULE]`. It protects the engine's stability; not
its secrets: it runs as the same user.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from typing import BinaryIO

import msgspec

from opsconsole.actions.argv import Given
from opsconsole.errors import ActionError, OutcomeUnknownError, TransportError


class PlanStop(BaseException):
    """What follows depends on the answer of a call that was only planned; no plugin swallows it."""

    def __init__(self, call: str) -> None:
        super().__init__(call)
        self.call = call


class Answered:
    """A call's result, as `ctx` gives it."""

    def __init__(self, call: str, told: dict[str, object]) -> None:
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
    def stderr(self) -> str:
        """Standard error."""
        return str(self._part("stderr") or "")

    @property
    def took(self) -> float:
        """Not told over a process."""
        return 0.0


class Pipe:
    """Lines to the engine and back; one call at a time."""

    def __init__(self, lines_in: BinaryIO, lines_out: BinaryIO) -> None:
        self._in = lines_in
        self._out = lines_out
        self._calls = 0
        self._turn = asyncio.Lock()
        self.failed: tuple[str, BaseException] | None = None
        """The call whose bad end was raised last, and what was raised."""

    def say(self, **line: object) -> None:
        """Send a line."""
        self._out.write(msgspec.json.encode(line, enc_hook=str) + b"\n")
        self._out.flush()

    def hear(self) -> dict[str, object]:
        """Read a line; the engine's end is ours."""
        line = self._in.readline()
        if not line:
            sys.exit(0)
        return msgspec.json.decode(line, type=dict[str, object])

    async def call(self, method: str, **p: object) -> tuple[str, dict[str, object]]:
        """Ask the engine and wait."""
        async with self._turn:
            self._calls += 1
            call = f"c{self._calls}"
            self.say(op="call", id=call, m=method, p=p)
            while (answer := await asyncio.to_thread(self.hear)).get("op") != "result":
                if answer.get("op") == "cancel":
                    sys.exit(1)
            return call, msgspec.convert(answer["r"], dict[str, object])


class Ssh:
    """`ctx.ssh` over the pipe."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    async def read(self, argv: Sequence[str | int], **told: object) -> Answered:
        """Run a command that changes nothing; see `actions.api.Ssh`."""
        return await self._ask("ssh.read", argv, told)

    async def write(self, argv: Sequence[str | int], **told: object) -> Answered:
        """Run a command that changes something; see `actions.api.Ssh`."""
        return await self._ask("ssh.write", argv, told)

    async def _ask(
        self, method: str, argv: Sequence[str | int], told: dict[str, object]
    ) -> Answered:
        if isinstance(argv, str | bytes):
            raise TypeError("a command is a list of arguments, never a line")
        stdin = told.pop("stdin", b"")
        said = {key: value for key, value in told.items() if value not in (None, "")}
        if isinstance(stdin, bytes) and stdin:
            said["stdin"] = stdin.decode("utf-8", "surrogateescape")
        call, answer = await self._pipe.call(method, argv=[*argv], may_fail=True, **said)
        state, step = answer["state"], str(told.get("step") or argv[0])
        if state in ("done", "planned"):
            return Answered(call, answer)
        self._raise(call, str(state), step, answer)
        raise AssertionError(state)

    def _raise(self, call: str, state: str, step: str, answer: dict[str, object]) -> None:
        reason = str(answer.get("reason", ""))
        error: ActionError | OutcomeUnknownError | TransportError
        if state == "unknown":
            error = OutcomeUnknownError(step, reason)
        elif state == "unreachable":
            error = TransportError("", "unreachable", reason)
        else:
            code = answer.get("code")
            error = ActionError(step, reason, code if isinstance(code, int) else None)
        self._pipe.failed = (call, error)
        raise error


class Log:
    """`ctx.log` over the pipe."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def info(self, text: str) -> None:
        """Say something."""
        self._pipe.say(op="log", text=text)

    def warning(self, text: str) -> None:
        """Say something that is not well."""
        self._pipe.say(op="log", text=text, level="warning")


class Tick:
    """One round of `ctx.until`."""

    def __init__(self, elapsed: float, log: Log) -> None:
        self.elapsed = elapsed
        self.note = log.info


class PipeCtx:
    """The part of `ctx` that works over a process; anything else is told to be missing."""

    def __init__(self, pipe: Pipe, invoke: dict[str, object]) -> None:
        self._pipe = pipe
        self._planning = invoke.get("mode") == "plan"
        self.run_id = str(invoke.get("run", ""))
        self.alert = None
        self.ssh = Ssh(pipe)
        self.log = Log(pipe)

    def __getattr__(self, name: str) -> object:
        raise ActionError("ctx", f"ctx.{name} is not there over a process; isolation: inprocess")

    async def wait(self, seconds: float) -> None:
        """Do nothing for a while, by the engine's clock."""
        await self._pipe.call("wait", seconds=seconds)

    async def until(self, seconds: float, *, every: float = 2.0) -> AsyncIterator[Tick]:
        """Give a tick now and then every `every` seconds, until `seconds` have passed; one in a plan."""
        elapsed = 0.0
        while True:
            yield Tick(elapsed, self.log)
            if self._planning or elapsed >= seconds:
                return
            await self.wait(min(every, seconds - elapsed))
            elapsed += every

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Say how far it is."""
        self._pipe.say(op="progress", id=1, done=done, total=total, note=note)

    def table(self, rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> None:
        """Show rows, tabs between their cells."""
        for row in (*([header] if header else []), *rows):
            self.log.info("  ".join(str(each) for each in row))
