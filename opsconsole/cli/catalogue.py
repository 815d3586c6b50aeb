"""Load the actions that an engine with these options would have."""

from opsconsole.actions.registry import Registry
from opsconsole.cli.options import Options
from opsconsole.engine.catalogue import load_catalogue
from opsconsole.inventory.sources import load as load_inventory


def catalogue(options: Options) -> Registry:
    """Load the shipped plugins and those of the configuration.

    Raises:
        ConfigError: The configuration cannot be read.
    """
    return load_catalogue(load_inventory(options.sources()).settings)
