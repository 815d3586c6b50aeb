"""A second socket, for people of other accounts: the kernel says who comes, and they may only call."""

import asyncio
import contextlib
import logging
import os
import socket
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from opsconsole.errors import EngineError, RpcError
from opsconsole.model.policy import Person
from opsconsole.rpc.messages import Hello
from opsconsole.rpc.peer import Peer, credentials, person_of
from opsconsole.rpc.session import Handler, Session

_AT_ONCE: Final = 16
_FIRST: Final = 1_000_000
"""Numbers of its peers, apart from those of the main door."""

log = logging.getLogger(__name__)


class SideDoor:
    """Serves one socket that a group may open; owns its tasks and ends them in `close`."""

    def __init__(
        self, handler: Handler, hello: Hello, why_not: Callable[[Person], Awaitable[str]]
    ) -> None:
        """Set up; `why_not` says why somebody may not come in, empty where they may."""
        self._handler = handler
        self._hello = hello
        self._why_not = why_not
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self._path: Path | None = None
        self._made = 0
        """The socket's inode."""
        self._next = _FIRST

    async def open(self, path: Path, gid: int) -> None:
        """Listen on `path`, mode 0660 for a group.

        Raises:
            EngineError: It cannot be bound, or not be given to the group.
        """
        try:
            made = _bind(path, gid)
        except OSError as error:
            raise EngineError(f"cannot listen on {path}: {error.strerror or error}") from error
        self._path, self._made = path, os.lstat(path).st_ino
        self._listener = await asyncio.start_unix_server(self._accept, sock=made)

    async def close(self) -> None:
        """End every session and the socket."""
        if self._listener is not None:
            self._listener.close()
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=10.0)
        if self._path is not None:
            with contextlib.suppress(OSError):
                if os.lstat(self._path).st_ino == self._made:  # another engine's may be there now
                    os.unlink(self._path)  # noqa: PTH108 - one local call at the end

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer), name="rpc guest")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(reader, writer, self._handler)
        reason = "bye"
        try:
            await self._talk(session, writer)
        except TimeoutError:
            reason = "no hello in time"
        except (RpcError, OSError) as error:
            reason = str(error)
            log.info("guest dropped: %s", error)
        finally:
            await session.close(reason)

    async def _talk(self, session: Session, writer: asyncio.StreamWriter) -> None:
        if len(self._tasks) > _AT_ONCE:
            raise RpcError(f"refused: {_AT_ONCE} are here")
        who = credentials(writer.get_extra_info("socket"), os.geteuid())
        known = await asyncio.to_thread(person_of, who)
        if why := await self._why_not(known):
            raise RpcError(f"refused: {why}")
        ours = self._hello
        await session.greet(
            Hello(
                ours.protocol, ours.version, "engine", engine=ours.engine, pid=os.getpid(),
                actor=known.name,
            )
        )  # fmt: skip
        self._next += 1
        peer = Peer(self._next, who.uid, who.pid, known.name, "guest", login=known.login)
        await session.serve(peer, lambda: None)


def _bind(path: Path, gid: int) -> socket.socket:
    """Make a socket file for a group. Nobody gets in before it has its mode: it does not listen yet."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(os.lstat(path).st_mode):  # of an engine that died
            os.unlink(path)  # noqa: PTH108 - one local call at the start
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with contextlib.ExitStack() as undo:
        undo.callback(made.close)
        made.bind(str(path))
        os.chown(path, -1, gid)
        os.chmod(path, 0o660)  # noqa: PTH101 - one local call at the start
        undo.pop_all()
    return made
