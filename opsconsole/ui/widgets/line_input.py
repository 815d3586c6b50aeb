"""One line to type into: what is pasted or put there is cleaned first."""

from textual import events
from textual.widgets import Input

from opsconsole.model.text import LABEL_LIMIT, clean


class LineInput(Input):
    """An Input without a frame; it never holds a character that a terminal would obey."""

    DEFAULT_CSS = """
    LineInput { height: 1; border: none; padding: 0; background: $background; color: $foreground; }
    LineInput:focus { border: none; background: $background; background-tint: transparent; }
    """

    def __init__(
        self,
        value: str = "",
        *,
        id: str | None = None,
        password: bool = False,
        pastable: bool = True,
    ) -> None:
        super().__init__(
            clean(value, LABEL_LIMIT), id=id, password=password, compact=True, select_on_focus=False,
            max_length=LABEL_LIMIT,
        )  # fmt: skip
        self.cursor_blink = False
        self._pastable = pastable

    def _on_paste(self, event: events.Paste) -> None:
        # The only place where a terminal's bytes would enter the value unchecked.
        event.stop()
        event.prevent_default()
        if self._pastable:
            lines = clean(event.text[:LABEL_LIMIT], LABEL_LIMIT, multiline=True).splitlines()
            self.insert_text_at_cursor(lines[0] if lines else "")

    def put(self, value: str) -> None:
        """Replace the value and stand at its end."""
        self.value = clean(value, LABEL_LIMIT)
        self.cursor_position = len(self.value)
