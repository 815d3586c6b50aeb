"""A small parent that outlives the screen and gives the terminal back, whatever killed the screen.

The screen runs in a child of the same process group. The parent only waits: it passes signals on,
stops when the child stops, and writes the reset string when the child died without doing it itself.
"""

import os
import signal
import sys
import termios
from collections.abc import Callable
from types import FrameType
from typing import Final

RESET: Final = (
    b"\x1b[?2026l"  # end a synchronized update
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l"  # mouse
    b"\x1b[?1004l\x1b[?2004l\x1b[?2048l"  # focus reports, bracketed paste, size reports
    b"\x1b[<u"  # keyboard protocol, before leaving the alternate screen
    b"\x1b[?1049l\x1b[?25h\x1b[?7h\x1b[0m\x1b(B\r"  # screen, cursor, wrapping, colours, charset
)
PASSED_ON: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
_LAST_WORDS: Final = (signal.SIGTERM, signal.SIGHUP)
_GRACE: Final = 3.0
"""Seconds a screen that was told to end may take; one that hangs on a dead terminal is killed then."""


def guarded(screen: Callable[[int], int], grace: float = _GRACE) -> int:
    """Run a full-screen program in a child and return its exit code, 128 + n for a signal.

    Args:
        screen: The program; it is handed a file descriptor that reads end-of-file when the guard dies.
        grace: Seconds it may take to end after SIGTERM or SIGHUP.
    """
    if not (os.isatty(0) and os.isatty(2)):
        return screen(-1)
    saved = termios.tcgetattr(0)
    alive, lifeline = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    # Signals wait until either side knows what to do with them: the guard must not die of the first.
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
        os.close(lifeline)
        return screen(alive)
    os.close(alive)
    _pass_signals_on(child, grace)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
    return _wait(child, saved)


def restore(saved: list[object] | None = None) -> None:
    """Write the reset string, and the terminal's settings if they are known."""
    try:
        os.write(2, RESET)
        if saved is not None:
            termios.tcsetattr(0, termios.TCSANOW, saved)  # type: ignore[arg-type]  # as tcgetattr gave it
    except (OSError, termios.error):
        return  # the terminal is gone: nothing is left to restore


def _wait(child: int, saved: list[object]) -> int:
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            os.kill(os.getpid(), signal.SIGSTOP)
        elif os.WIFSIGNALED(status):
            restore(saved)
            return 128 + os.WTERMSIG(status)
        else:
            return os.WEXITSTATUS(status)


def _pass_signals_on(child: int, grace: float) -> None:
    def pass_on(number: int, _frame: FrameType | None) -> None:
        try:
            os.kill(child, number)
        except ProcessLookupError:
            return
        if number in _LAST_WORDS:
            signal.setitimer(signal.ITIMER_REAL, grace)

    def out_of_patience(_number: int, _frame: FrameType | None) -> None:
        pass_on(signal.SIGKILL, None)

    for number in PASSED_ON:
        signal.signal(number, pass_on)
    signal.signal(signal.SIGALRM, out_of_patience)
    signal.signal(signal.SIGCONT, pass_on)
