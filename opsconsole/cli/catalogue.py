"""Load the actions that an engine with these options would have."""

from pathlib import Path

from opsconsole.actions.loader import load
from opsconsole.actions.registry import Registry
from opsconsole.cli.options import Options
from opsconsole.inventory.sources import load as load_inventory
from opsconsole.shipped import shipped_dir


def catalogue(options: Options) -> Registry:
    """Load the shipped plugins and those of the configuration.

    Raises:
        ConfigError: The configuration cannot be read.
    """
    settings = load_inventory(options.sources()).settings
    return load([Path(folder) for folder in settings.plugins], shipped=shipped_dir("plugins"))
