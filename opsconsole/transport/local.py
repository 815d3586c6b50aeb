"""Ask this very machine, by the same contract and without SSH: argument lists, process groups, no shell lines."""

from collections.abc import Mapping

from opsconsole.clock import Clock
from opsconsole.model.calls import HostKey
from opsconsole.model.inventory import Host
from opsconsole.transport.base import Answer, Command, OnDispatch, OnOutput


class LocalTransport:
    """The Remote of the machine the engine runs on."""

    def __init__(self, clock: Clock) -> None: ...

    async def run(
        self,
        host: Host,
        command: Command,
        *,
        on_output: OnOutput | None = None,
        on_dispatch: OnDispatch | None = None,
    ) -> Answer:
        """Run one command in a process group of its own, which is ended at its timeout."""
        raise NotImplementedError

    async def ask(
        self, host: Host, script: str, env: Mapping[str, str], *, timeout: float, max_output: int
    ) -> bytes:
        """Ask the resident loop for one more round."""
        raise NotImplementedError

    async def scan(self, host: Host) -> HostKey:
        """Refuse: this machine is not reached by a key."""
        raise NotImplementedError

    def retry(self, host: Host) -> None:
        """Do nothing: nothing is ever given up here."""

    async def forget(self, host: Host) -> None:
        """End the host's resident loops."""

    async def close(self) -> None:
        """End every process that still runs."""
