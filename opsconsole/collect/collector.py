"""The room's front: owns the schedule and every probe, and follows the inventory as it changes."""

from collections.abc import Iterable

from opsconsole.clock import Clock
from opsconsole.collect.sink import Sink
from opsconsole.model.calls import Text
from opsconsole.model.inventory import Inventory
from opsconsole.transport.base import Remote
from opsconsole.transport.http import HttpClient


class Collector:
    """Watches one inventory: `run` it in a task group, tell it of changes, ask it for details."""

    def __init__(
        self, remote: Remote, http: HttpClient, inventory: Inventory, sink: Sink, clock: Clock
    ) -> None: ...

    async def run(self) -> None:
        """Poll until cancelled; ends every task that it started."""

    def poll_now(self, targets: Iterable[str] = ()) -> None:
        """Poll targets (`host:x`, `service:x`, `check:x`, `feed:x`) at once; none given: all.

        A host that we had stopped trying is tried again.
        """

    async def update(self, inventory: Inventory) -> None:
        """Follow a changed inventory: new probes start, old ones end, connections close at most 50 a second."""

    async def ask_host(self, host: str, what: str, lines: int = 200) -> Text:
        """Ask a host for what a drill-down shows.

        Args:
            host: A host's name.
            what: `procs`, `logs`, `disks`, `net` or `raw`.
            lines: The most that are wanted.

        Raises:
            RefusedError: No such host, or no such question.
        """
