"""One incident: what is known of it and its timeline, read again when it is opened or changed."""

from collections.abc import Sequence

from opsconsole.model.incident import Incident
from opsconsole.ui.past import read_past
from opsconsole.ui.places import Place
from opsconsole.ui.screens.single import TextPage
from opsconsole.ui.session import Session
from opsconsole.view.cells import cell
from opsconsole.view.incident import IncidentPage, page, span_of
from opsconsole.view.incident_text import page_lines, post_mortem
from opsconsole.view.rows import Cell, Tone


class IncidentView(TextPage):
    """Copying and keeping give the post-mortem."""

    TITLE = "Incident"
    HINT = "c copy   ctrl+s keep the post-mortem"

    def __init__(self, session: Session, place: Place) -> None:
        super().__init__(session, place)
        self._page: IncidentPage | None = None
        self._asked: Incident | None = None
        """As it was when its timeline was asked for last."""

    async def read(self) -> str:
        """Read its timeline."""
        source = self.session.source
        found = self._asked = source.snapshot.incidents.get(self.place.key)
        if found is None:
            self._page = None
            return f"there is no incident {self.place.key}"
        now = source.now()
        past = await read_past(source, *span_of(found, now))
        runs = source.snapshot.runs.values()
        self._page = page(found, past.fires, past.events, runs, now)
        return ""

    def lines(self) -> Sequence[Cell]:
        """Write it as it was read."""
        if self._page is None:
            return ()
        head, *rest = page_lines(self._page, self.session.now)
        return [cell(head, Tone.STRONG), *map(cell, rest)]

    def fill(self, name: str) -> None:
        """Show it; what changed since it was read, or came only now, is read again.

        It is read from the newest snapshot, also while the screen is stopped at an older one.
        """
        super().fill(name)
        if self.session.source.snapshot.incidents.get(self.place.key) is not self._asked:
            self.read_again()

    def export(self) -> tuple[str, str] | None:
        """Give the post-mortem, for the clipboard and for a file."""
        if self._page is None:
            return None
        return (f"incident-{self.place.key}", post_mortem(self._page, self.session.now))

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where one stands."""
        return ("all", "incidents", self.place.key)
