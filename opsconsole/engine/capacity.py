"""Capacity: keeps how full everything is, tells what fills when and which host is unlike its peers."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from msgspec import Struct

from opsconsole.alerting.capacity import WINDOW, levels_of, order_key, resource_of
from opsconsole.alerting.forecast import LEAST_POINTS
from opsconsole.alerting.odd import find_odd, find_unusual, marks
from opsconsole.clock import Clock
from opsconsole.errors import RefusedError
from opsconsole.model.alert_calls import ReadCapacity, ReadCourse, ReadOdd
from opsconsole.model.calls import AnyCall
from opsconsole.model.capacity import Capacity, Course, Odds, Resource
from opsconsole.model.snapshot import HostRecord, is_stale
from opsconsole.model.states import Reach
from opsconsole.model.text import NAME_LIMIT, clean
from opsconsole.query.contexts import HOSTS
from opsconsole.query.environments import host_env
from opsconsole.query.filter_line import compile_filter
from opsconsole.rpc.peer import Peer
from opsconsole.state.history import History
from opsconsole.state.levels import STEP, Levels
from opsconsole.state.store import Store

BUDGET: Final = 8.0
"""Seconds that one answer may take; hosts that are left then are named in its note."""
_AT_ONCE: Final = 25
_GONE: Final = 7_200.0
"""Seconds after which a thing that a host no longer tells of is taken for gone."""
_LOOK: Final = 60.0
_LATELY: Final = 900.0
_HOUR: Final = 3_600.0
_DAY: Final = 86_400.0
_WEEK: Final = 7 * _DAY
_FRESH: Final = 20.0
"""Seconds for which an answer over the whole fleet is given again."""


class CapacityDesk:
    """Keeps a row a host each ten minutes, and answers the calls about them."""

    def __init__(self, store: Store, history: History, clock: Clock) -> None:
        self._store = store
        self._history = history
        self._clock = clock
        self._slot = -1
        self._told: Capacity | None = None
        self._busy = asyncio.Lock()

    async def run(self) -> None:
        """Until cancelled: keep how full everything is, and mark the hosts that stand out."""
        while True:
            await self._clock.sleep(_LOOK)
            self.keep()
            await self.mark()

    async def mark(self) -> None:
        """Mark the hosts that are unlike their peers now, and no others."""
        self._store.put_odd(marks(await self._odd()))

    def keep(self) -> None:
        """Write a row for each host that can be seen, once in each step of ten minutes."""
        now = self._clock.now()
        if int(now // STEP) == self._slot:
            return
        self._slot = int(now // STEP)
        for record in self._store.snapshot.hosts.values():
            levels = _levels_now(record, now)
            if levels:
                self._history.put_levels(record.name, now, levels)

    async def answer(self, call: AnyCall, peer: Peer) -> Struct | None:
        """Answer a call of this topic; None for any other.

        Raises:
            QueryError: The filter is wrong.
            RefusedError: There is no such host.
        """
        match call:
            case ReadCapacity():
                return await self._capacity(call.select, peer.actor)
            case ReadCourse():
                return await self._course(call.host, call.metric)
            case ReadOdd():
                return await self._unusual(call.host) if call.host else await self._odd()
        return None

    async def _odd(self) -> Odds:
        records = tuple(self._store.snapshot.hosts.values())
        return await asyncio.to_thread(find_odd, records, self._clock.now())

    async def _unusual(self, host: str) -> Odds:
        """Compare a host with itself at this hour of the week, else within the last day."""
        if host not in self._store.snapshot.hosts:
            raise RefusedError("unknown-target", f"no host {clean(host, NAME_LIMIT)}")
        now = self._clock.now()
        lately = await self._history.values(host, [(now - _LATELY, now)])
        hours = [(now - n * _WEEK - _HOUR, now - n * _WEEK + _HOUR) for n in range(4, 0, -1)]
        past, against = await self._history.values(host, hours), "this hour of 4 weeks"
        if max(map(len, past.values()), default=0) < LEAST_POINTS:
            past = await self._history.values(host, [(now - _DAY, now - _LATELY)])
            against = "the last 24 h"
        return await asyncio.to_thread(find_unusual, host, past, lately, against, now)

    async def _capacity(self, select: str, actor: str) -> Capacity:
        now = self._clock.now()
        wanted = compile_filter(select, HOSTS)
        async with self._busy:
            told = self._told
            if not select and told is not None and self._clock.now() - told.at < _FRESH:
                return told
            records = [
                record
                for record in self._store.snapshot.hosts.values()
                if wanted.expr is None or wanted.matches(host_env(record, now, actor))
            ]
            told = await self._judged(records, now)
            if not select:
                self._told = told
            return told

    async def _judged(self, records: Sequence[HostRecord], now: float) -> Capacity:
        """Read and judge a few hosts at a time, in threads, while there is time."""
        began = self._clock.monotonic()
        found: list[Resource] = []
        seen = 0
        unread = False
        for group in _groups(records):
            if self._clock.monotonic() - began > BUDGET:
                break
            past = await self._history.levels([record.name for record in group], now - WINDOW)
            unread = unread or past is None
            found += await asyncio.to_thread(_resources, group, past or {}, now)
            seen += len(group)
        found.sort(key=order_key)
        return Capacity(now, tuple(found), seen, _note(len(records) - seen, unread=unread))

    async def _course(self, host: str, metric: str) -> Course:
        now = self._clock.now()
        record = self._store.snapshot.hosts.get(host)
        if record is None:
            return Course(None)
        past = await self._history.levels([host], now - WINDOW) or {}
        points = _points(record, past, now).get(metric, [])
        if not points:
            return Course(None)
        resource = await asyncio.to_thread(resource_of, host, metric, points)
        return Course(
            resource, tuple(at for at, _ in points), tuple(level for _, level in points)
        )  # fmt: skip


def _groups(records: Sequence[HostRecord]) -> Iterator[Sequence[HostRecord]]:
    rest = iter(records)
    while group := tuple(islice(rest, _AT_ONCE)):
        yield group


def _levels_now(record: HostRecord, now: float) -> dict[str, float]:
    """Give what may be believed of a host now: nothing of one that cannot be seen."""
    if record.reach is not Reach.UP or is_stale(record, now):
        return {}
    return levels_of(record.metrics)


def _points(record: HostRecord, past: Levels, now: float) -> dict[str, list[tuple[float, float]]]:
    """Join the past with the present; a thing long gone from a host we see (unmounted) is left out.

    Not at once: after a start, and when a slow poll fails, what is mounted is not known for a while.
    """
    kept = past.get(record.name, {})
    levels = _levels_now(record, now)
    if not levels:
        return kept
    lately = {key: points for key, points in kept.items() if points[-1][0] >= now - _GONE}
    return lately | {key: [*kept.get(key, ()), (now, share)] for key, share in levels.items()}


def _resources(group: Sequence[HostRecord], past: Levels, now: float) -> list[Resource]:
    return [
        resource_of(record.name, key, points)
        for record in group
        for key, points in _points(record, past, now).items()
    ]


def _note(left: int, *, unread: bool) -> str:
    if unread:
        return "the history could not be read: only what is known now"
    if left:
        return f"{left} hosts were left out: it took too long; select fewer"
    return ""
