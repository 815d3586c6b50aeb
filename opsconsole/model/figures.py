"""What an engine says of itself."""

from msgspec import Struct


class EngineFigures(Struct, frozen=True):
    """What an engine says of itself."""

    name: str
    pid: int
    version: str
    started: float
    clients: int
    hosts: int
    runs: int
    rss: int
    """Bytes."""
    config: str = ""
    lag: float = 0.0
    """Worst delay of its loop in the last minute, seconds."""
