"""All runs: the live ones, then the newest."""

from collections.abc import Sequence

from textual.geometry import Region, Size

from opsconsole.ui.screens.detail import Detail
from opsconsole.ui.widgets.pane import Pane
from opsconsole.ui.widgets.row_table import RowTable
from opsconsole.view import runs
from opsconsole.view.rows import Cell


class RunsView(Detail):
    """One table."""

    HEAD = 0

    def make_panes(self) -> list[Pane]:
        """The table of runs."""
        return [RowTable(self.session.look, id="runs")]

    def areas(self, room: Size) -> dict[str, Region]:
        """The whole room."""
        return {"runs": room.region}

    def headline(self, width: int) -> Sequence[Cell]:
        """Nothing: the table says it all."""
        del width
        return ()

    def fill(self, name: str) -> None:
        """List the runs."""
        session = self.session
        width = self.panes[name].body.width
        self.show_table(name, runs.table(session.snapshot, session.now, width, self.options))

    @property
    def subject(self) -> str | None:
        """The run under the cursor."""
        pane = self.panes["runs"]
        return pane.cursor if isinstance(pane, RowTable) else None

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where one stands."""
        return ("all", "runs")
