"""The history: what outlives the engine, and the last hour in memory. Never blocks the loop, never stops it."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar

from msgspec import structs

from opsconsole.clock import Clock
from opsconsole.model.alert import Alert
from opsconsole.model.calls import Series
from opsconsole.model.episode import Episode
from opsconsole.model.event import Event
from opsconsole.model.run import Run
from opsconsole.model.sample import CheckResult
from opsconsole.model.snapshot import Banner
from opsconsole.model.states import AlertState
from opsconsole.state import statements
from opsconsole.state.blocks import Point, by_metric, pack
from opsconsole.state.episodes import LIMIT, read_episodes
from opsconsole.state.keeping import Loaded
from opsconsole.state.levels import Levels, read_levels
from opsconsole.state.loading import read_rows
from opsconsole.state.rings import Ring
from opsconsole.state.series import (
    Outcome,
    check_columns,
    check_points,
    host_columns,
    host_points,
    outcomes,
    to_series,
)
from opsconsole.state.statements import LevelRow, ResultRow, SampleRow, Statement
from opsconsole.state.then import Spans, Then, read_step, read_then
from opsconsole.state.world import Marks
from opsconsole.state.writer import Durable, Told, Writer

FAULT: Final = "history"
ASIDE: Final = "history-aside"
DURABLE: Final = 5.0
"""Seconds that an ack waits for the disk before it goes on without."""
OPENING: Final = 20.0
READING: Final = 5.0
RUNS_READ: Final = 2_000

OnBanner = Callable[[str, Banner | None], None]
"""Told a banner's id, and the banner or None when its cause is gone; in the loop."""
OnLoaded = Callable[[Loaded], None]
_T = TypeVar("_T")


class History:
    """Keeps samples, results, events, fires, marks and runs; obeys `keeping.Keeper`."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        on_banner: OnBanner,
        on_loaded: OnLoaded,
        max_bytes: int | None = None,
    ) -> None:
        """Make it; nothing happens before `start`.

        Args:
            path: The file, in a folder of ours.
            clock: Where time comes from.
            on_banner: Shows and takes back what is wrong with the file.
            on_loaded: Takes what an earlier engine left, once: within `start`, or later when the
                file could not be opened then.
            max_bytes: The file's limit; None for the disk's.
        """
        self._path: Final = path
        self._clock: Final = clock
        self._on_banner: Final = on_banner
        self._on_loaded: Final = on_loaded
        self._rings: dict[str, Ring] = {}
        self._ready = asyncio.Event()
        self._was_loaded = False
        self._loop: asyncio.AbstractEventLoop | None = None
        told = Told(self._told_loaded, self._told_fault, self._told_aside)
        self._writer: Final = Writer(path, clock, told, max_bytes=max_bytes)

    async def start(self) -> None:
        """Open the file and take what is there; returns also when the file cannot be opened."""
        self._loop = asyncio.get_running_loop()
        self._writer.start()
        try:
            async with asyncio.timeout(OPENING):
                await self._ready.wait()
        except TimeoutError:
            self._show_fault("it does not open in time")

    async def stop(self) -> None:
        """Write what is there, and close; a disk that hangs is left after five seconds."""
        await asyncio.to_thread(self._writer.stop, DURABLE)

    def retry(self) -> None:
        """Try the disk again at once, for a person who mended it."""
        self._writer.retry()

    def put_sample(self, host: str, at: float, metrics: Mapping[str, float]) -> None:
        """Keep one fast reading of a host."""
        data = pack(metrics)
        self._rings.setdefault(host, Ring()).append(at, data)
        self._writer.put(SampleRow(f"host:{host}", at, data))

    def put_result(self, result: CheckResult) -> None:
        """Keep one answer of a check."""
        self._writer.put(
            ResultRow(
                f"check:{result.check}", result.at, result.state, result.took, result.reason[:500]
            )
        )

    def put_levels(self, host: str, at: float, levels: Mapping[str, float]) -> None:
        """Keep how full a host's things are: metric keys and shares."""
        self._writer.put(LevelRow(f"host:{host}", at, levels))

    def put_event(self, event: Event) -> None:
        """Keep an event."""
        self._writer.put(statements.put_event(event))

    def put_alert(self, alert: Alert) -> None:
        """Keep an episode's newest state, and the step that led to it."""
        self._writer.put(statements.put_alert(alert))
        self._writer.put(statements.put_step(alert, self._clock.now()))

    def put_gone(self, alert: Alert) -> None:
        """Keep that a fire is no longer told of: a step out of its life, which may go on later."""
        stepped_back = structs.replace(alert, state=AlertState.PENDING)
        self._writer.put(statements.put_step(stepped_back, self._clock.now()))

    def put_run(self, run: Run) -> None:
        """Keep a run's newest state."""
        self._writer.put(statements.put_run(run))

    async def keep_marks(self, marks: Mapping[str, Marks]) -> None:
        """Keep people's marks, and return when they are on the disk, or cannot be for now."""
        await self._durably(statements.put_marks(marks, self._clock.now()))

    async def keep(self, name: str, data: bytes) -> None:
        """Keep a small thing of another room, given back in `Loaded.kept`; as durable as marks."""
        await self._durably((statements.put_kept(name, data),))

    def forget(self, hosts: Sequence[str]) -> None:
        """Drop the memory of hosts that are no longer in the inventory; the file keeps theirs."""
        for host in hosts:
            self._rings.pop(host, None)

    async def series(
        self, target: str, metrics: Sequence[str], since: float, until: float, points: int
    ) -> Series:
        """Read one target's series in equal steps; None where nothing was known.

        Args:
            target: `host:NAME`, `check:NAME`, or `service:NAME` for all its checks together.
            metrics: Of `blocks.KEPT` for hosts; `check.latency` and `check.failed` for checks.
            since: Epoch seconds.
            until: Epoch seconds.
            points: Steps, at most 2,000.
        """
        kind, _, name = target.partition(":")
        if kind == "host":
            found = await self._host_points(name, since, until)
            columns = host_columns(metrics)
        else:
            below = f"check:{name}/" if kind == "service" else ""
            found = (
                await self._read(
                    lambda db: check_points(db, f"check:{name}", since, until, below=below)
                )
                or []
            )
            columns = check_columns(metrics)
        count = min(points, 2_000)
        return to_series(found, columns, since=since, until=until, count=count)

    async def values(
        self, host: str, spans: Sequence[tuple[float, float]]
    ) -> Mapping[str, Sequence[float]]:
        """Read what is kept of a host in some spans (epoch seconds), oldest first, by metric of `blocks.KEPT`."""
        found = [await self._host_points(host, since, until) for since, until in spans]
        return await asyncio.to_thread(by_metric, found)

    async def levels(self, hosts: Sequence[str], since: float) -> Levels | None:
        """Read how full hosts' things were since a time, newest day whole, before by the hour.

        Returns:
            Points by host and metric key, oldest first; None while the file cannot be read.
        """
        return await self._read(lambda db: read_levels(db, hosts, since))

    async def outcomes(
        self, checks: Mapping[str, float], since: float, until: float
    ) -> Sequence[Outcome] | None:
        """Count checks' results of a span by five minutes and state; None while the file cannot be read.

        Args:
            checks: Check names, each with the seconds above which an answer is slow.
            since: Epoch seconds.
            until: Epoch seconds.
        """
        wanted = {f"check:{name}": limit for name, limit in checks.items()}
        return await self._read(lambda db: outcomes(db, wanted, since, until))

    async def events(
        self, since: float, until: float, limit: int, subject: str = ""
    ) -> tuple[Event, ...]:
        """Read events of a span, newest first; empty while the file cannot be read."""
        sql = "SELECT data FROM event WHERE at >= ? AND at <= ?"
        values: tuple[object, ...] = (since, until)
        if subject:
            sql, values = sql + " AND subject = ?", (*values, subject)
        sql += " ORDER BY id DESC LIMIT ?"
        wanted = (*values, min(limit, 10_000))
        rows = await self._read(lambda db: [row[0] for row in db.execute(sql, wanted)])
        return read_rows(rows or (), Event)

    async def episodes(
        self, since: float, until: float, *, on: str = "", limit: int = LIMIT
    ) -> tuple[Episode, ...]:
        """Read the fires of a span, newest first; empty while the file cannot be read."""
        return (
            await self._read(lambda db: read_episodes(db, since, until, on=on, limit=limit)) or ()
        )

    async def runs(self, since: float, until: float, limit: int = RUNS_READ) -> tuple[Run, ...]:
        """Read the runs that began in a span, newest first; empty while the file cannot be read."""
        sql = "SELECT data FROM run WHERE at >= ? AND at <= ? ORDER BY run DESC LIMIT ?"
        wanted = (since, until, limit)
        rows = await self._read(lambda db: [row[0] for row in db.execute(sql, wanted)])
        return read_rows(rows or (), Run)

    async def then(self, at: float, spans: Spans) -> Then | None:
        """Read what was known around a moment, as `read_then`; None while the file cannot be read."""
        return await self._read(lambda db: read_then(db, at, spans))

    async def step(self, at: float, step: int) -> float | None:
        """Find the event before or after a moment; None: there is none, or the file cannot be read."""
        return await self._read(lambda db: read_step(db, at, step))

    @property
    def memory(self) -> int:
        """Bytes of values held for the last hour."""
        return sum(ring.size for ring in self._rings.values())

    async def _host_points(self, name: str, since: float, until: float) -> list[Point]:
        ring = self._rings.get(name)
        oldest = ring.oldest if ring else float("inf")
        young = [p for p in ring.since(since) if p.at <= until] if ring else []
        if oldest <= since:
            return young
        end = min(until, oldest)
        old = await self._read(lambda db: host_points(db, f"host:{name}", since, end))
        return [*(point for point in old or () if point.at < oldest), *young]

    async def _read(self, query: Callable[[sqlite3.Connection], _T]) -> _T | None:
        """Ask the file in a thread; None when it cannot be read."""

        def ask() -> _T:
            uri = f"{self._path.absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True, timeout=READING)) as db:
                return query(db)

        try:
            async with asyncio.timeout(READING):
                return await asyncio.to_thread(ask)
        except (sqlite3.Error, TimeoutError):
            return None

    async def _durably(self, what: tuple[Statement, ...]) -> None:
        done = asyncio.Event()
        self._writer.put(Durable(what, lambda _why: self._call(done.set)))
        try:
            async with asyncio.timeout(DURABLE):
                await done.wait()
        except TimeoutError:
            self._show_fault("the disk does not answer")

    def _told_loaded(self, loaded: Loaded) -> None:
        self._call(lambda: self._load(loaded))

    def _told_fault(self, fault: str) -> None:
        self._call(lambda: self._show_fault(fault))

    def _told_aside(self, name: str) -> None:
        text = f"history could not be read and was set aside as {name}; a new one was begun"
        self._call(lambda: self._on_banner(ASIDE, Banner(id=ASIDE, text=text)))

    def _load(self, loaded: Loaded) -> None:
        if not self._was_loaded:
            self._was_loaded = True
            self._on_loaded(loaded)
        self._ready.set()

    def _show_fault(self, fault: str) -> None:
        text = f"history is kept in memory only: {fault}; tried again every minute"
        self._on_banner(FAULT, Banner(id=FAULT, text=text) if fault else None)
        if fault:
            self._ready.set()

    def _call(self, function: Callable[[], None]) -> None:
        """Call in the loop, from the writer's thread; a loop that is gone needs no telling."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function)
