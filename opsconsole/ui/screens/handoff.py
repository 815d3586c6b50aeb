"""The hand-over on the screen: Markdown made of what is known, to be read, copied and kept."""

from collections.abc import Sequence

from opsconsole.commands.line import duration as read_duration
from opsconsole.ui.past import read_past
from opsconsole.ui.places import Place
from opsconsole.ui.screens.single import TextPage
from opsconsole.ui.session import Session
from opsconsole.view.cells import cell
from opsconsole.view.handoff import hand_over
from opsconsole.view.handoff_text import as_said, markdown
from opsconsole.view.rows import Cell, Tone


class HandoffView(TextPage):
    """The last so many hours; read when it is opened, and again with `:handoff`."""

    TITLE = "Hand-over of the last"

    def __init__(self, session: Session, place: Place) -> None:
        super().__init__(session, place)
        self.text = ""
        """The Markdown; empty until the engine answered."""

    async def read(self) -> str:
        """Read the shift."""
        source, now = self.session.source, self.session.source.now()
        since = now - read_duration(self.place.key)
        past = await read_past(source, since, now)
        self.text = markdown(
            hand_over(
                source.snapshot, past.fires, past.events, since=since, until=now, by=source.actor
            )
        )
        return ""

    def lines(self) -> Sequence[Cell]:
        """Write its headings strong, and what machines said as they said it."""
        return [
            cell(as_said(line), Tone.STRONG if line.startswith("#") else Tone.NORMAL)
            for line in self.text.splitlines()
        ]

    def export(self) -> tuple[str, str] | None:
        """Give the whole text, for the clipboard and for a file."""
        return ("handoff", self.text) if self.text else None

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where one stands."""
        return ("all", "hand-over", self.place.key)
