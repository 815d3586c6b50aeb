"""Turns an inventory into what is to be looked at, and when."""

from typing import Final

from msgspec import Struct

from opsconsole.collect.schedule import Schedule, spread
from opsconsole.model.inventory import AlertSource, Check, Host, Inventory
from opsconsole.transport.plain_line import PLAIN

_SLOW_SHARE: Final = 6
"""The slow tier runs once in this many fast ones (df at each would more than double the cost) ..."""
_SLOW_MOST: Final = 60.0
"""... and at least once in this many seconds, unless the host is asked less often anyway."""
_LAZY: Final = 900.0
_SLOW_TIMEOUT: Final = 15.0
_LAZY_TIMEOUT: Final = 30.0
_TURN: Final = 120.0
"""Seconds that a poll may spend waiting for its turn (handshakes in flight) beside its own timeout."""


class Planned(Struct, frozen=True):
    """One probe to be: equal ones need not be built again when the inventory is read anew."""

    name: str
    target: str
    """The reference that `poll_now` finds it by."""
    tier: str
    """fast, slow or lazy for hosts; check; source."""
    schedule: Schedule
    subject: Host | Check | AlertSource
    timeout: float
    also: tuple[str, ...] = ()
    """Other references that mean it too: a check's service, the hosts it concerns."""


def plan(inventory: Inventory) -> tuple[Planned, ...]:
    """Plan every probe of an inventory; names are unique."""
    planned = [probe for host in inventory.hosts if host.polled for probe in _of_host(host)]
    planned += [_of_check(check, (f"host:{check.host}",)) for check in inventory.checks]
    for service in inventory.services:
        also = (service.ref, *(f"host:{name}" for name in service.hosts))
        planned += [_of_check(check, also) for check in service.checks]
    planned += [_of_source(source) for source in inventory.sources]
    return tuple(planned)


def _of_host(host: Host) -> tuple[Planned, ...]:
    slow = max(host.every, min(_SLOW_MOST, host.every * _SLOW_SHARE))
    lazy = max(host.every, _LAZY)
    fast = _tier(host, "fast", host.every, min(host.timeout, host.every))
    if host.transport == PLAIN:
        return (fast,)
    return (
        fast,
        _tier(host, "slow", slow, _SLOW_TIMEOUT),
        _tier(host, "lazy", lazy, _LAZY_TIMEOUT),
    )


def _tier(host: Host, tier: str, interval: float, timeout: float) -> Planned:
    name = f"{host.ref} {tier}"
    return Planned(name, host.ref, tier, _schedule(name, interval, timeout + _TURN), host, timeout)


def _of_check(check: Check, also: tuple[str, ...]) -> Planned:
    name = f"check:{check.name}"
    if check.via is not None:
        also = (*also, f"host:{check.via}")
    timeout = min(check.timeout, check.every)
    schedule = _schedule(name, check.every, timeout + _TURN)
    return Planned(name, name, "check", schedule, check, timeout, also)


def _of_source(source: AlertSource) -> Planned:
    name = f"feed:{source.name}"
    timeout = min(source.timeout, source.every)
    return Planned(
        name, name, "source", _schedule(name, source.every, timeout * 2 + 5.0), source, timeout
    )


def _schedule(name: str, interval: float, timeout: float) -> Schedule:
    return Schedule(interval, timeout, spread(name, interval))
