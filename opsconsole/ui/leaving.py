"""Signals as a way out: the loop hears them, the terminal is restored, the exit code says which it was."""

import asyncio
import signal
from collections.abc import Callable
from typing import Final

_ENDS: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
_FROM_KEYBOARD: Final = (signal.SIGINT, signal.SIGQUIT)


class Leaving:
    """Turns signals, and the death of the guard, into one call with an exit code."""

    def __init__(self, leave: Callable[[int], None], lifeline: int = -1) -> None:
        self._leave = leave
        self._lifeline = lifeline
        self.aside = False
        """True while a shell has the terminal: its ctrl+c is not ours."""

    def listen(self) -> None:
        """Hear signals from now on; call it on the running loop."""
        loop = asyncio.get_running_loop()
        for number in _ENDS:
            loop.add_signal_handler(number, self._heard, number)
        if self._lifeline >= 0:
            loop.add_reader(self._lifeline, self._heard, signal.SIGHUP)

    def stop(self) -> None:
        """Hear them no more."""
        loop = asyncio.get_running_loop()
        for number in _ENDS:
            loop.remove_signal_handler(number)
        if self._lifeline >= 0:
            loop.remove_reader(self._lifeline)

    def _heard(self, number: signal.Signals) -> None:
        if self.aside and number in _FROM_KEYBOARD:
            return
        if self._lifeline >= 0:
            asyncio.get_running_loop().remove_reader(self._lifeline)
            self._lifeline = -1
        self._leave(128 + number)
