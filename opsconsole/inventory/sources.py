"""The one door to an inventory: whatever describes hosts goes in, an Inventory comes out."""

from pathlib import Path

from msgspec import Struct

from opsconsole.model.inventory import Inventory


class SourceSpec(Struct, frozen=True):
    """Where hosts come from; with nothing given, the user's own file, else this very machine."""

    config: Path | None = None
    """Our YAML; None: the user's own file if it exists and nothing else is given."""
    hosts: str | None = None
    """A node set, `web[01-20],db1`; what ~/.ssh/config says of them applies."""
    ssh_config: Path | None = None
    """Every concrete Host of this file."""
    ansible: Path | None = None
    """An Ansible inventory, INI or YAML."""


def load(spec: SourceSpec) -> Inventory:
    """Read everything a spec names.

    Raises:
        ConfigError: All mistakes of all files, as `file:line:col: what`.
    """
    raise NotImplementedError
