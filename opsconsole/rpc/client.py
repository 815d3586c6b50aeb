"""A console's or a verb's side of the socket: mirrors the snapshot, asks calls, attaches again when cut off."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from enum import StrEnum
from types import TracebackType
from typing import Final, Self, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsconsole.clock import Clock
from opsconsole.errors import EngineError, OpsConsoleError, RefusedError, RpcError
from opsconsole.model import delta
from opsconsole.model.calls import AnyCall
from opsconsole.model.snapshot import Snapshot
from opsconsole.rpc.framing import encode, read_from_server
from opsconsole.rpc.messages import (
    CLIENT_FRAME_LIMIT,
    PROTOCOL,
    Bye,
    CallFrame,
    DeltaFrame,
    EventFrame,
    FromServer,
    Hello,
    ReplyFrame,
    SnapshotFrame,
)

Reply = TypeVar("Reply", bound=Struct)
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Opener = Callable[[], Awaitable[Streams]]
"""Connects to the engine, starting one where that is wanted; raises EngineError with what to do."""

_FIRST_RETRY: Final = 0.2
_LAST_RETRY: Final = 2.0
_HELLO_WITHIN: Final = 10.0
CALL_WITHIN: Final = 30.0

log = logging.getLogger(__name__)


class Link(StrEnum):
    """How the client stands with its engine."""

    CONNECTING = "connecting"
    ATTACHED = "attached"
    LOST = "lost"
    """It was attached, or could not attach; it tries again by itself."""
    CLOSED = "closed"


class Client:
    """Mirrors one engine. Use as an async context manager, or `start` and `close`."""

    def __init__(
        self,
        opener: Opener,
        hello: Hello,
        clock: Clock,
        *,
        on_close: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.snapshot = Snapshot()
        """The newest revision that arrived; kept while the engine is lost."""
        self.link = Link.CONNECTING
        self.reason = ""
        """Why it is lost, a sentence."""
        self.engine: Hello | None = None
        """The engine's hello: its version, pid, name, and who we are to it."""
        self._opener = opener
        self._on_close = on_close
        self._hello = hello
        self._clock = clock
        self._writer: asyncio.StreamWriter | None = None
        self._pending: dict[int, asyncio.Future[ReplyFrame]] = {}
        self._last_call = 0
        self._bell = asyncio.Event()
        self._moved = asyncio.Event()
        self._received = clock.monotonic()
        self._error: Exception | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start to attach; does not wait for it."""
        self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Detach."""
        await self.close()

    @property
    def actor(self) -> str:
        """Who the engine says we are; empty before the first attach."""
        return self.engine.actor if self.engine else ""

    @property
    def version_differs(self) -> bool:
        """True when the engine is of another version than we are, so that a restart is offered."""
        return self.engine is not None and self.engine.version != self._hello.version

    def now(self) -> float:
        """The engine's time, carried on by our own clock: ages go on while it is lost."""
        if not self.snapshot.now:
            return self._clock.now()
        return self.snapshot.now + self._clock.monotonic() - self._received

    def start(self) -> None:
        """Begin to attach, and to attach again whenever cut off."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="rpc client")
            self._task.add_done_callback(lambda _task: self._set_link(Link.CLOSED, self.reason))

    async def ready(self, within: float = 15.0) -> None:
        """Wait for the first snapshot (or the hello, where none is subscribed).

        Raises:
            EngineError: The first attempt to attach failed, or took longer than so many seconds; says why.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while not self._is_ready() and self.link not in (Link.LOST, Link.CLOSED):
                    await self._moved.wait()
                    self._moved.clear()
        if self._task is not None and self._task.done():
            self._task.result()
        if not self._is_ready():
            text = self.reason or f"the engine did not answer within {within:g} s"
            raise EngineError(text) from self._error

    async def wait_change(self) -> None:
        """Wait until snapshot or link changed since the last wait; many changes count as one."""
        await self._bell.wait()
        self._bell.clear()

    async def call(
        self, call: AnyCall, reply: type[Reply], *, within: float = CALL_WITHIN
    ) -> Reply:
        """Ask the engine and wait for its answer.

        Raises:
            RefusedError: The engine declined; `code` says why in a word.
            EngineError: It is not attached, was lost, or did not answer in time.
        """
        if self._writer is None or self.link is not Link.ATTACHED:
            raise EngineError(self.reason or "the engine is not attached")
        self._last_call += 1
        number = self._last_call
        frame = encode(CallFrame(number, call))
        if len(frame) > CLIENT_FRAME_LIMIT:
            raise RefusedError("param", f"a call of {len(frame)} bytes is too long for the engine")
        answer: asyncio.Future[ReplyFrame] = asyncio.get_running_loop().create_future()
        self._pending[number] = answer
        try:
            self._writer.write(frame)
            async with asyncio.timeout(within):
                said = await answer
        except TimeoutError:
            raise EngineError(f"the engine did not answer within {within:g} s") from None
        finally:
            self._pending.pop(number, None)
        return _unpack(said, reply)

    async def close(self) -> None:
        """Detach and end."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(encode(Bye("client leaves")))
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        if self._on_close is not None:
            await self._on_close()
        self._set_link(Link.CLOSED, "closed")

    def _is_ready(self) -> bool:
        is_mirrored = self.snapshot.revision > 0 or not self._hello.subscribe
        return self.link is Link.ATTACHED and is_mirrored

    async def _run(self) -> None:
        wait = _FIRST_RETRY
        while True:
            try:
                await self._attach()
            except (OpsConsoleError, OSError, TimeoutError) as error:
                reason = str(error) or "the engine does not answer"
                self._error = error
            else:
                reason = "the engine went away"
            if self.link is Link.ATTACHED:
                wait = _FIRST_RETRY
            self._lost(reason)
            await self._clock.sleep(wait)
            wait = min(_LAST_RETRY, wait * 2)

    async def _attach(self) -> None:
        reader, writer = await self._opener()
        try:
            await self._greet(reader, writer)
            self._writer = writer
            self._set_link(Link.ATTACHED, "")
            while (frame := await read_from_server(reader)) is not None:
                self._take(frame)
        finally:
            self._writer = None
            writer.transport.abort()

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(encode(self._hello))
        async with asyncio.timeout(_HELLO_WITHIN):
            theirs = await read_from_server(reader)
        if isinstance(theirs, Bye):
            raise RpcError(theirs.reason)
        if not isinstance(theirs, Hello):
            raise RpcError("the engine did not say hello")
        self.engine = theirs
        if theirs.protocol != PROTOCOL:
            raise RpcError(
                f"the running engine is version {theirs.version} (protocol {theirs.protocol}), this is "
                f"{self._hello.version} (protocol {PROTOCOL}): opsconsole engine stop, then start again"
            )

    def _take(self, frame: FromServer) -> None:
        match frame:
            case SnapshotFrame(snapshot=snapshot):
                self._mirror(snapshot)
            case DeltaFrame(delta=change) if change.base != self.snapshot.revision:
                self._resync()
            case DeltaFrame(delta=change):
                self._mirror(delta.apply(self.snapshot, change))
            case ReplyFrame():
                waiting = self._pending.get(frame.id)
                if waiting is not None and not waiting.done():
                    waiting.set_result(frame)
            case Bye(reason=reason):
                raise RpcError(reason)
            case EventFrame() | Hello():
                log.debug("the engine says %r", frame)

    def _mirror(self, snapshot: Snapshot) -> None:
        if self._hello.read_only and not snapshot.access.read_only:
            snapshot = replace(snapshot, access=replace(snapshot.access, read_only=True))
        self.snapshot = snapshot
        self._received = self._clock.monotonic()
        self._ring()

    def _resync(self) -> None:
        if self._writer is not None:
            self._writer.write(encode(self._hello))

    def _lost(self, reason: str) -> None:
        for waiting in self._pending.values():
            if not waiting.done():
                waiting.set_exception(EngineError(f"the engine was lost: {reason}"))
        self._set_link(Link.LOST, reason)

    def _set_link(self, link: Link, reason: str) -> None:
        self.link = link
        self.reason = reason
        self._ring()

    def _ring(self) -> None:
        self._bell.set()
        self._moved.set()


def open_path(path: str) -> Opener:
    """Make an opener for a socket that somebody already serves."""

    async def connect() -> Streams:
        try:
            async with asyncio.timeout(5.0):
                return await asyncio.open_unix_connection(path)
        except TimeoutError:
            raise EngineError(f"{path} does not answer") from None
        except OSError as error:
            raise EngineError(f"no engine on {path}: {error.strerror or error}") from error

    return connect


def _unpack(frame: ReplyFrame, reply: type[Reply]) -> Reply:
    if frame.code in ("failed", "internal"):
        raise EngineError(frame.error)
    if frame.code:
        raise RefusedError(frame.code, frame.error)
    try:
        return msgspec.msgpack.decode(frame.result, type=reply)
    except msgspec.DecodeError as error:
        raise RpcError(f"the engine answered with something else: {error}") from error
