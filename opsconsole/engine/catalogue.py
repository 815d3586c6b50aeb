"""The actions of an engine: the shipped catalogue and the plugin folders of its settings."""

from pathlib import Path

from opsconsole.actions.loader import load
from opsconsole.actions.registry import Registry
from opsconsole.model.inventory import Settings
from opsconsole.shipped import shipped_dir


def load_catalogue(settings: Settings) -> Registry:
    """Load every action; a broken plugin is a row that says why, never an error."""
    return load([Path(folder) for folder in settings.plugins], shipped=shipped_dir("plugins"))
