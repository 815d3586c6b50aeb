"""Ask hosts over SSH: one kept connection a host, few channels, every end named."""

from collections.abc import Callable, Mapping

from opsconsole.clock import Clock
from opsconsole.model.calls import HostKey
from opsconsole.model.inventory import Host, Settings
from opsconsole.transport.base import Answer, Command, OnDispatch, OnOutput


class SshTransport:
    """The Remote of SSH hosts; see `transport.base.Remote` for what each method promises.

    Args:
        settings: handshakes, handshakes_per_jump and keepalive are read.
        clock: Where time comes from.
        hosts: Finds a host by name, for jumps.
        agent: The path of the agent's socket to use for the next login, or None.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        *,
        hosts: Callable[[str], Host | None],
        agent: Callable[[], str | None],
    ) -> None: ...

    def with_agent(self, agent: Callable[[], str | None]) -> "SshTransport":
        """A transport of its own connections that logs in with another agent (a run's starter).

        Known hosts, keys, names and the limits of logins in flight stay shared.
        """
        raise NotImplementedError

    def warnings(self) -> tuple[str, ...]:
        """What is wrong in known hosts files, `file:line: what`, for the banner; other lines are used."""
        raise NotImplementedError

    def trust(self, host: Host, key: HostKey, *, who: str, replace: bool = False) -> str:
        """Write the key to the host's first known hosts file; returns that file's path."""
        raise NotImplementedError

    async def run(
        self,
        host: Host,
        command: Command,
        *,
        on_output: OnOutput | None = None,
        on_dispatch: OnDispatch | None = None,
    ) -> Answer:
        """Run one command and wait for its end, within its timeout; every failure is an Answer."""
        raise NotImplementedError

    async def ask(
        self, host: Host, script: str, env: Mapping[str, str], *, timeout: float, max_output: int
    ) -> bytes:
        """Ask the host's resident loop for one more round.

        `script` is the whole loop (`while IFS= read -r nonce; do ... done`); what it wrote comes back up to and
        with the line `\\x1e<nonce> end`. Where a loop cannot stay, the same script runs one round by exec.
        """
        raise NotImplementedError

    async def scan(self, host: Host) -> HostKey:
        """Fetch the host's key without logging in."""
        raise NotImplementedError

    def retry(self, host: Host) -> None:
        """Forget refused logins and back-off."""

    async def forget(self, host: Host) -> None:
        """Close what is open to the host."""

    async def close(self) -> None:
        """Close everything."""
