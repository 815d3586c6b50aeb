"""A small HTTP/1.1 server for being told: one POST a connection, bounded in size, time and number (RFC 9112)."""

import asyncio
import contextlib
import os
import socket
import stat
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from opsconsole.transport.probes import split_target

_HEAD_LIMIT: Final = 16 * 1024
BODY_LIMIT: Final = 8 << 20
_WITHIN: Final = 10.0
"""Seconds for one request."""
_AT_ONCE: Final = 16
_WORDS: Final = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed",
    411: "Length Required", 413: "Content Too Large", 503: "Service Unavailable",
}  # fmt: skip


class Told(Struct, frozen=True):
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = b""


Handler = Callable[[Told], Awaitable[tuple[int, str]]]
"""Gives a status and a line of text; must not raise."""


class HttpReceiver:
    """Listens on a loopback port or a unix socket (0600) until it is closed."""

    def __init__(self, listen: str, handler: Handler) -> None:
        self._listen = listen
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._busy = 0

    @property
    def port(self) -> int:
        """The port it got; 0 on a unix socket, or before it listens."""
        names = [s.getsockname() for s in self._server.sockets] if self._server else []
        return int(names[0][1]) if names and isinstance(names[0], tuple) else 0

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: It cannot: the port is taken, the folder is not there.
        """
        if self._listen.startswith("/"):
            path = Path(self._listen)
            _clear(path)
            self._server = await asyncio.start_unix_server(
                self._serve, path, limit=_HEAD_LIMIT, start_serving=False
            )
            _keep_private(path)
            await self._server.start_serving()
            return
        host, port = split_target(self._listen)
        self._server = await asyncio.start_server(
            self._serve, host, port, limit=_HEAD_LIMIT, family=socket.AF_UNSPEC
        )

    async def close(self) -> None:
        """Stop listening; requests under way end by themselves within their time."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        if self._listen.startswith("/"):
            _clear(Path(self._listen))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._busy += 1
        try:
            async with asyncio.timeout(_WITHIN):
                status, text = (
                    await self._answer(reader) if self._busy <= _AT_ONCE else (503, "busy")
                )
                writer.write(_reply(status, text))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever it was has gone, or talks no HTTP: TimeoutError is an OSError too
        finally:
            self._busy -= 1
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[int, str]:
        head = await reader.readuntil(b"\r\n\r\n")
        try:
            request = _read_head(head)
            length = int(request.headers.get("content-length", "-1"))
        except ValueError:
            return 400, "not HTTP"
        if request.method != "POST":
            return 405, "POST only"
        if length < 0:
            return 411, "content-length is needed"
        if length > BODY_LIMIT:
            return 413, f"at most {BODY_LIMIT} bytes"
        body = await reader.readexactly(length)
        return await self._handler(Told(request.method, request.path, request.headers, body))


def _read_head(head: bytes) -> Told:
    first, *rest = head.decode("latin-1").split("\r\n")
    method, path, _version = first.split(" ")
    pairs = [line.partition(":") for line in rest if line]
    return Told(method, path, {name.strip().lower(): value.strip() for name, _, value in pairs})


def _reply(status: int, text: str) -> bytes:
    body = f"{text}\n".encode()
    head = (
        f"HTTP/1.1 {status} {_WORDS[status]}\r\ncontent-type: text/plain\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body


def _keep_private(path: Path) -> None:
    path.chmod(0o600)


def _clear(path: Path) -> None:
    """Remove a socket of ours that was left behind; anything else of that name stays and is in the way."""
    with contextlib.suppress(OSError):
        found = os.lstat(path)
        if stat.S_ISSOCK(found.st_mode) and found.st_uid == os.getuid():
            path.unlink()
