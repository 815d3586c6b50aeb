"""Our YAML file and all it includes, read into one Document."""

from pathlib import Path

from opsconsole.config.document import Document


def read(path: Path) -> Document:
    """Read a configuration and everything it includes.

    Raises:
        ConfigError: All mistakes of all files.
    """
    raise NotImplementedError
