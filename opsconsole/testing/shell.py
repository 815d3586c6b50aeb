"""What answers when a person opens a shell on a simulated host: the stubs, one command a line.

It is no real shell on purpose: a real one would be one on the machine that runs the demo.
"""

import asyncio
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from opsconsole.model.text import clean

_COMMANDS: Final = (
    "df", "dig", "du", "free", "getent", "hostname", "ip", "journalctl", "lsblk", "lsof", "ps", "ss",
    "sudo", "systemctl", "tracepath", "uname", "uptime", "who",
)  # fmt: skip
_PATIENCE: Final = 20.0
_LINE_LIMIT: Final = 1000


class Shell:
    """Line by line: echo, run, prompt."""

    def __init__(self, host: str, env: Mapping[str, str], root: Path) -> None:
        self._host = host
        self._env = env
        self._root = root
        self._lines: asyncio.Queue[str | None] = asyncio.Queue(maxsize=100)
        self._typed = ""
        self._echo: Callable[[bytes], None] = lambda _: None

    def feed(self, data: bytes) -> None:
        """Take what was typed."""
        for char in data.decode("utf-8", "replace"):
            if char in "\r\n":
                self._echo(b"\r\n")
                self._put(self._typed)
                self._typed = ""
            elif char == "\x04" and not self._typed:
                self.end()
            elif char in "\x03\x15":
                self._typed = ""
                self._echo(b"^C\r\n" + self._prompt())
            elif char in "\x7f\x08":
                if self._typed:
                    self._typed = self._typed[:-1]
                    self._echo(b"\b \b")
            elif char.isprintable() and len(self._typed) < _LINE_LIMIT:
                self._typed += char
                self._echo(char.encode())

    def end(self) -> None:
        """No more will be typed."""
        self._put(None)

    def _put(self, line: str | None) -> None:
        if not self._lines.full():
            self._lines.put_nowait(line)

    def _prompt(self) -> bytes:
        return f"op1@{self._host}:~$ ".encode()

    async def run(self, write: Callable[[bytes], None]) -> None:
        """Serve until `exit` or the end of what is typed."""
        self._echo = write
        write(f"{self._host}, a simulated host. Commands: {' '.join(_COMMANDS)} exit\r\n".encode())
        write(self._prompt())
        while (line := await self._lines.get()) is not None:
            if line.strip() in ("exit", "logout"):
                break
            if line.strip():
                write((await self._answer(line)).replace(b"\n", b"\r\n"))
            write(self._prompt())
        write(b"logout\r\n")

    async def _answer(self, line: str) -> bytes:
        try:
            words = shlex.split(line)
        except ValueError as error:
            return f"{error}\n".encode()
        asked = words[1:] if words[:1] == ["sudo"] else words
        if not asked or asked[0] not in _COMMANDS:
            return f"{clean(words[0] if words else '', 60)}: not found on this simulated host\n".encode()
        place = Path(self._env["PATH"].rpartition(":")[2]) / words[0]
        process = await asyncio.create_subprocess_exec(
            place, *words[1:], env=dict(self._env), cwd=self._root, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            async with asyncio.timeout(_PATIENCE):
                output, _ = await process.communicate()
        except TimeoutError:
            return b"(ended after 20 s)\n"
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return output
