"""The demo fleet as a server of its own: `opsconsole demo --serve`, ended when the test is."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Self

from tests.program import Program

_END_WITHIN = 15.0


class DemoFleet:
    """Hosts that fail by a script and can be mended; nothing outside its folder is touched."""

    def __init__(self, program: Program, hosts: int = 6) -> None:
        self.folder = program.folder / "fleet"
        self._program = program
        self._hosts = hosts
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def config(self) -> Path:
        """The file that a program is pointed at."""
        return self.folder / "opsconsole.yaml"

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "opsconsole", "demo", "--serve", str(self.folder)]
        self._child = subprocess.Popen(
            [*command, "--hosts", str(self._hosts)], env=self._program.environ,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        assert Path(json.loads(line)["config"]) == self.config
        return self

    def __exit__(self, *_args: object) -> None:
        assert self._child is not None
        self._child.terminate()
        try:
            self._child.wait(_END_WITHIN)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()
