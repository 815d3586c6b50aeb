"""Where our files are: the configuration, and the state folder of each engine."""

from pathlib import Path

from msgspec import Struct


class StateDir(Struct, frozen=True):
    """An engine's folder, checked; `note` is a sentence for doctor and banner, empty when usual."""

    path: Path
    note: str = ""


def config_file() -> Path:
    """Give the place of the user's file, `$XDG_CONFIG_HOME/opsconsole/opsconsole.yaml`, there or not."""
    raise NotImplementedError


def engine_name(
    config: Path | None = None, hosts: str | None = None, override: str | None = None
) -> str:
    """Name the engine that serves a configuration.

    Returns:
        `override` if given (checked: letters, digits, `._-`, at most 40), `default` for the user's own file or
        no file, else twelve hex digits of a hash of the real path of `config`, or of the `hosts` set.

    Raises:
        ConfigError: The override cannot be a name.
    """
    raise NotImplementedError


def state_dir(name: str, *, create: bool = True) -> StateDir:
    """Find, make (0700) and check the folder of an engine.

    `$XDG_STATE_HOME/opsconsole/<name>`, or `/var/tmp/opsconsole-<uid>/<name>` where that is on a network
    file system or cannot be written; the note then says so.

    Raises:
        EngineError: It is a symbolic link, belongs to somebody else, or others may write in it; says the fix.
    """
    raise NotImplementedError
