"""Where the console draws."""

import os
import subprocess
import sys
from pathlib import Path

_PROGRAM = """
import os
from opsconsole.cli.console import on_the_terminal
with on_the_terminal():
    os.write(2, b"painted")
os.write(2, b"told")
"""


def test_a_screen_with_stderr_in_a_file_is_drawn_on_the_terminal(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    try:
        with (tmp_path / "said").open("wb") as said:
            subprocess.run(
                [sys.executable, "-c", _PROGRAM],
                stdin=theirs,
                stdout=theirs,
                stderr=said,
                check=True,
                timeout=60,
            )
        assert os.read(ours, 100) == b"painted"
        assert (tmp_path / "said").read_bytes() == b"told"
    finally:
        os.close(ours)
        os.close(theirs)
