"""Our hosts pane alone: records change, `view` makes rows of them, the table paints what changed."""

import random
import sys

from msgspec.structs import replace
from textual.app import App, ComposeResult
from textual.widgets import Static

from benchmarks.peers.ticks import Ticks
from opsconsole.clock import SystemClock
from opsconsole.model.snapshot import HostRecord, Snapshot
from opsconsole.model.states import HostState, Reach
from opsconsole.shipped import shipped_dir
from opsconsole.ui.frames import UNICODE
from opsconsole.ui.look import Look
from opsconsole.ui.themes import ThemeFolder, to_textual
from opsconsole.ui.widgets.row_table import RowTable
from opsconsole.view import hosts
from opsconsole.view.cache import RowCache
from opsconsole.view.options import ViewOptions


class Ours(App[None]):
    """Rows, the cursor's place in words, and changes ten times a second."""

    ENABLE_COMMAND_PALETTE = False
    CSS = "RowTable { height: 1fr; }"

    def __init__(self, rows: int, visible: int) -> None:
        super().__init__()
        self.changing = visible
        self.random = random.Random(7)
        self.ticks = Ticks()
        self.clock = SystemClock()
        self.look = Look(ThemeFolder((shipped_dir("themes"),)).load("dark"), UNICODE, self.clock)
        self.names = [f"web-prod-{i:05d}" for i in range(rows)]
        self.records = {name: self.record(name) for name in self.names}
        self.cache = RowCache()
        self.pane = RowTable(self.look, id="hosts", number="2")

    def record(self, name: str) -> HostRecord:
        """Make a host that is fine."""
        metrics = {
            "load.1m": 0.42,
            "cpu.busy": 0.12,
            "mem.used_ratio": 0.4,
            "fs.worst_used_ratio": 0.33,
        }
        return HostRecord(
            name, name, {"role": "web"}, state=HostState.OK, reach=Reach.UP, at=self.clock.now() + 1e6,
            metrics=metrics, spark="1234567812345678",
        )  # fmt: skip

    def compose(self) -> ComposeResult:
        """Lay out."""
        yield Static("KEYS-000000", id="keys")
        yield self.pane

    def on_mount(self) -> None:
        """Fill the table and start the changes."""
        theme = to_textual(self.look.palette)
        self.register_theme(theme)
        self.theme = theme.name
        self.paint()
        self.pane.focus()
        self.set_interval(0.1, self.change)

    def paint(self) -> None:
        """Make rows of the snapshot and show them."""
        snapshot = Snapshot(hosts=dict(self.records), now=self.clock.now())
        self.pane.show(hosts.table(snapshot, self.clock.now(), 200, ViewOptions(), self.cache))

    def change(self) -> None:
        """Change three values of some visible hosts."""
        self.ticks.count()
        for i in range(self.changing):
            name = self.names[min(len(self.names) - 1, self.pane.top + i * 7)]
            old = self.records[name]
            metrics = {
                **old.metrics,
                "load.1m": self.random.random() * 90,
                "cpu.busy": self.random.random(),
                "mem.used_ratio": self.random.random(),
            }
            self.records[name] = replace(old, metrics=metrics)
        self.paint()

    def on_row_table_cursor_moved(self, message: RowTable.CursorMoved) -> None:
        """Say where the cursor is, where the measurement looks."""
        self.query_one("#keys", Static).update(
            f"KEYS-{int((message.key or '0')[-5:]):06d}", layout=False
        )


if __name__ == "__main__":
    Ours(int(sys.argv[1]), int(sys.argv[2])).run()
