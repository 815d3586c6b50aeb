"""A very small HTTP/1.1 server on loopback: answers GET by a function, keeps connections, owns no task."""

import asyncio
import contextlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, cast

from msgspec import Struct

_HEAD_LIMIT: Final = 16 * 1024


class Reply(Struct, frozen=True):
    """What to answer, and how long that takes."""

    status: int = 200
    body: bytes = b"ok\n"
    content_type: str = "text/plain"
    after: float = 0.0
    """Seconds until the answer leaves."""


Answer = Callable[[str], Reply]
"""Told the path with its query, gives the reply; must not block."""
Change = Callable[[str, str, bytes], Reply]
"""Told the method, the path and the body of what is no GET."""


class HttpServer:
    """One listener."""

    def __init__(self, answer: Answer, change: Change | None = None) -> None:
        self._answer = answer
        self._change = change
        self._open: set[asyncio.Transport] = set()
        self._server: asyncio.Server | None = None
        self.url = ""

    async def start(self, address: str) -> None:
        """Listen on a free port of an address."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self._answer, self._change, self._open), address, 0
        )
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://{address}:{port}"

    async def stop(self) -> None:
        """Stop listening and close what is open."""
        if self._server is not None:
            self._server.close()
        for transport in tuple(self._open):
            transport.abort()
        await asyncio.sleep(0)


class _Connection(asyncio.Protocol):
    def __init__(
        self, answer: Answer, change: Change | None, opened: set[asyncio.Transport]
    ) -> None:
        self._answer = answer
        self._change = change
        self._opened = opened
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._later: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._opened.add(self._transport)

    def connection_lost(self, _error: Exception | None) -> None:
        if self._later is not None:
            self._later.cancel()
        if self._transport is not None:
            self._opened.discard(self._transport)
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) > _HEAD_LIMIT and self._transport is not None:
            self._transport.abort()
        elif self._is_whole() and self._later is None:
            self._take()

    def _is_whole(self) -> bool:
        head, end, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        return bool(end) and len(rest) >= _length(head)

    def _take(self) -> None:
        head, _, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        length = _length(head)
        content, self._buffer = rest[:length], bytearray(rest[length:])
        method, _, target = head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
        path = target.split(" ")[0]
        if method in ("GET", "HEAD"):
            reply = self._answer(path)
        elif self._change is None:
            reply = Reply(405, b"GET only\n")
        else:
            reply = self._change(method, path, content)
        body = b"" if method == "HEAD" else reply.body
        loop = asyncio.get_running_loop()
        self._later = loop.call_later(reply.after, self._send, reply, body)

    def _send(self, reply: Reply, body: bytes) -> None:
        self._later = None
        if self._transport is None:
            return
        phrase = HTTPStatus(reply.status).phrase
        head = (
            f"HTTP/1.1 {reply.status} {phrase}\r\nContent-Type: {reply.content_type}\r\n"
            f"Content-Length: {len(reply.body)}\r\n\r\n"
        )
        with contextlib.suppress(OSError):
            self._transport.write(head.encode() + body)
        if self._is_whole():
            self._take()


def _length(head: bytes) -> int:
    """Read how long a request's body is; none is said for most."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(value)
    return 0
