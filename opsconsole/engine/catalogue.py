"""The actions of an engine: the shipped catalogue, and the plugins of the machine, the team and the person."""

from pathlib import Path

from opsconsole.actions.discovery import SYSTEM
from opsconsole.actions.loader import load
from opsconsole.actions.registry import Registry
from opsconsole.actions.wards import Wards
from opsconsole.config.paths import config_file
from opsconsole.model.inventory import Settings
from opsconsole.shipped import shipped_dir


def plugin_roots(settings: Settings) -> tuple[Path, ...]:
    """Name the folders that plugins may be put into: the team's, the system's, the person's."""
    return (*map(Path, settings.plugins), SYSTEM, config_file().parent / "plugins")


def load_catalogue(settings: Settings, wards: Wards | None = None) -> Registry:
    """Load every action; a broken plugin is a row that says why, never an error.

    Args:
        settings: They name the team's folders.
        wards: Who counts faults; None where nothing is run.
    """
    return load(
        [Path(folder) for folder in settings.plugins],
        shipped=shipped_dir("plugins"),
        system=SYSTEM,
        user=config_file().parent / "plugins",
        packages=True,
        wards=wards,
    )
