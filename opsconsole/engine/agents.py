"""Whose SSH agent is used: polling takes the newest attach's; a run takes its starter's, never another's."""

from collections.abc import Callable

from opsconsole.rpc.peer import Peer
from opsconsole.transport.base import Remote


class Agents:
    """Remembers the agents of attached clients, and the engine's own as the last resort."""

    def __init__(self, own: str | None) -> None:
        self._own = own or None
        self._attached: tuple[str, ...] = ()
        self._used: set[str] = set()

    def attach(self, peers: tuple[Peer, ...]) -> None:
        """Take the list of everybody attached now, oldest first."""
        self._attached = tuple(peer.agent for peer in peers if peer.agent)

    def newest(self) -> str | None:
        """Name the agent's socket that polling uses now; None when nobody brought one."""
        agent = self._attached[-1] if self._attached else self._own
        if agent is not None:
            self._used.add(agent)
        return agent

    def is_shared_by(self, agent: str) -> bool:
        """Tell whether the polling connections were opened with no other agent than this one."""
        return self._used <= {agent}


class OwnWays:
    """Connections of their own for runs whose starter's agent is not the one polling uses."""

    def __init__(self, agents: Agents, make: Callable[[str], Remote]) -> None:
        self._agents = agents
        self._make = make
        self._ways: dict[str, Remote] = {}

    def of(self, peer: Peer) -> Remote | None:
        """Give the way to hosts for a run this peer starts; None: the shared one will do."""
        if self._agents.is_shared_by(peer.agent):
            return None  # without an agent of one's own: only where nobody's was used
        if peer.agent not in self._ways:
            self._ways[peer.agent] = self._make(peer.agent)
        return self._ways[peer.agent]

    async def close(self) -> None:
        """Close every one of them; only while no run is live."""
        ways, self._ways = self._ways, {}  # one that is asked for meanwhile is not closed
        for remote in ways.values():
            await remote.close()
