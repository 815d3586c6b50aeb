"""One table over the whole room: silences, maintenance, what ends soon, objectives, on call, a blast radius."""

from collections.abc import Callable, Mapping
from typing import Final

from opsconsole.model.snapshot import Snapshot
from opsconsole.ui.screens.single import Single
from opsconsole.ui.widgets.pane import Pane
from opsconsole.ui.widgets.row_table import RowTable
from opsconsole.view import blast_table, escalated, expiring, incidents, maintenance, silences, slo
from opsconsole.view.naming import bare_name
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Table

_Make = Callable[[Snapshot, str, float, int, ViewOptions], Table]
"""Snapshot, the place's key, now, width, options."""
TABLES: Final[Mapping[str, _Make]] = {
    "silences": lambda snapshot, _, now, width, options: silences.table(snapshot, now, width, options),
    "maintenance": lambda snapshot, _, now, width, options: maintenance.table(snapshot, now, width, options),
    "expiring": lambda snapshot, _, now, width, options: expiring.table(snapshot, now, width, options),
    "incidents": lambda snapshot, _, now, width, options: incidents.table(snapshot, now, width, options),
    "slo": lambda snapshot, _key, _now, width, options: slo.screen_table(snapshot, width, options),
    "oncall": lambda snapshot, _, now, width, options: escalated.table(snapshot, now, width, options),
    "blast": lambda snapshot, key, _, width, options: blast_table.table(snapshot, key, width, options),
}  # fmt: skip


class ListView(Single):
    """A table of one kind; enter opens what a row is about, or offers what can be done with it."""

    def make_panes(self) -> list[Pane]:
        """The table."""
        return [RowTable(self.session.look, id=self.place.kind)]

    def fill(self, name: str) -> None:
        """Make the rows."""
        session, width = self.session, self.panes[name].body.width
        make = TABLES[self.place.kind]
        self.show_table(
            name, make(session.snapshot, self.place.key, session.now, width, self.options)
        )

    @property
    def subject(self) -> str | None:
        """What is under the cursor."""
        pane = self.panes[self.place.kind]
        return pane.cursor if isinstance(pane, RowTable) else None

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where one stands."""
        return ("all", self.place.kind, *((bare_name(self.place.key),) if self.place.key else ()))
