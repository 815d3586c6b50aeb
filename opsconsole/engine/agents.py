"""Whose SSH agent is used: the newest attach that still lives hands over its socket."""

from opsconsole.rpc.peer import Peer


class Agents:
    """Remembers the agents of attached clients, and the engine's own as the last resort."""

    def __init__(self, own: str | None) -> None:
        self._own = own or None
        self._attached: tuple[str, ...] = ()

    def attach(self, peers: tuple[Peer, ...]) -> None:
        """Take the list of everybody attached now, oldest first."""
        self._attached = tuple(peer.agent for peer in peers if peer.agent)

    def newest(self) -> str | None:
        """Name the agent's socket to use now; None when nobody brought one."""
        return self._attached[-1] if self._attached else self._own
