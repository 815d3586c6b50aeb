"""A plugin's pane as a view: one table, asked for again as often as the plugin says."""

from opsconsole.errors import OpsConsoleError
from opsconsole.model.calls import ReadPane
from opsconsole.model.pane import PaneData
from opsconsole.ui.places import Place
from opsconsole.ui.screens.single import Single
from opsconsole.ui.session import Session
from opsconsole.ui.widgets.pane import Pane
from opsconsole.ui.widgets.row_table import RowTable
from opsconsole.view import plugin_pane


class PluginPane(Single):
    """Shows what the engine last heard of the plugin; the plugin itself draws nothing."""

    def __init__(self, session: Session, place: Place) -> None:
        super().__init__(session, place)
        self._data: PaneData | None = None
        self._asked_at = float("-inf")

    def make_panes(self) -> list[Pane]:
        """The table."""
        return [RowTable(self.session.look, id="pane")]

    def fill(self, name: str) -> None:
        """Show what is known, and ask again when it is time."""
        self.show_table(name, plugin_pane.table(self._data, self.session.now, self.options))
        now = self.session.look.clock.monotonic()
        every = self._data.every if self._data is not None else 1.0
        if now - self._asked_at >= every:
            self._asked_at = now
            self.run_worker(self._read(), name="ask the plugin", group="pane", exclusive=True)

    async def _read(self) -> None:
        try:
            self._data = await self.session.source.call(ReadPane(self.place.key), PaneData)
        except OpsConsoleError as error:
            last = self._data or PaneData(self.place.key, self.place.key, 0.0, 5.0)
            self._data = PaneData(
                last.pane, last.title, last.at, last.every, last.columns, last.rows, last.lines,
                last.series, str(error),
            )  # fmt: skip
        self.show_table("pane", plugin_pane.table(self._data, self.session.now, self.options))

    @property
    def subject(self) -> str | None:
        """Nothing that commands could act on: it is to be read."""
        return None

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where one stands."""
        return ("all", "panes", self.place.key)
