"""Ask hosts over SSH: one kept connection a host, few channels, every end named."""

import asyncio
from collections.abc import Callable, Mapping

import asyncssh
from msgspec.structs import replace

from opsconsole.clock import Clock
from opsconsole.errors import TransportError
from opsconsole.model.calls import HostKey
from opsconsole.model.inventory import Host, Settings
from opsconsole.model.states import Reach
from opsconsole.transport import trust
from opsconsole.transport.base import Answer, Command, OnDispatch, OnOutput
from opsconsole.transport.execution import Execution
from opsconsole.transport.faults import Trace
from opsconsole.transport.known_hosts import files_of
from opsconsole.transport.link import Kept, Link
from opsconsole.transport.login import Dialler
from opsconsole.transport.loops import ask_round
from opsconsole.transport.pace import Handshakes, Pace
from opsconsole.transport.plain import PlainExecution
from opsconsole.transport.plain_line import PLAIN

_Way = tuple[str, tuple[str, ...]]


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
        shared: "tuple[Dialler, Handshakes] | None" = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._hosts = hosts
        self._agent = agent
        self._owns_shared = shared is None
        self._dialler, self._handshakes = shared or (
            Dialler(clock, settings.keepalive),
            Handshakes(settings.handshakes, settings.handshakes_per_jump),
        )
        self._links: dict[_Way, Link] = {}
        self._leaving: list[Kept] = []
        """Connections to hosts that were forgotten, on which commands still run."""
        self._trusting = asyncio.Lock()

    def with_agent(self, agent: Callable[[], str | None]) -> "SshTransport":
        """A transport of its own connections that logs in with another agent (a run's starter).

        Known hosts, keys, names and the limits of logins in flight stay shared.
        """
        return SshTransport(
            self._settings,
            self._clock,
            hosts=self._hosts,
            agent=agent,
            shared=(self._dialler, self._handshakes),
        )

    def warnings(self) -> tuple[str, ...]:
        """What is wrong in known hosts files, `file:line: what`, for the banner; other lines are used."""
        return self._dialler.known.problems()

    @property
    def known_hosts_parses(self) -> int:
        """How often a known hosts file was parsed: once a file and version."""
        return self._dialler.known.parses

    async def run(
        self,
        host: Host,
        command: Command,
        *,
        on_output: OnOutput | None = None,
        on_dispatch: OnDispatch | None = None,
    ) -> Answer:
        """Run one command and wait for its end, within its timeout; every failure is an Answer."""
        kind = PlainExecution if host.transport == PLAIN else Execution
        execution = kind(self._link(host), self._clock, command)
        return await execution.run(on_output, on_dispatch)

    async def ask(
        self, host: Host, script: str, env: Mapping[str, str], *, timeout: float, max_output: int
    ) -> bytes:
        """Ask the host's resident loop for one more round.

        `script` is the whole loop (`while IFS= read -r nonce; do ... done`); what it wrote comes back up to and
        with the line `\\x1e<nonce> end`. Where a loop cannot stay, the same script runs one round by exec.
        A host of `transport: plain` takes no script: it is seen to answer, and says nothing.
        """
        link = self._link(host)
        if host.transport == PLAIN:
            await self._look(link, timeout)
            return b""
        return await ask_round(
            link, self._clock, script, env, timeout=timeout, max_output=max_output
        )

    async def _look(self, link: Link, timeout: float) -> None:
        try:
            async with asyncio.timeout(timeout):
                await PlainExecution(link, self._clock, Command()).look()
        except TimeoutError as error:
            raise link.judge_timeout(timeout) from error

    async def scan(self, host: Host) -> HostKey:
        """Fetch the host's key without logging in."""
        trace = Trace(host.name, f"{host.address}:{host.port}", host.timeout)
        jump = self._jump(host)
        name = jump.host.name if jump else ""
        via = (name, (await self._through(host, jump)).connection) if jump else None
        async with self._handshakes.slot(name, repeat=False):
            return await self._dialler.scan(host, trace, via)

    async def trust(self, host: Host, key: HostKey, *, who: str, replace: bool = False) -> str:
        """Write the key to the host's first known hosts file, and try the host again.

        Returns:
            The file's path.

        Raises:
            TransportError: It cannot be written.
        """
        path = files_of(host)[0]
        async with self._trusting:  # it reads, edits and writes the whole file
            at = self._clock.now()
            await asyncio.to_thread(trust.trust, path, key, who=who, at=at, replace=replace)
        self.retry(host)
        return path

    def retry(self, host: Host) -> None:
        """Forget refused logins and back-off, the jump hosts' too."""
        for name in (host.name, *host.jump):
            for way, link in self._links.items():
                if way[0] == name:
                    link.retry()

    async def forget(self, host: Host) -> None:
        """Close what is open to the host, as soon as the commands that run there are over."""
        for way in [way for way in self._links if way[0] == host.name]:
            link = self._links.pop(way)
            self._let_go(link)
            await link.wait_closed()

    async def close(self) -> None:
        """Close everything."""
        for kept in self._leaving:
            kept.connection.abort()
        links, self._links = list(self._links.values()), {}
        for link in links:
            link.close()
        for link in links:
            await link.wait_closed()
        if self._owns_shared:
            self._dialler.resolver.close()

    # -- ways ----------------------------------------------------------------------------------

    def _link(self, host: Host) -> Link:
        way = (host.name, host.jump)
        link = self._links.get(way)
        if link is not None and link.host.way != host.way:
            self._let_go(link)
            link = None
        if link is None:
            link = self._links[way] = self._new_link(host)
        link.host = host
        return link

    def _let_go(self, link: Link) -> None:
        """A host that a reload took away, or put elsewhere, is not hung up on in the middle of a command."""
        kept = link.let_go()
        self._leaving = [each for each in self._leaving if not each.connection.is_closed()]
        self._leaving += [kept] if kept is not None else []

    def _new_link(self, host: Host) -> Link:
        async def dial(trace: Trace, on_lost: Callable[[], None]) -> asyncssh.SSHClientConnection:
            return await self._login(link, trace, on_lost)

        link = Link(host, Pace(self._clock), self._clock, dial, keepalive=self._settings.keepalive)
        link.files_stamp = lambda: self._dialler.known.stamps(files_of(host))
        return link

    async def _login(
        self, link: Link, trace: Trace, on_lost: Callable[[], None]
    ) -> asyncssh.SSHClientConnection:
        host = link.host
        jump = self._jump(host)
        name = jump.host.name if jump else ""
        through = await self._through(host, jump) if jump else None
        over = through.add_tunnel(on_lost) if through else on_lost
        via = (name, through.connection) if through else None
        connection: asyncssh.SSHClientConnection | None = None
        try:
            async with self._handshakes.slot(name, repeat=link.pace.is_repeat):
                connection = await self._dialler.login(
                    host, trace, agent=self._agent(), via=via, on_lost=over
                )
        finally:
            if connection is None:
                over()
        return connection

    def _jump(self, host: Host) -> Link | None:
        """Find the link to the last hop, which is itself reached by the hops before it."""
        if not host.jump:
            return None
        *before, last = host.jump
        jump = self._hosts(last)
        if jump is None or last in before or last == host.name:
            raise TransportError(host.name, Reach.VIA_DOWN, f"no usable jump host {last}")
        return self._link(replace(jump, jump=tuple(before)))

    async def _through(self, host: Host, jump: Link) -> Kept:
        try:
            return await jump.connect(jump.host.timeout)
        except TransportError as error:
            raise TransportError(
                host.name, Reach.VIA_DOWN, f"unreachable via {jump.host.name}: {error.reason}"
            ) from error
