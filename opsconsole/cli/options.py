"""What stands before the verb: which engine, which configuration, how to show."""

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from opsconsole.engine.launch import LaunchSpec
    from opsconsole.engine.place import Place
    from opsconsole.inventory.sources import SourceSpec


class Options(Struct, frozen=True):
    """The root command's options."""

    config: Path | None = None
    hosts: str | None = None
    engine: str | None = None
    ssh_config: Path | None = None
    ansible: Path | None = None
    solo: bool = False
    read_only: bool = False
    ascii: bool = False

    def sources(self) -> "SourceSpec":
        """Say where hosts come from."""
        from opsconsole.inventory.sources import SourceSpec

        return SourceSpec(self.config, self.hosts, self.ssh_config, self.ansible)

    def name(self) -> str:
        """Name the engine these options mean.

        Raises:
            ConfigError: `-E` cannot be a name.
        """
        from opsconsole.config.paths import engine_name

        others = tuple(path for path in (self.ssh_config, self.ansible) if path)
        return engine_name(self.config, self.hosts, self.engine, others=others)

    def launch(self) -> "LaunchSpec":
        """Say which engine to find or start."""
        from opsconsole.engine.launch import LaunchSpec

        return LaunchSpec(self.name(), self.sources(), self.read_only)

    def place(self, *, create: bool = True) -> "Place":
        """Find the engine's folder.

        Raises:
            EngineError: The folder cannot be trusted.
        """
        from opsconsole.engine.place import Place

        return Place.of(self.name(), create=create)
