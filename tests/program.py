"""The real program, run as a person or a script runs it, with its state in a temporary folder."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from opsconsole.engine.lock import holder_of
from opsconsole.engine.place import Place


class Program:
    """The real program, with its state in a temporary folder."""

    def __init__(self, folder: Path) -> None:
        self.state = Path(tempfile.mkdtemp(prefix="oc-"))  # a socket's path has to be short
        self.folder = folder
        self.environ = {
            **{
                k: v for k, v in os.environ.items() if k not in ("SSH_AUTH_SOCK", "XDG_RUNTIME_DIR")
            },
            "XDG_STATE_HOME": str(self.state),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }
        self.line: tuple[str, ...] = ()
        """Options that stand before every verb of `verb`."""
        self._children: list[subprocess.Popen[bytes]] = []

    def run(self, *arguments: str, timeout: float = 40.0) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "opsconsole", *arguments]
        return subprocess.run(
            command, env=self.environ, capture_output=True, text=True, timeout=timeout,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip

    def verb(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return self.run(*self.line, *arguments)

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "opsconsole", *arguments]
        child = subprocess.Popen(
            command, env=self.environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._children.append(child)
        return child

    def place(self, name: str = "default") -> Place:
        return Place(name, self.state / "opsconsole" / name)

    def wait_for(self, condition: Callable[[], bool], what: str, within: float = 30.0) -> None:
        give_up = time.monotonic() + within
        while not condition():
            if time.monotonic() > give_up:
                raise AssertionError(f"waited {within:g} s for {what}")
            time.sleep(0.05)  # another process, not ours, has to move

    def end(self) -> None:
        for child in self._children:
            child.kill()
            child.wait()
            if child.stdout is not None:
                child.stdout.close()
        for folder in (self.state / "opsconsole").glob("*"):
            holder = holder_of(folder / "lock")
            if holder is not None and holder.pid > 1:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(holder.pid, 9)
        shutil.rmtree(self.state, ignore_errors=True)
