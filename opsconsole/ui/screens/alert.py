"""One fire: what, who, what changed before it, what to do."""

from collections.abc import Sequence

from textual.geometry import Region, Size

from opsconsole.ui.screens.detail import Detail, beside, stack
from opsconsole.ui.widgets.lines import Lines
from opsconsole.ui.widgets.pane import Pane
from opsconsole.ui.widgets.row_table import RowTable
from opsconsole.view import alert_page, host_details
from opsconsole.view.cells import cell
from opsconsole.view.naming import bare_name
from opsconsole.view.rows import Cell, Tone

_NORMAL_FROM = 100


class AlertView(Detail):
    """The panes of a fire; the actions offered have the keys."""

    def make_panes(self) -> list[Pane]:
        """Actions first: that is what one comes for."""
        look = self.session.look
        texts = [Lines(look, id=name) for name in ("what", "people", "changed", "before")]
        return [RowTable(look, id="do"), *texts]

    def areas(self, room: Size) -> dict[str, Region]:
        """Two columns where there is room for them."""
        if room.width < _NORMAL_FROM:
            return stack(room.region, (("what", 0.4), ("changed", 0.28), ("do", 0.32)))
        rows = stack(room.region, (("top", 0.34), ("changed", 0.26), ("low", 0.4)))
        low = beside(rows["low"], (("do", 0.6), ("before", 0.4)))
        return {
            **beside(rows["top"], (("what", 0.5), ("people", 0.5))),
            "changed": rows["changed"],
            **low,
        }

    def headline(self, width: int) -> Sequence[Cell]:
        """Say what burns."""
        del width
        session = self.session
        if session.past is not None and self.place.key not in session.snapshot.alerts:
            return (cell("This fire did not burn then.", Tone.MUTED),)
        return (alert_page.headline(session.snapshot, self.place.key, session.now, self.options),)

    def fill(self, name: str) -> None:
        """Show one of the panes; a fire that is over leaves the last of itself."""
        session = self.session
        snapshot, now, options = session.snapshot, session.now, self.options
        if name == "do":
            self.show_table(name, host_details.runbooks(snapshot, self.reference, now, options))
            return
        alert = snapshot.alerts.get(self.place.key)
        if alert is None:
            return
        make = {"what": alert_page.what, "people": alert_page.people, "changed": alert_page.changed,
                "before": alert_page.before}[name]  # fmt: skip
        self.show_section(name, make(snapshot, alert, now, options), whole=name == "what")

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where one stands."""
        alert = self.session.snapshot.alerts.get(self.place.key)
        words = self.place.key if alert is None else f"{alert.name} {bare_name(alert.on)}"
        return ("all", "fires", words)
