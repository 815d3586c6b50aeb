"""Who is in the fake fleet: names, roles, racks and sizes, the same for the same count."""

from typing import Final

from msgspec import Struct

_WEIGHTS: Final = {
    "web": 15, "db": 3, "cache": 4, "edge": 2, "mail": 2, "queue": 2,
    "search": 3, "batch": 4, "auth": 2, "log": 2, "bastion": 1,
}  # fmt: skip
_SIZES: Final = {"db": (16, 64), "cache": (4, 32), "search": (8, 32), "batch": (8, 16)}
"""Cores and GiB of memory, where they are not 4 and 8."""


class Actor(Struct, frozen=True):
    """One simulated host."""

    name: str
    role: str
    index: int
    """From 1 within its role."""
    address: str
    rack: str
    zone: str
    cores: int
    memory: int
    """Bytes."""
    units: tuple[str, ...]
    """Its services, as systemd units."""


_UNITS: Final = {
    "web": ("checkout.service", "nginx.service"),
    "db": ("postgresql.service", "wal-archiver.service"),
    "cache": ("redis.service",),
    "edge": ("haproxy.service",),
    "mail": ("mailer.service", "postfix.service"),
    "queue": ("rabbitmq.service",),
    "search": ("search.service",),
    "batch": ("nightly-report.service", "worker.service"),
    "auth": ("auth.service",),
    "log": ("loki.service",),
    "bastion": (),
}
EVERYWHERE: Final = ("ssh.service", "cron.service", "node-agent.service")


def roster(count: int) -> tuple[Actor, ...]:
    """Make a fleet of `count` hosts; every role has one before any has more."""
    return tuple(
        _actor(role, index, number)
        for number, (role, index) in enumerate(
            (
                (role, index)
                for role, size in _shares(count).items()
                for index in range(1, size + 1)
            ),
            start=1,
        )
    )


def _shares(count: int) -> dict[str, int]:
    """Share a count among the roles: by weight, the rest to web."""
    shares = dict.fromkeys(list(_WEIGHTS)[:count], 1)
    left = count - len(shares)
    total = sum(_WEIGHTS.values())
    for role in shares:
        more = min(left, max(0, _WEIGHTS[role] * count // total - 1))
        shares[role] += more
        left -= more
    if left:
        shares["web"] += left
    return shares


def _actor(role: str, index: int, number: int) -> Actor:
    cores, gigabytes = _SIZES.get(role, (4, 8))
    width = 3 if number > 99 and role == "web" else 2
    return Actor(
        name=f"{role}-prod-{index:0{width}d}",
        role=role,
        index=index,
        address=f"127.77.{number // 250}.{number % 250 + 1}",
        rack=f"r{(index - 1) % 4 + 1}",
        zone="ab"[index % 2],
        cores=cores,
        memory=gigabytes << 30,
        units=(*_UNITS[role], *EVERYWHERE),
    )
