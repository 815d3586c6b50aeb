"""The terminal while the screen stands aside for another program: run it, and keep its last words in sight."""

import asyncio
import contextlib
import os
import termios
import tty
from collections.abc import Sequence
from typing import Final

SSH_FAILED: Final = 255
"""What ssh itself exits with; a remote program may too, which costs one key."""
_ASKS: Final = b"\r\n-- press a key to go back to the console --"
_KEYS: Final = 1_024


async def run_aside(argv: Sequence[str]) -> int:
    """Run a program on the terminal and give its exit code.

    Where it failed as ssh fails, what it said stays until a key is pressed: the screen would wipe it away.
    """
    process = await asyncio.create_subprocess_exec(*argv)
    code = await process.wait()
    if code == SSH_FAILED and os.isatty(0):
        await _one_key()
    return code


async def _one_key() -> None:
    loop = asyncio.get_running_loop()
    pressed = asyncio.Event()
    saved = termios.tcgetattr(0)
    # It drops what was typed: who reads the question may answer at once.
    tty.setcbreak(0)
    with contextlib.suppress(OSError):
        os.write(2, _ASKS)
    loop.add_reader(0, pressed.set)
    try:
        await pressed.wait()
        os.read(0, _KEYS)  # what was pressed here means nothing to the console
    finally:
        loop.remove_reader(0)
        termios.tcsetattr(0, termios.TCSADRAIN, saved)
