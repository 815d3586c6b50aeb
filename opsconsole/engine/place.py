"""What one engine owns on disk: one private folder with a socket, a lock, a history, journals and a log."""

from pathlib import Path
from typing import Self

from msgspec import Struct

from opsconsole.config.paths import state_dir
from opsconsole.errors import EngineError

_PATH_LIMIT = 107
"""Bytes a unix socket's path may have (unix(7))."""


class Place(Struct, frozen=True):
    """The folder of an engine, and the names inside it."""

    name: str
    folder: Path
    note: str = ""
    """Where the folder had to be put elsewhere: a sentence for banner and doctor."""
    root: Path | None = None
    """The folder that all engines of this account share; None: this one has none to share."""

    @classmethod
    def of(cls, name: str, *, create: bool = True) -> Self:
        """Find the folder of a named engine and check owner and mode.

        Raises:
            EngineError: The folder cannot be trusted, or its path is too long for a socket.
        """
        found = state_dir(name, create=create)
        place = cls(name, found.path, found.note, found.path.parent)
        if (length := len(bytes(place.socket))) > _PATH_LIMIT:
            raise EngineError(
                f"the socket path {place.socket} has {length} bytes, a unix socket allows "
                f"{_PATH_LIMIT}: set XDG_STATE_HOME to a shorter folder, or name the engine with -E"
            )
        return place

    @property
    def socket(self) -> Path:
        """Where clients attach, 0600."""
        return self.folder / "engine.sock"

    @property
    def lock(self) -> Path:
        """Held while the engine lives; says who holds it."""
        return self.folder / "lock"

    @property
    def log(self) -> Path:
        """The engine's log."""
        return self.folder / "engine.log"

    @property
    def failure(self) -> Path:
        """Why the last start failed, for whoever waits for it; absent when it did not."""
        return self.folder / "failure"

    @property
    def history(self) -> Path:
        """The history's database."""
        return self.folder / "history.db"

    @property
    def runs(self) -> Path:
        """One folder a run: its journal and output."""
        return self.folder / "runs"

    @property
    def locks(self) -> Path:
        """One lock a target, so that two runs do not change the same host, whichever engine they are of."""
        return self.folder / "locks" if self.root is None else self.root / ".locks"

    @property
    def heartbeats(self) -> Path:
        """One small file a heartbeat check: when it was last heard."""
        return self.folder / "heartbeats"

    @property
    def access(self) -> Path:
        """Unlocks and freezes, so that they survive a restart."""
        return self.folder / "access.json"
