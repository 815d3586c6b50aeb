"""The hosts pane on Textual's own DataTable: the same rows, the same changes, the same keys."""

import random
import sys
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.widgets import DataTable, Static

from benchmarks.peers.ticks import Ticks

NAMES = ("", "HOST", "ROLE", "LOAD", "CPU", "MEM", "DSK", "AGE", "AL", "LOAD15m", "NOTE")


class Peer(App[None]):
    """Rows, the cursor's place in words, and changes ten times a second."""

    BINDINGS: ClassVar = [("j", "down", "down")]
    CSS = "DataTable { height: 1fr; }"

    def __init__(self, rows: int, visible: int) -> None:
        super().__init__()
        self.count, self.changing = rows, visible
        self.random = random.Random(7)
        self.ticks = Ticks()

    def compose(self) -> ComposeResult:
        """Lay out."""
        yield Static("KEYS-000000", id="keys")
        yield DataTable(cursor_type="row")

    def on_mount(self) -> None:
        """Fill the table and start the changes."""
        table = self.query_one(DataTable)
        for name in NAMES:
            table.add_column(name, key=name)
        for i in range(self.count):
            row = (
                "✓",
                f"web-prod-{i:05d}",
                "web",
                "0.42",
                "12",
                "40",
                "33",
                "3s",
                "0",
                "▁▂▃▄▅▆▇█",
                "",
            )
            table.add_row(*row, key=str(i))
        table.focus()
        self.set_interval(0.1, self.change)

    def action_down(self) -> None:
        """Move, on the same key as ours: an escape sequence has to be waited for."""
        self.query_one(DataTable).action_cursor_down()

    def change(self) -> None:
        """Change three cells of some visible rows."""
        self.ticks.count()
        table = self.query_one(DataTable)
        top = int(table.scroll_y)
        for i in range(self.changing):
            key = str(min(self.count - 1, top + i * 7))
            for name in ("LOAD", "CPU", "AGE"):
                table.update_cell(key, name, f"{self.random.random() * 90:.1f}")

    def on_data_table_row_highlighted(self, message: DataTable.RowHighlighted) -> None:
        """Say where the cursor is, where the measurement looks."""
        self.query_one("#keys", Static).update(f"KEYS-{message.cursor_row:06d}", layout=False)


if __name__ == "__main__":
    Peer(int(sys.argv[1]), int(sys.argv[2])).run()
