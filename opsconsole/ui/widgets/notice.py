"""A sentence for a few seconds over the bottom line of the panes: what was done, what was refused, what is new."""

from collections import deque
from typing import Final

from textual.timer import Timer

from opsconsole.model.text import LABEL_LIMIT, Safe, clean
from opsconsole.ui.look import Look
from opsconsole.ui.widgets.bars import Bar
from opsconsole.view.rows import Span, Tone

SHOWN_FOR: Final = 5.0
"""Seconds; shorter while others wait."""
_WAITING_LIMIT: Final = 5


class Notice(Bar):
    """Shows one sentence at a time; takes no key and no focus."""

    DEFAULT_CSS = """
    Notice { layer: notice; dock: bottom; offset: 0 -1; display: none; }
    Notice.-shown { display: block; }
    """

    def __init__(self, look: Look) -> None:
        super().__init__(look, id="notice")
        self.said: deque[str] = deque(maxlen=50)
        """The newest sentences, for tests and `:messages`."""
        self._waiting: deque[tuple[str, Tone]] = deque(maxlen=_WAITING_LIMIT)
        self._timer: Timer | None = None

    def say(self, text: str, tone: Tone = Tone.NORMAL) -> None:
        """Show a sentence, after those that wait."""
        sentence = clean(text, LABEL_LIMIT)
        self.said.append(sentence)
        self._waiting.append((sentence, tone))
        if self._timer is None:
            self._next()

    def hush(self) -> None:
        """Take the sentence away."""
        self._waiting.clear()
        self._next()

    def _next(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if not self._waiting:
            self.remove_class("-shown")
            return
        sentence, tone = self._waiting.popleft()
        self.show(((Span(Safe(f" {self.look.signs.cursor} "), tone), Span(Safe(sentence), tone)),))
        self.add_class("-shown")
        self._timer = self.set_timer(
            SHOWN_FOR / (1 + len(self._waiting)), self._next, name="notice"
        )
