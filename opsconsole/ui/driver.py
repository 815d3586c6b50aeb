"""The terminal's side of the screen: Textual's driver, with sizes clamped and false keys dropped."""

import contextlib
import os
import select
from codecs import getincrementaldecoder
from typing import IO, Final

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.message import Message

from opsconsole.ui.terminal_answers import AnswerFilter, Throttle

WIDEST: Final = 500
HIGHEST: Final = 200
_READ: Final = 4_096
_PAUSE: Final = 0.1
"""Seconds without input after which a lone escape is a key, and a broken answer is dropped."""
_ALERT: Final = 10
"""Pauses after the last input in which something may still have to be settled; then the thread sleeps."""


class Lasting:
    """A terminal's file: once the terminal is gone, what is written goes nowhere.

    Textual's thread that writes would end by the first error; its queue would fill, and with it the application
    would wait for ever: deaf to SIGHUP, one more console that nobody sees.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file: IO[str] | None = file
        self._number = file.fileno()

    def write(self, text: str) -> int:
        """Write, or not."""
        if self._file is not None:
            try:
                return self._file.write(text)
            except OSError:
                self._file = None
        return len(text)

    def flush(self) -> None:
        """Send what was written."""
        if self._file is not None:
            try:
                self._file.flush()
            except OSError:
                self._file = None

    def fileno(self) -> int:
        """Give the file's number."""
        return self._number


class ConsoleDriver(LinuxDriver):
    """Runs in Textual's input thread; everything it lets through becomes an event of the application."""

    _throttle: Throttle | None = None
    _bell: tuple[int, int] | None = None
    """A pipe that wakes the input thread; both ends."""

    def start_application_mode(self) -> None:
        """Take the terminal."""
        if self._bell is None:
            self._bell = os.pipe()
            os.set_blocking(self._bell[0], False)
            if self._file is not None:  # of a file it has what is used
                self._file = Lasting(self._file)  # type: ignore[assignment]
        super().start_application_mode()  # type: ignore[no-untyped-call]  # as Textual wrote it

    def disable_input(self) -> None:
        """Read no more keys."""
        if self._bell is not None:
            os.write(self._bell[1], b"!")
        super().disable_input()

    def close(self) -> None:
        """Give the terminal back for good."""
        super().close()
        if self._bell is not None:
            for end in self._bell:
                os.close(end)
            self._bell = None

    def run_input_thread(self) -> None:
        """Read keys until the application leaves; as Textual does, behind a filter."""
        # Textual 8.2.8 has no seam between reading and parsing, so its loop is written again here. It looks
        # ten times a second whether it is to end; on a screen that nobody touches, that was a quarter of all.
        parser = XTermParser(self._debug)
        answers = AnswerFilter()
        decode = getincrementaldecoder("utf-8")("replace").decode
        assert self._bell is not None
        bell, pauses = self._bell[0], 0
        with contextlib.suppress(BlockingIOError):
            os.read(bell, _READ)
        while not self.exit_event.is_set():
            patience = _PAUSE if pauses < _ALERT else None
            woken, _, _ = select.select([self.fileno, bell], [], [], patience)
            ready = self.fileno in woken
            text = decode(os.read(self.fileno, _READ)) if ready else ""
            pauses = 0 if ready else pauses + 1
            if ready and not text:
                self.exit_event.wait(_PAUSE)  # end of input: the terminal is gone, SIGHUP follows
            kept = answers.strip(text) if text else answers.settle()
            for message in parser.feed(kept) if kept else ():
                self.process_message(message)
            for message in parser.tick():
                self.process_message(message)

    def process_message(self, message: Message) -> None:
        """Pass a message on, unless it is a key too many."""
        if isinstance(message, events.Key):
            if self._throttle is None:
                self._throttle = Throttle()
            if self._throttle.drops(message.time):
                return
        elif isinstance(message, events.Resize):
            message = _clamped(message)
        super().process_message(message)

    def _sigcont_application(self, *_: object) -> None:
        # The guard and the shell may both say "go on"; two threads reading keys would share them out.
        if self._must_signal_resume:
            super()._sigcont_application()

    def set_mouse(self, *, on: bool) -> None:
        """Take the mouse, or leave it to the terminal for selecting text."""
        if on:
            self._mouse = True
            self._enable_mouse_support()
        else:
            self._disable_mouse_support()
            self._mouse = False

    def _get_terminal_size(self) -> tuple[int, int]:
        width, height = super()._get_terminal_size()
        return min(width, WIDEST), min(height, HIGHEST)


def _clamped(message: events.Resize) -> events.Resize:
    size = message.size
    if size.width <= WIDEST and size.height <= HIGHEST:
        return message
    fitted = Size(min(size.width, WIDEST), min(size.height, HIGHEST))
    return events.Resize(fitted, fitted, pixel_size=message.pixel_size)
