"""A sentence for a few seconds over the bottom line of the panes: what was done, what was refused, what is new."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from textual.timer import Timer

from opsconsole.model.text import LABEL_LIMIT, Safe, clean
from opsconsole.ui.look import Look
from opsconsole.ui.widgets.bars import Bar
from opsconsole.view.rows import Span, Tone

SHOWN_FOR: Final = 5.0
"""Seconds; shorter while others wait."""
_WAITING_LIMIT: Final = 5


class _Said(NamedTuple):
    text: Safe
    tone: Tone
    passing: bool


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
        self._waiting: deque[_Said] = deque(maxlen=_WAITING_LIMIT)
        self._shown: _Said | None = None
        self._timer: Timer | None = None
        self._meanwhile = Safe("")
        """What is under way now; it stands where nothing else does."""

    def say(self, text: str, tone: Tone = Tone.NORMAL, *, passing: bool = False) -> None:
        """Show a sentence, after those that wait; a passing one at once in the place of another such."""
        said = _Said(clean(text, LABEL_LIMIT), tone, passing)
        self.said.append(said.text)
        if passing:
            self._waiting = deque((s for s in self._waiting if not s.passing), _WAITING_LIMIT)
        self._waiting.append(said)
        if self._timer is None or (passing and self._shown is not None and self._shown.passing):
            self._next()

    @contextmanager
    def during(self, text: str) -> Iterator[None]:
        """Show a sentence for as long as something takes, when nothing else is to be said."""
        self._meanwhile = clean(text, LABEL_LIMIT)
        if self._timer is None:
            self._next()
        try:
            yield
        finally:
            self._meanwhile = Safe("")
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
            self._shown = None
            self.set_class(bool(self._meanwhile), "-shown")
            if self._meanwhile:
                self._paint(self._meanwhile, Tone.DIM)
            return
        self._shown = self._waiting.popleft()
        self._paint(self._shown.text, self._shown.tone)
        self.add_class("-shown")
        self._timer = self.set_timer(
            SHOWN_FOR / (1 + len(self._waiting)), self._next, name="notice"
        )

    def _paint(self, text: Safe, tone: Tone) -> None:
        self.show(((Span(Safe(f" {self.look.signs.cursor} "), tone), Span(text, tone)),))
