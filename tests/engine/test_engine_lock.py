"""One engine a folder."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from opsconsole.engine.lock import EngineLock, Holder, holder_of
from opsconsole.errors import EngineError

HOLD = """
import sys
from pathlib import Path
from opsconsole.engine.lock import EngineLock, Holder
EngineLock(Path(sys.argv[1])).take(Holder(4711, "op1", 0.0))
print("held", flush=True)
sys.stdin.read()
"""


def test_d07_a_second_engine_is_refused_with_pid_and_person(tmp_path: Path) -> None:
    first = EngineLock(tmp_path / "lock")
    first.take(Holder(4711, "op1", 0.0))

    with pytest.raises(EngineError, match="already runs here: pid 4711, started by op1"):
        EngineLock(tmp_path / "lock").take(Holder(1, "op2", 0.0))
    first.release()


def test_a_released_lock_can_be_taken_again(tmp_path: Path) -> None:
    first = EngineLock(tmp_path / "lock")
    first.take(Holder(4711, "op1", 0.0))
    first.release()

    assert holder_of(tmp_path / "lock") is None
    second = EngineLock(tmp_path / "lock")
    second.take(Holder(4712, "op2", 0.0))
    assert holder_of(tmp_path / "lock") == Holder(4712, "op2", 0.0)
    second.release()


def test_d01_a_killed_engine_leaves_no_lock(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        assert holder_of(tmp_path / "lock") == Holder(4711, "op1", 0.0)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()

    assert holder_of(tmp_path / "lock") is None


def test_s04_a_planted_symlink_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "lock").symlink_to(tmp_path / "victim")

    with pytest.raises(OSError, match="symbolic"):
        EngineLock(tmp_path / "lock").take(Holder(1, "op1", 0.0))

    assert (tmp_path / "victim").read_text() == "precious"


def test_a_lock_file_of_nonsense_still_says_that_it_is_held(tmp_path: Path) -> None:
    lock = EngineLock(tmp_path / "lock")
    lock.take(Holder(4711, "op1", 0.0))
    (tmp_path / "lock").write_text("{")

    assert holder_of(tmp_path / "lock") == Holder(0, "somebody", 0.0)
    lock.release()
