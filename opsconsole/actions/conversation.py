"""One process of an executable plugin, from hello to outcome; it ends with us, its whole group does."""

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import SubprocessStreamProtocol
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, Self

from opsconsole.actions.api import API
from opsconsole.actions.program import Program
from opsconsole.actions.protocol import (
    LINE_LIMIT,
    Call,
    Cancel,
    FromPlugin,
    HostHello,
    Invoke,
    LogLine,
    OutcomeLine,
    PluginHello,
    Progress,
    ProtocolError,
    Reply,
    Serve,
    Stop,
    ToPlugin,
    decode_line,
    encode_line,
)
from opsconsole.actions.requires import FEATURES
from opsconsole.model.text import clean

GRACE: Final = 5.0
"""Seconds from cancel to the kill."""
OUTPUT_LIMIT: Final = 16 << 20
"""Bytes one process may say, stdout and stderr each."""
_CHUNK: Final = 1 << 16
_TAIL: Final = 4_096
_TURN: Final = 64
"""Lines that are read in one turn of the loop."""
_HEARD: Final = 20_000
"""Lines for people that are passed on, as many as a run's output keeps; the rest is for nobody."""
_EXIT: Final = 1.0
"""Seconds a process has to exit after its outcome."""

_FOLLOWS: Final = "ssh.stream"
"""The call during which the plugin is listened to: it may say stop."""
Hear = Callable[[Progress | LogLine], None]


class Child:
    """The process: lines out, lines in, and its end."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._process: asyncio.subprocess.Process | None = None
        self._transport: asyncio.SubprocessTransport | None = None
        self._listener: asyncio.Task[None] | None = None
        self._said = 0
        self._lines = 0
        self.tail = b""
        """The end of what it said on stderr."""

    async def start(self, extra: Mapping[str, str] | None = None) -> Self:
        """Start it.

        Raises:
            TrustError: Its file was changed.
            ProtocolError: It cannot be started.
        """
        await asyncio.to_thread(self._program.check)
        loop = asyncio.get_running_loop()
        pipe = asyncio.subprocess.PIPE
        try:
            self._transport, protocol = await loop.subprocess_exec(
                lambda: SubprocessStreamProtocol(LINE_LIMIT, loop),
                *self._program.argv, stdin=pipe, stdout=pipe, stderr=pipe, cwd=self._program.folder,
                env={**self._program.env, **(extra or {})}, start_new_session=True,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            raise ProtocolError(f"cannot be started: {error}") from None
        self._process = asyncio.subprocess.Process(self._transport, protocol, loop)
        self._listener = asyncio.create_task(
            self._listen(), name=f"stderr of {self._program.plugin}"
        )
        return self

    async def send(self, line: ToPlugin) -> None:
        """Say a line; a process that is gone does not hear it."""
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._say(encode_line(line))
            await self._process.stdin.drain()

    async def receive(self) -> FromPlugin | None:
        """Hear its next line; None: it says nothing any more.

        Raises:
            ProtocolError: It is none of the protocol's, or it says too much.
        """
        assert self._process is not None
        assert self._process.stdout is not None
        if self._lines % _TURN == 0:  # what is in the buffer already is read without a pause
            await asyncio.sleep(
                0
            )  # before a line is taken: whoever is cancelled here has lost none
        try:
            data = await self._process.stdout.readline()
        except ValueError:
            raise ProtocolError("said a line of more than 1 MiB") from None
        self._count(len(data))
        self._lines += 1
        return decode_line(data) if data.strip() else await self._blank(data)

    async def _blank(self, data: bytes) -> FromPlugin | None:
        return await self.receive() if data else None

    def _say(self, data: bytes) -> None:
        """Write to its stdin; one that has ended is told of as everywhere, whatever the event loop says of it."""
        assert self._process is not None
        assert self._process.stdin is not None
        if self._process.stdin.is_closing():
            raise BrokenPipeError("it has ended")
        self._process.stdin.write(data)

    def _count(self, more: int) -> None:
        self._said += more
        if self._said > OUTPUT_LIMIT:
            raise ProtocolError(f"said more than {OUTPUT_LIMIT >> 20} MiB")

    async def read_all(self, stdin: bytes) -> tuple[bytes, int]:
        """Feed it once and hear it to its end: stdout and exit status.

        Raises:
            ProtocolError: It says too much.
        """
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(OSError):
            self._say(stdin)
            await self._process.stdin.drain()
            self._process.stdin.close()
        kept = bytearray()
        while chunk := await self._process.stdout.read(_CHUNK):
            self._count(len(chunk))
            kept += chunk
        return bytes(kept), await self._process.wait()

    async def end(self, seconds: float) -> int | None:
        """Wait for its exit so long, then kill its group; gives its status, None when it was killed."""
        process, listener = self._process, self._listener
        if process is None:
            return None
        if process.stdin is not None:
            process.stdin.close()
        status: int | None = None
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    status = await process.wait()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if listener is not None:
                listener.cancel()
            if self._transport is not None:
                self._transport.close()  # what a child of its own still holds open is not waited for
        await process.wait()
        return status

    async def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        heard = 0
        while chunk := await self._process.stderr.read(_CHUNK):
            self.tail = (self.tail + chunk)[-_TAIL:]
            heard += len(chunk)
            if heard > OUTPUT_LIMIT:
                self.tail = b"(more than 16 MiB on stderr: killed)"
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)

    @property
    def last_word(self) -> str:
        """The last line it said on stderr."""
        lines = self.tail.strip().splitlines()
        return clean(lines[-1], 200) if lines else ""


async def converse(program: Program, invoke: Invoke, serve: Serve, hear: Hear) -> OutcomeLine:
    """Have one invocation carried out.

    Args:
        program: What is started, for this invocation alone.
        invoke: What it is told.
        serve: Answers its calls.
        hear: Told its progress and log lines.

    Raises:
        ProtocolError: It left without an outcome, or did not keep to the protocol.
        TrustError: Its file was changed.
    """
    child = Child(program)
    grace = 0.0
    try:
        await child.start()
        await _greet(child, program)
        await child.send(invoke)
        outcome = await _Talk(child, invoke, serve, hear).until_outcome()
        grace = _EXIT
    except asyncio.CancelledError:
        await child.send(Cancel(invoke.id, int(GRACE * 1000)))
        grace = GRACE
        raise
    finally:
        await child.end(grace)
    return outcome


async def _greet(child: Child, program: Program) -> None:
    await child.send(HostHello(API, FEATURES, "en"))
    line = await child.receive()
    if not isinstance(line, PluginHello):
        raise ProtocolError(await _gone(child) if line is None else "did not begin with hello")
    if line.api != API:
        raise ProtocolError(f"speaks api {line.api}, this is {API}")
    if line.plugin != program.plugin:
        raise ProtocolError(f"says it is {clean(line.plugin, 60)}, not {program.plugin}")
    missing = [clean(word, 60) for word in line.requires if word not in FEATURES]
    if missing:
        raise ProtocolError(f"requires {', '.join(missing)}, which this version has not")


class _Talk:
    """One invocation's lines, from the first call to the outcome."""

    def __init__(self, child: Child, invoke: Invoke, serve: Serve, hear: Hear) -> None:
        self._child = child
        self._invoke = invoke
        self._serve = serve
        self._hear = hear
        self._heard = 0
        self._ahead: deque[FromPlugin] = deque()
        """Lines that were read while a call was followed."""

    async def until_outcome(self) -> OutcomeLine:
        """Serve it until it has an outcome."""
        while (line := await self._next()) is not None:
            match line:
                case Call():
                    await self._answer(line)
                case Progress() | LogLine():
                    self._pass_on(line)
                case OutcomeLine() if line.id == self._invoke.id:
                    return line
                case Stop():
                    pass  # what it means was over already
                case _:
                    raise ProtocolError("said hello or another invocation's outcome in between")
        raise ProtocolError(await _gone(self._child))

    def _pass_on(self, line: Progress | LogLine) -> None:
        self._heard += 1
        if self._heard <= _HEARD:
            self._hear(line)

    async def _next(self) -> FromPlugin | None:
        return self._ahead.popleft() if self._ahead else await self._child.receive()

    async def _answer(self, call: Call) -> None:
        if call.m != _FOLLOWS:
            answer = await self._serve(call, self._child.send)
        else:
            answer = await self._follow(call)
        await self._child.send(Reply(call.id, answer))

    async def _follow(self, call: Call) -> Mapping[str, object]:
        """Serve a call, and end it when the plugin says stop, or is gone."""
        work = asyncio.ensure_future(self._serve(call, self._child.send))
        listening = asyncio.create_task(self._until_stop(call), name=f"listen {call.m}")
        try:
            await asyncio.wait({work, listening}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            listening.result()
            return {"state": "stopped"}
        finally:
            for task in (work, listening):
                task.cancel()
            await asyncio.gather(work, listening, return_exceptions=True)

    async def _until_stop(self, call: Call) -> None:
        while (line := await self._child.receive()) is not None:
            match line:
                case Stop() if line.id == call.id:
                    return
                case Progress() | LogLine():
                    self._pass_on(line)
                case OutcomeLine():
                    self._ahead.append(line)
                    return
                case _:
                    self._ahead.append(line)


async def _gone(child: Child) -> str:
    status = await child.end(_EXIT)
    how = "was killed" if status is None else f"exited with {status}"
    word = child.last_word
    return f"{how} before an outcome" + (f": {word}" if word else "")
