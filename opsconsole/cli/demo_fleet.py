"""The demo's fleet as a process of its own: started, found again, and ended with what it left."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opsconsole.errors import EngineError

_END_WITHIN = 15.0


@contextmanager
def fleet(folder: Path, hosts: int, seed: int) -> Iterator[Path]:
    """Serve a fleet with its files in `folder`; gives the path of its configuration.

    Raises:
        EngineError: It did not start.
    """
    command = [sys.executable, "-m", "opsconsole", "demo", "--serve", str(folder)]
    command += ["--hosts", str(hosts), "--seed", str(seed)]
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        _pid_file(folder).write_text(str(child.pid))
        yield _config_of(child)
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(_END_WITHIN)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdout is not None:
            child.stdout.close()
        shutil.rmtree(folder, ignore_errors=True)
        _pid_file(folder).unlink(missing_ok=True)


def end_orphan(folder: Path) -> None:
    """End a fleet whose demo was killed, if it is really the one that served this folder."""
    with contextlib.suppress(OSError, ValueError):
        pid = int(_pid_file(folder).read_text())
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if os.fsencode(folder) in words and b"--serve" in words:
            os.kill(pid, signal.SIGTERM)


def _pid_file(folder: Path) -> Path:
    return folder.with_suffix(".pid")


def _config_of(child: "subprocess.Popen[bytes]") -> Path:
    assert child.stdout is not None
    line = child.stdout.readline()
    if not line:
        raise EngineError(f"the demo fleet did not start (exit {child.wait(_END_WITHIN)})")
    return Path(json.loads(line)["config"])
