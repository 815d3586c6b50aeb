"""The terminal's side of the screen: Textual's driver, with sizes clamped and false keys dropped."""

import os
import select
from codecs import getincrementaldecoder
from typing import Final

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.message import Message

from opsconsole.ui.terminal_answers import AnswerFilter, Throttle

WIDEST: Final = 500
HIGHEST: Final = 200
_READ: Final = 4_096


class ConsoleDriver(LinuxDriver):
    """Runs in Textual's input thread; everything it lets through becomes an event of the application."""

    _throttle: Throttle | None = None

    def run_input_thread(self) -> None:
        """Read keys until the application leaves; as Textual does, behind a filter."""
        # Textual 8.2.8 has no seam between reading and parsing, so its loop is written again here.
        parser = XTermParser(self._debug)
        answers = AnswerFilter()
        decode = getincrementaldecoder("utf-8")("replace").decode
        while not self.exit_event.is_set():
            ready, _, _ = select.select([self.fileno], [], [], 0.1)
            text = decode(os.read(self.fileno, _READ)) if ready else ""
            if ready and not text:
                self.exit_event.wait(0.1)  # end of input: the terminal is gone, SIGHUP follows
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
