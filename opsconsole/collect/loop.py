"""The poll loop: starts every probe when it is due, and keeps a bug in one probe in its own row."""

import asyncio
import heapq
import itertools
import logging
from typing import Final, Protocol

from opsconsole.clock import Clock
from opsconsole.collect.schedule import Schedule

log = logging.getLogger(__name__)

_LONGEST_WAIT: Final = 0.1
"""Seconds; how late a newly added or hurried probe may start."""
_PAUSE: Final = 0.00005
"""Seconds between two looks at what is due, for each probe: a large fleet's probes start a few at a time, because
one that starts alone finds a processor that has forgotten how."""


class Probe(Protocol):
    """Looks at one target; puts what it saw into a sink it was given."""

    @property
    def name(self) -> str:
        """The probe's own name, unique in a loop: `host:db-02 fast`."""
        ...

    async def poll(self) -> float | None:
        """Look once; failures are results.

        Returns:
            Seconds until the next look, or None for the schedule's next moment.
        """
        ...

    def crashed(self, error: Exception) -> None:
        """Put an unknown result: the look did not end, or ended in a bug of ours."""
        ...


class _Entry:
    """One probe's place in the loop."""

    __slots__ = ("again", "due", "gone", "probe", "running", "schedule", "ticket")

    def __init__(self, probe: Probe, schedule: Schedule) -> None:
        self.probe = probe
        self.schedule = schedule
        self.due = 0.0
        self.ticket = 0
        self.again: float | None = None
        self.running = False
        self.gone = False


class PollLoop:
    """Runs probes by their schedules: one at a time each, missed moments skipped."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._heap: list[tuple[float, int, _Entry]] = []
        self._tickets = itertools.count(1)

    def add(self, probe: Probe, schedule: Schedule, *, due: float | None = None) -> None:
        """Take a probe in; it first runs at `due` (our monotonic clock), else at its next moment."""
        self.remove(probe.name)
        entry = _Entry(probe, schedule)
        self._entries[probe.name] = entry
        self._push(entry, schedule.after(self._clock.monotonic()) if due is None else due)

    def remove(self, name: str) -> None:
        """Drop a probe; a look that is under way ends by itself."""
        entry = self._entries.pop(name, None)
        if entry is not None:
            entry.gone = True

    def hurry(self, name: str, delay: float = 0.0) -> None:
        """Run a probe in `delay` seconds, if that is sooner than it would; one that runs now runs again."""
        entry = self._entries.get(name)
        if entry is None:
            return
        due = self._clock.monotonic() + delay
        if entry.running:
            entry.again = due
        elif due < entry.due:
            self._push(entry, due)

    async def run(self) -> None:
        """Run until cancelled; every poll is a task of this call's group."""
        async with asyncio.TaskGroup() as polls:
            while True:
                now = self._clock.monotonic()
                self._start_due(now, polls)
                due = self._heap[0][0] if self._heap else now + _LONGEST_WAIT
                pause = min(_LONGEST_WAIT, len(self._entries) * _PAUSE)
                await self._clock.sleep(min(max(due - now, pause), _LONGEST_WAIT))

    def _start_due(self, now: float, polls: asyncio.TaskGroup) -> None:
        while self._heap and self._heap[0][0] <= now:
            due, ticket, entry = heapq.heappop(self._heap)
            if entry.gone or ticket != entry.ticket:
                continue
            if entry.schedule.is_too_late(due, now):
                self._push(entry, entry.schedule.after(now))
                continue
            entry.running = True
            polls.create_task(self._poll(entry), name=f"poll {entry.probe.name}")

    def _push(self, entry: _Entry, due: float) -> None:
        entry.due = due
        entry.ticket = next(self._tickets)
        heapq.heappush(self._heap, (due, entry.ticket, entry))

    async def _poll(self, entry: _Entry) -> None:
        wish = await _poll_once(entry.probe, entry.schedule.timeout)
        entry.running = False
        if entry.gone:
            return
        now = self._clock.monotonic()
        due = entry.schedule.after(now) if wish is None else now + wish
        self._push(entry, due if entry.again is None else min(due, entry.again))
        entry.again = None


async def _poll_once(probe: Probe, budget: float) -> float | None:
    """Let a probe look once within its budget; whatever goes wrong stays in its row."""
    try:
        async with asyncio.timeout(budget):
            return await probe.poll()
    except Exception as error:  # bulkhead: a bug in one probe must not stop the others
        if not isinstance(error, TimeoutError):
            log.exception("probe %s crashed", probe.name)
        probe.crashed(error)
        return None
