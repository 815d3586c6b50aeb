"""The guard around the screen: a program that was told to end does end, whatever it waits for."""

import os
import pty
import signal
import time

import pytest

from opsconsole.ui.guard import guarded


def _deaf(_lifeline: int) -> int:
    """A screen that hangs: it hears neither SIGTERM nor SIGHUP."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.write(2, b"READY")
    time.sleep(60)
    return 0


@pytest.mark.pty
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_t02_a_screen_that_hangs_is_ended_after_its_grace(number: signal.Signals) -> None:
    pid, fd = pty.fork()
    if pid == 0:
        os._exit(guarded(_deaf, grace=0.2))
    try:
        seen = b""
        while b"READY" not in seen:
            seen += os.read(fd, 1024)

        os.kill(pid, number)

        _, status = os.waitpid(pid, 0)
        assert os.WEXITSTATUS(status) == 128 + signal.SIGKILL
    finally:
        os.close(fd)
