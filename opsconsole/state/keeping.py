"""The seam between the store and what outlives it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from msgspec import Struct

from opsconsole.model.alert import Alert
from opsconsole.model.event import Event
from opsconsole.model.run import Run
from opsconsole.model.sample import CheckResult
from opsconsole.state.world import Marks

Keep = Callable[[str, bytes], Awaitable[None]]
"""Keeps a small thing under a name until the next engine asks for it in `Loaded.kept`."""


class Loaded(Struct, frozen=True):
    """What an earlier engine left behind."""

    events: tuple[Event, ...] = ()
    """The newest, oldest first."""
    marks: Mapping[str, Marks] = {}
    """By episode, of episodes that had not ended."""
    alerts: tuple[Alert, ...] = ()
    """Episodes that had not ended, as they were last seen."""
    runs: tuple[Run, ...] = ()
    kept: Mapping[str, bytes] = {}
    """Small things other rooms asked to keep, by name."""


class Keeper(Protocol):
    """What the store hands on to be kept; nothing here waits but `keep_marks`."""

    def put_sample(self, host: str, at: float, metrics: Mapping[str, float]) -> None:
        """Keep one fast reading of a host."""
        ...

    def put_result(self, result: CheckResult) -> None:
        """Keep one answer of a check."""
        ...

    def put_event(self, event: Event) -> None:
        """Keep an event."""
        ...

    def put_alert(self, alert: Alert) -> None:
        """Keep an episode's newest state."""
        ...

    def put_gone(self, alert: Alert) -> None:
        """Keep that a fire is no longer told of, though nobody said that it is over."""
        ...

    def put_run(self, run: Run) -> None:
        """Keep a run's newest state."""
        ...

    async def keep_marks(self, marks: Mapping[str, Marks]) -> None:
        """Keep people's marks, and return when they are on the disk (or cannot be)."""
        ...


class Nowhere:
    """Keeps nothing: for a look that leaves nothing behind, and for tests."""

    def put_sample(self, host: str, at: float, metrics: Mapping[str, float]) -> None:
        """Drop it."""

    def put_result(self, result: CheckResult) -> None:
        """Drop it."""

    def put_event(self, event: Event) -> None:
        """Drop it."""

    def put_alert(self, alert: Alert) -> None:
        """Drop it."""

    def put_gone(self, alert: Alert) -> None:
        """Drop it."""

    def put_run(self, run: Run) -> None:
        """Drop it."""

    async def keep_marks(self, marks: Mapping[str, Marks]) -> None:
        """Drop them."""
