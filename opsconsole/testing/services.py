"""The little services of the fleet: which host answers for which, through which unit."""

from random import Random
from typing import Final

import msgspec
from msgspec import Struct

from opsconsole.testing.http_server import Reply
from opsconsole.testing.machine import Machine
from opsconsole.testing.root import Root


class Offer(Struct, frozen=True):
    """One service as its users know it."""

    name: str
    role: str
    unit: str
    kind: str
    """`http` or `tcp`."""
    most: int
    """Hosts asked for it, at most."""


OFFERS: Final = (
    Offer("checkout", "web", "checkout.service", "http", 6),
    Offer("mailer", "mail", "mailer.service", "http", 3),
    Offer("web", "edge", "haproxy.service", "http", 2),
    Offer("search", "search", "search.service", "http", 3),
    Offer("auth", "auth", "auth.service", "http", 2),
    Offer("postgres", "db", "postgresql.service", "tcp", 3),
    Offer("redis", "cache", "redis.service", "tcp", 4),
)


class Backend:
    """One host's end of a service: alive while its unit is, slower when its host is busy or the story says so."""

    def __init__(self, offer: Offer, machine: Machine, root: Root) -> None:
        self.offer = offer
        self.slowness = 0.0
        """Seconds that each answer takes beside the usual."""
        self.version = "2.13.2"
        self._machine = machine
        self._root = root
        self._rng: Random = machine.rng

    def answer(self, path: str) -> Reply:
        """Answer `/health` and `/`."""
        state = self._root.unit(self.offer.unit)
        if not state.is_up:
            body = f"502 Bad Gateway: {self.offer.unit} on {self._machine.actor.name} is {state.active}\n"
            return Reply(502, body.encode(), after=0.003)
        if path.split("?")[0] not in ("/", "/health"):
            return Reply(404, b"not found\n")
        wait = self._rng.uniform(0.004, 0.03) * (1 + 3 * self._machine.busy) + self.slowness
        status = {
            "status": "ok",
            "db": "up",
            "version": self.version,
            "host": self._machine.actor.name,
        }
        return Reply(200, msgspec.json.encode(status), "application/json", after=wait)
