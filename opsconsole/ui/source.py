"""What the screen needs of an engine: a mirrored snapshot, a bell, and calls."""

from typing import Protocol, TypeVar

from msgspec import Struct

from opsconsole.model.calls import AnyCall
from opsconsole.model.snapshot import Snapshot

Reply = TypeVar("Reply", bound=Struct)


class Source(Protocol):
    """`rpc.client.Client` as the screen sees it; tests hand in one without a socket."""

    @property
    def snapshot(self) -> Snapshot:
        """The newest revision; kept while the engine is lost."""
        ...

    @property
    def link(self) -> str:
        """`connecting`, `attached`, `lost` or `closed`."""
        ...

    @property
    def reason(self) -> str:
        """Why it is not attached, a sentence."""
        ...

    @property
    def actor(self) -> str:
        """Who we are to the engine."""
        ...

    def now(self) -> float:
        """The engine's time, carried on by our clock while it is lost."""
        ...

    def start(self) -> None:
        """Begin to attach, and to attach again whenever cut off."""
        ...

    async def wait_change(self) -> None:
        """Wait until snapshot or link changed since the last wait."""
        ...

    async def call(self, call: AnyCall, reply: type[Reply], *, within: float = 30.0) -> Reply:
        """Ask the engine; raises RefusedError or EngineError."""
        ...

    async def close(self) -> None:
        """Detach."""
        ...
