"""Finds and loads plugins; the bulkhead around other people's modules: one broken plugin is one row."""

from collections.abc import Sequence
from pathlib import Path

from opsconsole.actions.registry import Registry


def load(folders: Sequence[Path], *, shipped: Path | None = None) -> Registry:
    """Load the shipped catalogue and the plugins in folders; never raises for a plugin's fault.

    Args:
        folders: Plugin folders or folders of them, from the settings; owner and mode are checked.
        shipped: The catalogue that came with the program; None: none.
    """
    raise NotImplementedError
