"""The engine's door: a unix socket that sends every client what changed, at most ten times a second."""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Final, Protocol

from opsconsole.clock import Clock
from opsconsole.errors import EngineError, RpcError
from opsconsole.model import delta
from opsconsole.model.snapshot import Snapshot
from opsconsole.rpc.framing import encode
from opsconsole.rpc.messages import DeltaFrame, Hello, SnapshotFrame
from opsconsole.rpc.peer import Peer, credentials, person_of
from opsconsole.rpc.session import Handler, Session

_GAP: Final = 0.1
"""Seconds between two rounds of deltas."""
_LATER: Final = 5.0
"""Seconds of nothing but time that a client need not be told of: it has a clock, and carries ours on."""
_RETRY: Final = 0.25
"""Seconds until a slow client is looked at again."""
_CLIENTS: Final = 256
_PATH_LIMIT: Final = 107
"""Bytes a unix socket's path may have (unix(7))."""

log = logging.getLogger(__name__)


class Bell(Protocol):
    """Rings once however many changes there were."""

    async def wait(self) -> None:
        """Wait for the next change."""
        ...


class SnapshotSource(Protocol):
    """Where the newest snapshot comes from: the store."""

    @property
    def snapshot(self) -> Snapshot:
        """The newest revision."""
        ...

    def subscribe(self) -> Bell:
        """Get a bell that rings on every later change."""
        ...


class Server:
    """Serves clients on a socket; owns their tasks and ends them in `close`."""

    def __init__(
        self,
        source: SnapshotSource,
        handler: Handler,
        hello: Hello,
        clock: Clock,
        on_peers: Callable[[tuple[Peer, ...]], None] = lambda _peers: None,
    ) -> None:
        self.encodings = 0
        """Frames of state encoded so far: clients with equal revisions share one."""
        self._source = source
        self._handler = handler
        self._hello = hello
        self._clock = clock
        self._on_peers = on_peers
        self._uid = os.geteuid()
        self._peers: dict[int, Peer] = {}
        self._sessions: dict[int, Session] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self._path: Path | None = None
        self._poke = asyncio.Event()
        self._next = 0

    @property
    def peers(self) -> tuple[Peer, ...]:
        """Everybody attached, oldest first."""
        return tuple(self._peers.values())

    async def start(self, path: Path | None = None) -> None:
        """Begin to send changes, and listen on `path` (mode 0600) when there is one.

        Raises:
            EngineError: The path is too long, or cannot be bound.
        """
        self._own(self._broadcast(), "rpc broadcast")
        self._own(self._listen_to_bell(), "rpc bell")
        if path is not None:
            await self._bind(path)

    async def attach(self, sock: socket.socket) -> None:
        """Serve a connected socket, as `solo` hands one in."""
        reader, writer = await asyncio.open_unix_connection(sock=sock)
        self._accept(reader, writer)

    async def close(self, reason: str = "the engine stops") -> None:
        """Tell every client why, close the socket and end every task."""
        if self._listener is not None:
            self._listener.close()
        for session in tuple(self._sessions.values()):
            await session.close(reason)
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=10.0)
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    async def _bind(self, path: Path) -> None:
        length = len(os.fsencode(path))
        if length > _PATH_LIMIT:
            raise EngineError(
                f"the socket path {path} has {length} bytes, a unix socket allows {_PATH_LIMIT}: "
                "set XDG_STATE_HOME to a shorter folder"
            )
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108 - one local call at the start; the lock says it is ours
        before = os.umask(0o177)
        try:
            self._listener = await asyncio.start_unix_server(self._accept, path)
        except OSError as error:
            raise EngineError(f"cannot listen on {path}: {error.strerror or error}") from error
        finally:
            os.umask(before)
        self._path = path

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._own(self._serve(reader, writer), "rpc client")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(reader, writer, self._handler)
        self._next += 1
        number = self._next
        reason = "bye"
        try:
            await self._talk(number, session, writer)
        except TimeoutError:
            reason = "no hello in time"
        except RpcError as error:
            reason = str(error)
            log.info("client dropped: %s", error)
        finally:
            self._sessions.pop(number, None)
            if self._peers.pop(number, None) is not None:
                self._on_peers(self.peers)
            await session.close(reason)

    async def _talk(self, number: int, session: Session, writer: asyncio.StreamWriter) -> None:
        who = credentials(writer.get_extra_info("socket"), self._uid)
        if who.uid != self._uid:
            raise RpcError(f"refused: this engine belongs to uid {self._uid}, you are {who.uid}")
        if len(self._sessions) >= _CLIENTS:
            raise RpcError(f"refused: {_CLIENTS} clients are attached")
        known = await asyncio.to_thread(person_of, who)  # a directory far away may be what answers
        theirs = await session.greet(self._hello_for(known.name))
        peer = Peer(
            number, who.uid, who.pid, known.name, theirs.role, theirs.agent, theirs.read_only,
            known.login,
        )  # fmt: skip
        self._peers[number] = peer
        self._sessions[number] = session
        self._on_peers(self.peers)
        self._poke.set()
        await session.serve(peer, self._poke.set)

    def _hello_for(self, actor: str) -> Hello:
        ours = self._hello
        return Hello(
            ours.protocol, ours.version, "engine", engine=ours.engine, pid=os.getpid(), actor=actor
        )

    async def _listen_to_bell(self) -> None:
        bell = self._source.subscribe()
        while True:
            await bell.wait()
            self._poke.set()

    async def _broadcast(self) -> None:
        while True:
            await self._poke.wait()
            self._poke.clear()
            is_anyone_behind = self.publish()
            await self._clock.sleep(_RETRY if is_anyone_behind else _GAP)
            if is_anyone_behind:
                self._poke.set()

    def publish(self) -> bool:
        """Send each subscriber the way from what it has to the newest revision, unless it is slow.

        Returns:
            True when somebody was skipped and must be looked at again.
        """
        if not any(session.subscribed for session in self._sessions.values()):
            return False  # what came is taken in when somebody looks
        newest = self._source.snapshot
        encoded: dict[int, bytes] = {}
        skipped = False
        for session in self._sessions.values():
            if not session.subscribed or _is_known(session.seen, newest):
                continue
            if session.is_slow:
                skipped = True
                continue
            base = -1 if session.seen is None else session.seen.revision
            try:
                if base not in encoded:
                    encoded[base] = self._encode(session.seen, newest)
            except RpcError as error:
                # better no console than one that shows what was, as if it were: it attaches anew
                log.warning("rev %d: %s", newest.revision, error)
                self._own(session.close(str(error)), "rpc close")
            else:
                session.send(encoded[base])
            session.seen = newest
        return skipped

    def _encode(self, seen: Snapshot | None, newest: Snapshot) -> bytes:
        self.encodings += 1
        if seen is None:
            return encode(SnapshotFrame(newest))
        return encode(DeltaFrame(delta.diff(seen, newest)))

    def _own(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s failed", task.get_name(), exc_info=error)


def _is_known(seen: Snapshot | None, newest: Snapshot) -> bool:
    """Tell whether somebody who saw one snapshot knows all that the other says."""
    if seen is None or seen is newest:
        return seen is newest
    return abs(newest.now - seen.now) < _LATER and delta.only_time_passed(seen, newest)


async def is_served(path: Path) -> bool:
    """Tell whether somebody answers on a socket."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(2.0):
            _reader, writer = await asyncio.open_unix_connection(path)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return True
    return False
