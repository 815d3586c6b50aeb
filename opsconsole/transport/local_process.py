"""One child process of ours: its own process group, bounded output, bytes as they come."""

import asyncio
import contextlib
import os
import signal as signals
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from opsconsole.transport.base import OUTPUT_LIMIT, OnOutput

_STDOUT = 1
_NEEDED = ("HOME", "USER", "LOGNAME", "TZ", "TMPDIR")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class LocalProcess(asyncio.SubprocessProtocol):
    """Starts a program and keeps what it says, up to a cap.

    Args:
        cap: Bytes kept, both streams together; more than that and the group is killed.
        on_output: Told each kept chunk.
    """

    def __init__(self, cap: int = OUTPUT_LIMIT, on_output: OnOutput | None = None) -> None:
        self._left = cap
        self._on_output = on_output
        self._feed: Callable[[bytes], None] | None = None
        self._ended: Callable[[], None] | None = None
        self._kept: dict[int, list[bytes]] = {1: [], 2: []}
        self._transport: asyncio.SubprocessTransport | None = None
        self._open_pipes = {1, 2}
        self._progress = asyncio.Event()
        self.status: int | None = None
        """Exit status; negative for a signal; None while it runs."""
        self.is_flooded = False

    @property
    def stdout(self) -> bytes:
        """What was kept of its stdout."""
        return b"".join(self._kept[1])

    @property
    def stderr(self) -> bytes:
        """What was kept of its stderr."""
        return b"".join(self._kept[2])

    @property
    def is_over(self) -> bool:
        """Tell whether it has exited (a child of its own may hold its streams still)."""
        return self.status is not None

    def feed_to(self, feed: Callable[[bytes], None], ended: Callable[[], None]) -> None:
        """Hand stdout on instead of keeping it, and tell of the end."""
        self._feed, self._ended = feed, ended

    async def start(
        self, argv: Sequence[str], env: Mapping[str, str], *, bare: bool = False
    ) -> None:
        """Start it, with our environment and `env`; `bare`: with what any program needs, and `env`.

        Raises:
            OSError: There is no such program, or no more processes.
            ValueError: An argument holds a NUL character.
        """
        pipe = asyncio.subprocess.PIPE
        loop = asyncio.get_running_loop()
        await loop.subprocess_exec(
            lambda: self,
            *argv,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env=(_bare() if bare else dict(os.environ)) | dict(env),
            start_new_session=True,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It runs; a quick one may have exited before `start` is back."""
        # by what it is for, not by its class: another event loop has classes of its own
        self._transport = cast(asyncio.SubprocessTransport, transport)

    def write(self, data: bytes, *, eof: bool) -> None:
        """Send bytes to its stdin.

        Raises:
            OSError: It has ended.
        """
        pipe = self._transport.get_pipe_transport(0) if self._transport else None
        stdin = cast("asyncio.WriteTransport | None", pipe)
        is_gone = stdin is None or self.is_over or stdin.is_closing()
        if stdin is None or (is_gone and not eof):
            raise BrokenPipeError("the process has ended")
        if data and not is_gone:
            stdin.write(data)
        if eof:
            stdin.close()

    async def wait(self, *, quiet: float) -> None:
        """Wait for its exit and the end of its streams; `quiet` seconds of silence after the exit will do."""
        while not self.is_over or self._open_pipes:
            self._progress.clear()
            if not self.is_over:
                await self._progress.wait()
                continue
            try:
                async with asyncio.timeout(quiet):
                    await self._progress.wait()
            except TimeoutError:
                return

    def signal(self, number: signals.Signals) -> None:
        """Send a signal to its whole group, which may live on without its leader."""
        pid = self._transport.get_pid() if self._transport else None
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, number)

    def kill(self) -> None:
        """End the whole group at once."""
        self.signal(signals.SIGKILL)

    def close(self) -> None:
        """Let go of its streams."""
        if self._transport is not None:
            self._transport.close()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Take a chunk."""
        if fd == _STDOUT and self._feed is not None:
            self._feed(data)
            return
        if self._feed is not None:
            return  # a loop's stderr is nobody's
        kept = data[: self._left]
        self._left -= len(kept)
        if kept:
            self._kept[fd].append(kept)
            if self._on_output is not None:
                self._on_output("out" if fd == _STDOUT else "err", kept)
        if len(kept) < len(data):
            self.is_flooded = True
            self.kill()
        self._progress.set()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """A stream is closed."""
        self._open_pipes.discard(fd)
        self._progress.set()

    def process_exited(self) -> None:
        """It has exited."""
        self.status = self._transport.get_returncode() if self._transport else None
        if self._ended is not None:
            self._ended()
        self._progress.set()


def _bare() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _NEEDED if name in os.environ}
    return {**kept, "PATH": _PATH, "LC_ALL": "C.UTF-8"}
