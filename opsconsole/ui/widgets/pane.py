"""A tile of the screen: a frame with titles in it, and lines that a subclass paints."""

from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from opsconsole.model.text import Safe
from opsconsole.ui.frames import edge, side
from opsconsole.ui.look import Look
from opsconsole.ui.paint import blank, fit, segments
from opsconsole.ui.widgets.canvas import Canvas
from opsconsole.view.rows import Cell, Span, Tone


class Pane(Canvas, can_focus=True):
    """A framed tile; subclasses give `body_line` and call `refresh_body` for the lines that changed."""

    class Reshaped(Message):
        """It has another size: what it shows was made for the old one."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Pane { background: $background; color: $foreground; }"

    def __init__(self, look: Look, *, id: str, number: str = "") -> None:
        super().__init__(id=id)
        self.look = look
        self.number = number
        self.framed = True
        self.lit = False
        """Shown as the one with the keys, though a prompt has them for the moment."""
        self.titles: tuple[Cell, Cell, Cell] = ((), (), ())
        """Top left, top right, bottom left."""

    def on_resize(self, event: events.Resize) -> None:  # noqa: ARG002 - the event's own shape
        """Tell the view, which makes rows and lines for a width."""
        self.post_message(self.Reshaped())

    @property
    def active(self) -> bool:
        """Whether it is the pane that the keys are for."""
        return self.lit or self.has_focus

    def light(self, *, on: bool) -> None:
        """Show it as the one with the keys, or as another."""
        if on != self.lit:
            self.lit = on
            self.refresh()

    @property
    def body(self) -> Size:
        """The cells inside the frame."""
        # Its frame is painted, not Textual's: the outer size is all of it, and need not be looked up.
        inset = 2 if self.framed else 0
        width, height = self.outer_size
        return Size(max(0, width - inset), max(0, height - inset))

    def body_line(self, y: int, width: int) -> Strip:
        """Paint line `y` of the body, exactly `width` cells."""
        del y
        return blank(width, self.look.palette)

    def entitle(self, title: Cell = (), hint: Cell = (), footer: Cell = ()) -> None:
        """Set what the frame says."""
        titles = (title, hint, footer)
        if titles != self.titles:
            self.titles = titles
            self.refresh_lines(0, self.outer_size.height - 1)

    def refresh_body(self, *lines: int) -> None:
        """Mark lines of the body as changed."""
        top = 1 if self.framed else 0
        self.refresh_lines(*(line + top for line in lines))

    def refresh_starts(self, *cells: int) -> None:
        """Mark the first cells of each line of the body as changed; 0 for a line that stays."""
        inset = 1 if self.framed else 0
        parts = [Region(0, y + inset, n + inset, 1) for y, n in enumerate(cells) if n]
        if parts and self.outer_size.width:
            self.refresh(*parts)

    def refresh_lines(self, *lines: int) -> None:
        """Mark lines of the whole tile as changed; nothing else is painted again."""
        if lines and self.outer_size.width:
            self.refresh(
                *(Region(0, line, self.outer_size.width, 1) for line in lines if line >= 0)
            )

    def render_line(self, y: int) -> Strip:
        """Paint one line, frame included."""
        width, height = self.outer_size
        if not self.framed:
            return self.body_line(y, width)
        if width < 2:
            return blank(width, self.look.palette)
        if y in (0, height - 1):
            return self._edge(width, bottom=y > 0)
        post = side(self.look.palette, self.look.signs, focused=self.active)
        return Strip([post, *self.body_line(y - 1, width - 2), post], width)

    def repaint(self) -> None:
        """Paint everything again: the theme changed."""
        self.refresh()

    def on_focus(self, event: events.Focus) -> None:
        """Show the double frame."""
        del event
        self.refresh()

    def on_blur(self, event: events.Blur) -> None:
        """Show the faint frame."""
        del event
        self.refresh()

    def cell_strip(self, cell: Cell, width: int, base: Tone = Tone.NORMAL) -> Strip:
        """Paint a cell over a whole line."""
        fitted = fit(cell, width, self.look.signs.ellipsis)
        return Strip(segments(fitted, self.look.palette, base), width)

    def _edge(self, width: int, *, bottom: bool) -> Strip:
        title, hint, footer = self.titles
        number = (Span(Safe(f"{self.number} ")),) if self.number and title else ()
        left, right = (footer, ()) if bottom else ((*number, *title), hint)
        return edge(
            width,
            left,
            right,
            self.look.palette,
            self.look.signs,
            focused=self.active,
            bottom=bottom,
        )
