"""One alert source, polled: every member is asked, and what they say becomes one list."""

import asyncio
from collections.abc import Iterable
from typing import Final

from msgspec import structs

from opsconsole.clock import Clock
from opsconsole.collect.member import Member, MemberReader, merge
from opsconsole.collect.sink import Sink
from opsconsole.model.inventory import AlertSource
from opsconsole.model.sample import RemoteAlert, SourceReading
from opsconsole.model.states import ServiceState
from opsconsole.model.text import LABEL_LIMIT, clean

BIG: Final = 1 << 20
"""A list of this many bytes is read in a thread: it would hold the loop for more than 5 ms."""
_SLOW: Final = 0.5
"""Seconds of a poll that are too many to be spent every 15."""
_STRETCHED: Final = 60.0
"""Seconds between polls of a source whose lists are big or slow."""
_CALM: Final = 0.8
"""Share of both limits below which the usual interval is kept again."""
_MEGA: Final = 1e6


class SourceProbe:
    """One alert source; never clears anything because it could not look."""

    def __init__(
        self, source: AlertSource, reader: MemberReader, *, sink: Sink, clock: Clock
    ) -> None:
        self._source = source
        self._reader = reader
        self._sink = sink
        self._clock = clock
        self._told: tuple[RemoteAlert, ...] | None = None
        self._kept: frozenset[str] = frozenset()
        self._slow = 0
        self._stretched = ""

    @property
    def name(self) -> str:
        """The probe's name."""
        return f"feed:{self._source.name}"

    async def poll(self) -> float | None:
        """Ask every member once; put one reading in every case."""
        began = self._clock.monotonic()
        async with asyncio.TaskGroup() as group:
            asked = [
                group.create_task(self._reader.ask(url), name=f"{self._source.kind} {url}")
                for url in self._source.urls
            ]
        members = tuple(task.result() for task in asked)
        took = self._clock.monotonic() - began
        self._pace(members, took)
        self._put(members, took)
        return max(_STRETCHED, self._source.every) if self._stretched else None

    def crashed(self, error: Exception) -> None:
        """Put an unknown reading; what was told before stays."""
        late = isinstance(error, TimeoutError)
        reason = "no answer in time" if late else f"opsconsole failed: {type(error).__name__}"
        self._put(tuple(Member(url, reason=reason) for url in self._source.urls), 0.0)

    def _pace(self, members: tuple[Member, ...], took: float) -> None:
        """Decide how often to ask: a big list, or two slow polls in a row, make it once a minute."""
        if not all(member.is_up for member in members):
            return  # a wait that ended in nothing says nothing of how dear the list is
        size = max((member.size for member in members), default=0)
        limit = _CALM if self._stretched else 1.0
        self._slow = self._slow + 1 if took > _SLOW * limit else 0
        if size > BIG * limit:
            self._stretched = f"a list has {size / _MEGA:.1f} MB"
        elif self._slow > 1 or (self._slow and self._stretched):
            self._stretched = f"a poll takes {took:.1f} s"
        else:
            self._stretched = ""

    def _put(self, members: tuple[Member, ...], took: float) -> None:
        up = [member for member in members if member.is_up]
        every = max(_STRETCHED, self._source.every) if self._stretched else self._source.every
        state, reason = _verdict(members)
        reading = SourceReading(
            self._source.name, self._clock.now(), took, state,
            members_up=len(up), members=len(members),
            started_at=max((member.started_at for member in up), default=0.0),
            remote_now=max((member.clock for member in up), default=0.0),
            every=every,
        )  # fmt: skip
        notes = [reason]
        if up:
            merged = merge(member.alerts for member in up)
            reading = self._with_alerts(reading, self._capped(merged))
            if len(merged) > self._source.max_alerts:
                notes.append(f"only {self._source.max_alerts} of {len(merged)} alerts are taken in")
            if self._stretched:
                notes.append(f"asked every {every:.0f} s, as {self._stretched}")
        text = "; ".join(filter(None, notes))
        self._sink.put_reading(structs.replace(reading, reason=clean(text, LABEL_LIMIT)))

    def _capped(self, merged: tuple[RemoteAlert, ...]) -> tuple[RemoteAlert, ...]:
        """Keep what is taken in already, then what is critical: nothing ends because another one came."""
        if len(merged) > self._source.max_alerts:
            label = self._source.severity_label
            ranked = sorted(
                merged,
                key=lambda a: (a.fingerprint not in self._kept, a.labels.get(label) != "critical"),
            )
            merged = tuple(ranked[: self._source.max_alerts])
            self._kept = frozenset(alert.fingerprint for alert in merged)
        elif self._kept:
            self._kept = frozenset()
        return merged

    def _with_alerts(
        self, reading: SourceReading, alerts: tuple[RemoteAlert, ...]
    ) -> SourceReading:
        if alerts == self._told:
            return structs.replace(reading, unchanged=True)
        self._told = alerts
        return structs.replace(reading, alerts=alerts)


def _verdict(members: tuple[Member, ...]) -> tuple[ServiceState, str]:
    """Tell how much of the source answered, and what is wrong with the rest."""
    down = [member for member in members if not member.is_up]
    if not down:
        note = _split(members) or next((m.note for m in members if m.note), "")
        partial = any(member.partial for member in members)
        return (ServiceState.DEGRADED if partial else ServiceState.UP), note
    first = down[0].reason
    if len(down) < len(members):
        up = len(members) - len(down)
        return ServiceState.DEGRADED, f"{up}/{len(members)} members; {down[0].url}: {first}"
    state = ServiceState.DOWN if all(member.refused for member in down) else ServiceState.UNKNOWN
    return state, first if len(members) == 1 else f"0/{len(members)} members; {first}"


def _split(members: Iterable[Member]) -> str:
    """Say so when members do not see each other: silences made on one do not reach the others."""
    members = tuple(members)
    lonely = [m.url for m in members if m.peers is not None and m.peers < len(members)]
    return f"split: {lonely[0]} does not see all {len(members)} members" if lonely else ""
