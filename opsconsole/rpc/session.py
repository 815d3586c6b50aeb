"""One client of the engine: its hello, its calls, and what it has already been told."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from msgspec import Raw, Struct

from opsconsole.errors import OpsConsoleError, RefusedError, RpcError
from opsconsole.model.calls import AnyCall
from opsconsole.model.snapshot import Snapshot
from opsconsole.rpc.framing import encode, read_from_client
from opsconsole.rpc.messages import PROTOCOL, Bye, CallFrame, Hello, ReplyFrame
from opsconsole.rpc.peer import Peer

Handler = Callable[[AnyCall, Peer], Awaitable[Struct]]
"""Answers one call for one peer; raises RefusedError or another OpsConsoleError to decline."""

SLOW_AT: Final = 1 << 20
"""Bytes waiting for a client beyond which it gets one merged delta later instead of more frames."""
_CALLS: Final = 32
"""Calls of one client under way; the next frame is not read before one ends."""
_HELLO_WITHIN: Final = 5.0
_FINISH_WITHIN: Final = 5.0
"""Seconds that calls under way get to end after their client is gone."""

log = logging.getLogger(__name__)


class Session:
    """The server's side of one connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler
    ) -> None:
        self.seen: Snapshot | None = None
        """What the client mirrors; None: it needs everything."""
        self.subscribed = False
        self._reader = reader
        self._writer = writer
        self._handler = handler
        self._slots = asyncio.Semaphore(_CALLS)
        self._calls: set[asyncio.Task[None]] = set()

    @property
    def is_slow(self) -> bool:
        """Tell whether more than 1 MiB waits for the client."""
        return self._writer.transport.get_write_buffer_size() > SLOW_AT

    async def greet(self, ours: Hello) -> Hello:
        """Exchange hellos; ours always goes out, so that the other side learns our version.

        Raises:
            RpcError: No hello came, or it speaks another protocol.
        """
        async with asyncio.timeout(_HELLO_WITHIN):
            theirs = await read_from_client(self._reader)
        if theirs is None:
            raise RpcError("it left before its hello")
        if not isinstance(theirs, Hello):
            raise RpcError("the first frame must be a hello")
        self.send(encode(ours))
        if theirs.protocol != PROTOCOL:
            raise RpcError(
                f"the engine ({ours.version}) speaks protocol {PROTOCOL}, you ({theirs.version}) "
                f"speak {theirs.protocol}: restart the engine (opsconsole engine stop)"
            )
        self.subscribed = theirs.subscribe
        return theirs

    async def serve(self, peer: Peer, again: Callable[[], None]) -> None:
        """Answer calls until the client goes; `again` is told when it asks for a fresh snapshot.

        Raises:
            RpcError: It sent what is not a frame of ours.
        """
        try:
            while (frame := await read_from_client(self._reader)) is not None:
                match frame:
                    case CallFrame():
                        await self._slots.acquire()
                        self._start(frame, peer)
                    case Hello():
                        self.seen = None
                        again()
                    case Bye():
                        return
        finally:
            await self._finish()

    def send(self, data: bytes) -> None:
        """Hand bytes to the connection; never waits. A closed one swallows them."""
        if not self._writer.is_closing():
            self._writer.write(data)

    async def close(self, reason: str) -> None:
        """Say why, and close; a client that does not read is cut off."""
        self.send(encode(Bye(reason)))
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()
        self._writer.transport.abort()

    def _start(self, frame: CallFrame, peer: Peer) -> None:
        name = f"call {frame.call.__struct_config__.tag} of {peer.actor}"
        task = asyncio.create_task(self._answer(frame, peer), name=name)
        self._calls.add(task)
        task.add_done_callback(lambda done: self._ended(done, frame.id))

    def _ended(self, task: asyncio.Task[None], call: int) -> None:
        self._calls.discard(task)
        self._slots.release()
        if task.cancelled() or (error := task.exception()) is None:
            return
        log.error("%s failed", task.get_name(), exc_info=error)
        self.send(encode(ReplyFrame(call, code="internal", error=f"engine fault: {error!r}")))

    async def _answer(self, frame: CallFrame, peer: Peer) -> None:
        self.send(encode(await self._reply(frame, peer)))
        with contextlib.suppress(OSError):  # the client went; the call was done all the same
            await self._writer.drain()

    async def _reply(self, frame: CallFrame, peer: Peer) -> ReplyFrame:
        try:
            result = await self._handler(frame.call, peer)
        except RefusedError as error:
            return ReplyFrame(frame.id, code=error.code, error=str(error))
        except OpsConsoleError as error:
            return ReplyFrame(frame.id, code="failed", error=str(error))
        return ReplyFrame(frame.id, Raw(msgspec.msgpack.encode(result)))

    async def _finish(self) -> None:
        if not self._calls:
            return
        _done, late = await asyncio.wait(tuple(self._calls), timeout=_FINISH_WITHIN)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
