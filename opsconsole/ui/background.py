"""Whether the terminal is dark or light: asked with OSC 11, fenced with a question every terminal answers.

Source: XTerm Control Sequences, "Operating System Commands" (OSC 11) and "Send Device Attributes".
"""

import os
import re
import select
import termios
import time
import tty
from collections.abc import Mapping
from typing import Final

_ASK: Final = b"\x1b]11;?\x1b\\\x1b[c"
_COLOUR: Final = re.compile(rb"\x1b\]11;rgba?:([0-9a-fA-F]+)/([0-9a-fA-F]+)/([0-9a-fA-F]+)")
_FENCE: Final = re.compile(rb"\x1b\[\?[0-9;]*c")
_WITHIN: Final = 0.2
"""Seconds; a slower answer is dropped by the driver when it comes."""
_LIGHT_COLORFGBG: Final = frozenset(("7", "15"))


def is_dark(environ: Mapping[str, str] = os.environ) -> bool | None:
    """Ask the terminal on descriptors 0 and 2; None when it does not say."""
    if not (os.isatty(0) and os.isatty(2)) or environ.get("TERM", "") in (
        "",
        "dumb",
        "linux",
        "vt100",
    ):
        return _from_environ(environ)
    answered = read_answer(_question())
    return answered if answered is not None else _from_environ(environ)


def read_answer(answer: bytes) -> bool | None:
    """Read an OSC 11 answer: True for a dark colour, None for no colour in it."""
    match = _COLOUR.search(answer)
    if match is None:
        return None
    red, green, blue = (int(part, 16) / ((1 << 4 * len(part)) - 1) for part in match.groups())
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.5


def _from_environ(environ: Mapping[str, str]) -> bool | None:
    ground = environ.get("COLORFGBG", "").rpartition(";")[2]
    return ground not in _LIGHT_COLORFGBG if ground else None


def _question() -> bytes:
    saved = termios.tcgetattr(0)
    try:
        tty.setcbreak(0, termios.TCSANOW)
        os.write(2, _ASK)
        return _read_until_fence()
    except OSError:
        return b""
    finally:
        termios.tcsetattr(0, termios.TCSANOW, saved)


def _read_until_fence() -> bytes:
    # Before the loop exists and without a Clock: this is the one wait of the program's first moments.
    end = time.monotonic() + _WITHIN
    answer = b""
    while (
        (left := end - time.monotonic()) > 0 and not _FENCE.search(answer) and len(answer) < 4_096
    ):
        ready, _, _ = select.select([0], [], [], left)
        if ready:
            answer += os.read(0, 1_024)
    return answer
