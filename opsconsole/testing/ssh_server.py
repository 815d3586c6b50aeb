"""SSH servers on loopback, one listener a simulated host, that run the real bootstrap and nothing else."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

import asyncssh

from opsconsole.testing.shell import Shell
from opsconsole.transport.bootstrap import BOOTSTRAP

_CHUNK: Final = 65536
_GRACE: Final = 2.0


class Surroundings:
    """What commands on one simulated host see: its root, its PATH, and its working folder."""

    def __init__(self, name: str, root: Path, path: str) -> None:
        self.name = name
        self.root = root
        self.env: Mapping[str, str] = {
            "PATH": path,
            "OPSC_PATH": path,
            "OPSC_ROOT": str(root),
            "HOME": str(root / "home"),
            "LC_ALL": "C",
            "USER": "op1",
        }
        self.sh = str(Path(path.rpartition(":")[2]) / "sh")


class HostServer:
    """One simulated host's SSH server."""

    def __init__(
        self, surroundings: Surroundings, options: asyncssh.SSHServerConnectionOptions
    ) -> None:
        self.surroundings = surroundings
        self.port = 0
        self.sessions: set[asyncio.Task[None]] = set()
        self._options = options
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._mute: asyncio.Server | None = None
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._held: set[asyncio.BaseTransport] = set()
        self._address = ""

    async def start(self, address: str, port: int = 0) -> None:
        """Listen on an address; port 0 takes a free one."""
        self._address = address
        self._acceptor = await asyncssh.listen(
            address,
            port,
            options=self._options,
            server_factory=lambda: _Login(self),
            reuse_address=True,
        )
        self.port = self._acceptor.get_port()

    @property
    def is_silent(self) -> bool:
        """Tell whether it hangs."""
        return self._mute is not None

    async def go_silent(self) -> None:
        """Behave as a machine that hangs: everything is accepted, nothing is answered."""
        if self._acceptor is None:
            return
        self._acceptor.close()
        self._acceptor = None
        for connection in self._connections:
            _stop_reading(connection)
        self._mute = await asyncio.get_running_loop().create_server(
            lambda: _Mute(self._held), self._address, self.port, reuse_address=True
        )

    async def come_back(self) -> None:
        """Answer again; what hung is cut off, as after a reboot."""
        if self._mute is None:
            return
        self._mute.close()
        self._mute = None
        self._hang_up()
        await self.start(self._address, self.port)

    def stop(self) -> None:
        """Stop listening and hang up; the commands end with `sessions`."""
        for server in (self._acceptor, self._mute):
            if server is not None:
                server.close()
        self._hang_up()

    def _hang_up(self) -> None:
        for connection in tuple(self._connections):
            connection.abort()
        for transport in tuple(self._held):
            cast(asyncio.Transport, transport).abort()

    def joined(self, connection: asyncssh.SSHServerConnection) -> None:
        """Remember a connection."""
        self._connections.add(connection)

    def left(self, connection: asyncssh.SSHServerConnection) -> None:
        """Forget a connection."""
        self._connections.discard(connection)


def _stop_reading(connection: asyncssh.SSHServerConnection) -> None:
    """Let a connection swallow what comes, as a machine that hangs does."""

    def swallow(data: bytes, datatype: int | None = None) -> None:
        del data, datatype

    vars(connection)["data_received"] = swallow


class _Mute(asyncio.Protocol):
    def __init__(self, held: set[asyncio.BaseTransport]) -> None:
        self._held = held
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._held.add(transport)

    def connection_lost(self, _error: Exception | None) -> None:
        if self._transport is not None:
            self._held.discard(self._transport)


class _Login(asyncssh.SSHServer):
    """One connection: whoever has the fleet's key may come in, whatever the user's name."""

    def __init__(self, host: HostServer) -> None:
        self._host = host
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, connection: asyncssh.SSHServerConnection) -> None:
        self._connection = connection
        self._host.joined(connection)

    def connection_lost(self, _error: Exception | None) -> None:
        if self._connection is not None:
            self._host.left(self._connection)

    def session_requested(self) -> "_Session":
        return _Session(self._host)


class _Session(asyncssh.SSHServerSession[bytes]):
    """One channel: the constant bootstrap run by `sh`, or a person's shell; every other command is refused."""

    def __init__(self, host: HostServer) -> None:
        self._surroundings = host.surroundings
        self._tasks = host.sessions
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._shell: Shell | None = None
        self._task: asyncio.Task[None] | None = None
        self._early = bytearray()
        self._ended_early = False
        self._may_write = asyncio.Event()
        self._may_write.set()

    def connection_made(self, channel: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = channel

    def pty_requested(self, *_: object) -> bool:
        return True

    def exec_requested(self, command: str) -> bool:
        return bool(command == BOOTSTRAP)

    def shell_requested(self) -> bool:
        self._shell = Shell(
            self._surroundings.name, self._surroundings.env, self._surroundings.root
        )
        return True

    def session_started(self) -> None:
        work = self._run() if self._shell is None else self._talk(self._shell)
        self._task = asyncio.get_running_loop().create_task(
            work, name=f"session {self._surroundings.name}"
        )
        self._tasks.add(self._task)
        self._task.add_done_callback(self._tasks.discard)

    def data_received(self, data: bytes, _kind: int | None) -> None:
        if self._shell is not None:
            self._shell.feed(data)
        elif self._process is None or self._process.stdin is None:
            self._early += data
        else:
            self._process.stdin.write(data)

    def eof_received(self) -> bool:
        if self._shell is not None:
            self._shell.end()
        elif self._process is None or self._process.stdin is None:
            self._ended_early = True
        else:
            self._process.stdin.close()
        return True  # our half stays open until the command ends

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def connection_lost(self, _error: Exception | None) -> None:
        self._may_write.set()
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        around = self._surroundings
        process = await asyncio.create_subprocess_exec(
            around.sh, "-c", BOOTSTRAP,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=dict(around.env), cwd=around.root, start_new_session=True,
        )  # fmt: skip
        self._process = process
        try:
            assert process.stdin is not None
            process.stdin.write(bytes(self._early))
            if self._ended_early:
                process.stdin.close()
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump(process.stdout, None), name="stdout")
                pumps.create_task(
                    self._pump(process.stderr, asyncssh.EXTENDED_DATA_STDERR), name="stderr"
                )
            self._finish(await process.wait())
        finally:
            await _end(process)

    async def _pump(self, stream: asyncio.StreamReader | None, kind: int | None) -> None:
        while stream is not None and (chunk := await stream.read(_CHUNK)):
            await self._may_write.wait()
            with contextlib.suppress(OSError):
                if self._channel is not None:
                    self._channel.write(chunk, kind)

    def _finish(self, code: int) -> None:
        if self._channel is None:
            return
        with contextlib.suppress(OSError):
            if code < 0:
                self._channel.exit_with_signal(signal.Signals(-code).name.removeprefix("SIG"))
            else:
                self._channel.exit(code)

    async def _talk(self, shell: Shell) -> None:
        def write(data: bytes) -> None:
            with contextlib.suppress(OSError):
                if self._channel is not None:
                    self._channel.write(data)

        await shell.run(write)
        self._finish(0)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a command and all it started; nothing of it stays."""
    if process.stdin is not None:
        process.stdin.close()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_GRACE):
            await process.wait()
            for stream in (process.stdout, process.stderr):
                while stream is not None and await stream.read(_CHUNK):
                    pass  # to its end: only then the loop lets go of the pipe
