"""An empty Textual application: the floor for start and idle."""

from textual.app import App, ComposeResult
from textual.widgets import Static


class Empty(App[None]):
    """One line."""

    def compose(self) -> ComposeResult:
        """Show a line that the measurement looks for."""
        yield Static("READY-MARK")


if __name__ == "__main__":
    Empty().run()
