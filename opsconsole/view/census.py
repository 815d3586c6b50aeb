"""What is counted of a whole table, once a table: ticks and keys ask again and again, and nothing changed."""

from collections import Counter
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Final, Generic, TypeVar

from msgspec import Struct

from opsconsole.model.snapshot import HostRecord, ServiceRecord

T = TypeVar("T")
V = TypeVar("V")


class Once(Generic[T, V]):
    """Remembers what was made of the table it was last asked about; a snapshot's tables never change in place."""

    def __init__(self, make: Callable[[T], V]) -> None:
        self._make = make
        self._known: tuple[T, V] | None = None

    def of(self, table: T) -> V:
        """Give what is made of a table: at the first call for this very object, else what is known."""
        if self._known is None or self._known[0] is not table:
            self._known = (table, self._make(table))
        return self._known[1]


class HostCensus(Struct, frozen=True):
    """All hosts in a few numbers."""

    states: Mapping[str, int]
    oldest: float | None
    """Epoch seconds of the oldest last sample; None: no host has one."""


def hosts(table: Mapping[str, HostRecord]) -> HostCensus:
    """Count hosts by the word of their state, and find the oldest sample."""
    return _hosts.of(table)


def services(table: Mapping[str, ServiceRecord]) -> Mapping[str, int]:
    """Count services by the word of their state."""
    return _services.of(table)


def _count_hosts(table: Mapping[str, HostRecord]) -> HostCensus:
    states: Mapping[str, int] = Counter(map(_state_of, table.values()))
    return HostCensus(states, min(filter(None, map(_at_of, table.values())), default=None))


def _count_services(table: Mapping[str, ServiceRecord]) -> Mapping[str, int]:
    return Counter(map(_state_of, table.values()))


_state_of: Final = attrgetter("state")
_at_of: Final = attrgetter("at")
_hosts: Final = Once(_count_hosts)
_services: Final = Once(_count_services)
