"""One service: its checks, what they ask, the hosts that carry it, its fires."""

from collections.abc import Sequence

from textual.geometry import Region, Size

from opsconsole.ui.screens.detail import Detail, beside, stack
from opsconsole.ui.widgets.lines import Lines
from opsconsole.ui.widgets.pane import Pane
from opsconsole.ui.widgets.row_table import RowTable
from opsconsole.view import service_page
from opsconsole.view.rows import Cell

_NORMAL_FROM = 100


class ServiceView(Detail):
    """The panes of a service; its checks have the keys."""

    def make_panes(self) -> list[Pane]:
        """Checks and fires are tables, the rest is text."""
        look = self.session.look
        tables: list[Pane] = [RowTable(look, id=name) for name in ("checks", "alerts")]
        return [*tables, *(Lines(look, id=name) for name in ("details", "carriers", "changed"))]

    def areas(self, room: Size) -> dict[str, Region]:
        """Two columns where there is room for them."""
        if room.width < _NORMAL_FROM:
            return stack(room.region, (("checks", 0.34), ("details", 0.36), ("alerts", 0.3)))
        rows = stack(room.region, (("top", 0.4), ("middle", 0.25), ("low", 0.35)))
        return {
            **beside(rows["top"], (("checks", 0.55), ("details", 0.45))),
            "alerts": rows["middle"],
            **beside(rows["low"], (("carriers", 0.5), ("changed", 0.5))),
        }

    def headline(self, width: int) -> Sequence[Cell]:
        """Say how it is."""
        del width
        session = self.session
        return (service_page.headline(session.snapshot, self.place.key, session.now, self.options),)

    def fill(self, name: str) -> None:
        """Show one of the panes."""
        session, key = self.session, self.place.key
        tables = {"checks": service_page.checks, "alerts": service_page.alerts}
        texts = {"details": service_page.details, "carriers": service_page.carriers,
                 "changed": service_page.changed}  # fmt: skip
        if name in tables:
            self.show_table(name, tables[name](session.snapshot, key, session.now, self.options))
        else:
            section = texts[name](session.snapshot, key, session.now, self.options)
            self.show_section(name, section, whole=name == "details")
