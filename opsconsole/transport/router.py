"""One Remote for a mixed inventory: each host is asked by the transport it names."""

from collections.abc import Mapping

from opsconsole.clock import Clock
from opsconsole.model.calls import HostKey
from opsconsole.model.inventory import Host
from opsconsole.transport.base import Answer, Command, OnDispatch, OnOutput, Remote
from opsconsole.transport.plain_line import PLAIN
from opsconsole.transport.spooled import SpooledCommand


class Router:
    """A Remote that passes every question on by `host.transport`; anything but `local` goes by SSH."""

    def __init__(self, ssh: Remote, local: Remote, clock: Clock) -> None:
        self._clock = clock
        self._ssh = ssh
        self._local = local

    def _for(self, host: Host) -> Remote:
        return self._local if host.transport == "local" else self._ssh

    async def run(
        self,
        host: Host,
        command: Command,
        *,
        on_output: OnOutput | None = None,
        on_dispatch: OnDispatch | None = None,
    ) -> Answer:
        """Run one command there; one with a spool is started once, and taken up again when its channel is lost."""
        if command.spool is not None and host.transport != PLAIN:
            spooled = SpooledCommand(self._for(host), host, command, self._clock, on_output)
            return await spooled.run(on_dispatch)
        return await self._for(host).run(
            host, command, on_output=on_output, on_dispatch=on_dispatch
        )

    async def ask(
        self, host: Host, script: str, env: Mapping[str, str], *, timeout: float, max_output: int
    ) -> bytes:
        """Ask its resident loop for one more round."""
        return await self._for(host).ask(host, script, env, timeout=timeout, max_output=max_output)

    async def scan(self, host: Host) -> HostKey:
        """Fetch its key without logging in."""
        return await self._for(host).scan(host)

    def retry(self, host: Host) -> None:
        """Forget refused logins and back-off."""
        self._for(host).retry(host)

    async def forget(self, host: Host) -> None:
        """Close what is open to it, whichever way it was asked before."""
        await self._ssh.forget(host)
        await self._local.forget(host)

    async def close(self) -> None:
        """Close both ways."""
        await self._ssh.close()
        await self._local.close()
