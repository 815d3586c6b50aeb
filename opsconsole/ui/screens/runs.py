"""All runs: the live ones, then the newest."""

from opsconsole.ui.screens.single import Single
from opsconsole.ui.widgets.pane import Pane
from opsconsole.ui.widgets.row_table import RowTable
from opsconsole.view import runs


class RunsView(Single):
    """One table."""

    def make_panes(self) -> list[Pane]:
        """The table of runs."""
        return [RowTable(self.session.look, id="runs")]

    def fill(self, name: str) -> None:
        """List the runs."""
        session = self.session
        width = self.panes[name].body.width
        self.show_table(name, runs.table(session.snapshot, session.now, width, self.options))

    @property
    def where(self) -> str:
        """The pane."""
        return "runs"

    @property
    def subject(self) -> str | None:
        """The run under the cursor."""
        pane = self.panes["runs"]
        return pane.cursor if isinstance(pane, RowTable) else None

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where one stands."""
        return ("all", "runs")
