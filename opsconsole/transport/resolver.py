"""Look names up on threads of our own, so that a dead name server stalls nobody else.

An address once seen is used again at once; it is refreshed when old, and kept when the refresh fails.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from opsconsole.clock import Clock
from opsconsole.errors import TransportError
from opsconsole.model.states import Reach
from opsconsole.model.text import NAME_LIMIT, clean

_THREADS: Final = 8
_FRESH: Final = 300.0
_BUDGET: Final = 4.0
_LOOPBACK: Final = ("127.0.0.1", "::1")
ADDRESSES_TRIED: Final = 3
"""Of one name, in order, until one lets us connect."""

Lookup = Callable[[str], tuple[str, ...]]


def look_up(name: str) -> tuple[str, ...]:
    """Ask the system for a name's addresses, best first; blocks.

    Raises:
        OSError: gaierror, when there are none.
    """
    rows = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(row[4][0]) for row in rows))


class Resolver:
    """Names to addresses, with a memory."""

    def __init__(self, clock: Clock, lookup: Lookup = look_up) -> None:
        self._clock = clock
        self._lookup = lookup
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="resolve")
        self._known: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._asked: dict[str, asyncio.Future[tuple[str, ...]]] = {}

    async def resolve(self, name: str) -> tuple[str, ...]:
        """Find a name's addresses; a literal address is its own.

        Raises:
            TransportError: reach `dns`: no such name, or no answer in 4 s.
        """
        if _is_literal(name):
            return (name,)
        if name == "localhost" or name.endswith(".localhost"):
            return _LOOPBACK  # RFC 6761: no name server is asked, so that a dead one stops nothing here
        at, addresses = self._known.get(name, (0.0, ()))
        if addresses and self._clock.monotonic() - at < _FRESH:
            return addresses
        try:
            async with asyncio.timeout(_BUDGET):
                return await asyncio.shield(self._ask(name))
        except (OSError, UnicodeError) as error:  # TimeoutError is an OSError
            if addresses:
                return addresses
            raise TransportError(name, Reach.DNS, _reason(name, error)) from error

    def _ask(self, name: str) -> asyncio.Future[tuple[str, ...]]:
        """Start a lookup, or join the one under way: a thread that hangs is not given company."""
        asked = self._asked.get(name)
        if asked is None:
            asked = asyncio.get_running_loop().run_in_executor(self._pool, self._lookup, name)
            self._asked[name] = asked
            asked.add_done_callback(lambda done: self._keep(name, done))
        return asked

    def _keep(self, name: str, done: asyncio.Future[tuple[str, ...]]) -> None:
        self._asked.pop(name, None)
        if not done.cancelled() and done.exception() is None:
            self._known[name] = (self._clock.monotonic(), done.result())

    def forget(self, name: str) -> None:
        """Ask the name server again next time: the address we had led nowhere."""
        self._known.pop(name, None)

    def close(self) -> None:
        """Let the threads go; one that hangs ends with its lookup."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _is_literal(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


def _reason(name: str, error: Exception) -> str:
    shown = clean(name, NAME_LIMIT)
    if isinstance(error, TimeoutError):
        return f"name lookup of {shown} did not answer in {_BUDGET:g} s"
    if isinstance(error, socket.gaierror):
        return f"no address for {shown}: {error.strerror}"
    return f"no address for {shown}: not a host name"
