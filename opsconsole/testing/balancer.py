"""A load balancer of the fleet, as small as its API can be: pools, members, what is sent to each."""

from collections.abc import Callable, Collection

import msgspec

from opsconsole.testing.http_server import Reply

_STATES = ("ready", "drain", "maint")
_USUAL = 24
"""Connections of a member that is ready."""
_LEFT_AFTER = 6.0
"""Seconds until a drained member has none left."""


class Balancer:
    """Pools by service; every host that carries it is a member."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._members: dict[tuple[str, str], tuple[str, float]] = {}
        """State and since when, by pool and host."""

    def fill(self, pool: str, hosts: Collection[str]) -> None:
        """Make a pool."""
        for host in hosts:
            self._members[pool, host] = ("ready", 0.0)

    def state(self, pool: str, host: str) -> str:
        """Tell what a member is."""
        return self._members[pool, host][0]

    def answer(self, target: str) -> Reply:
        """Answer a GET of `/pools/<pool>/members/<host>`."""
        key = self._key(target)
        return Reply(404, b'{"error": "no such member"}\n') if key is None else self._show(key)

    def change(self, method: str, target: str, body: bytes) -> Reply:
        """Answer a PUT of a member's state."""
        key = self._key(target)
        if key is None or method != "PUT":
            return Reply(404 if key is None else 405, b'{"error": "no such member or method"}\n')
        try:
            wish = msgspec.json.decode(body, type=dict[str, object]).get("state")
        except msgspec.DecodeError:
            wish = None
        if wish not in _STATES:
            return Reply(422, b'{"error": "state is ready, drain or maint"}\n')
        self._members[key] = (str(wish), self._now())
        return self._show(key)

    def _key(self, target: str) -> tuple[str, str] | None:
        match target.partition("?")[0].strip("/").split("/"):
            case ["pools", pool, "members", host] if (pool, host) in self._members:
                return pool, host
        return None

    def _show(self, key: tuple[str, str]) -> Reply:
        state, since = self._members[key]
        gone = min(1.0, (self._now() - since) / _LEFT_AFTER) if state != "ready" else 0.0
        told = {"name": key[1], "state": state, "connections": round(_USUAL * (1 - gone))}
        return Reply(200, msgspec.json.encode(told), "application/json")
