"""Acks that an Alertmanager hears of too: a short silence each, extended while the ack holds, never without it.

A silence lasts a quarter of an hour, so it ends by itself where this engine does not come back.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsconsole.alerting.silencing import MIRROR, MIRROR_LONGEST, mirror_draft, mirror_end
from opsconsole.clock import Clock
from opsconsole.errors import OpsConsoleError, RefusedError
from opsconsole.model.alert import Ack, Alert
from opsconsole.model.event import Event
from opsconsole.model.silence import Silence, SilenceDraft
from opsconsole.model.snapshot import Banner
from opsconsole.state.keeping import Keep
from opsconsole.state.store import Store

KEPT: Final = "mirrors"
MOST: Final = 50
"""Acks of one call that may be mirrored: beyond, one silence with matchers says more."""
_EXTENDED: Final = MIRROR * 2 / 3
"""Seconds before its end from which a silence is extended."""
_BY_HAND: Final = 30.0
"""A silence that ended so long before its time was ended by somebody."""
_BANNER: Final = "mirrors"


class Writing(Protocol):
    """Who changes silences."""

    @property
    def managers(self) -> Iterable[str]:
        """Names of all Alertmanagers."""
        ...

    async def put(self, draft: SilenceDraft, actor: str, old: Silence | None) -> str:
        """Make a silence, or extend one by the draft's seconds; gives its id."""
        ...

    async def end(self, source: str, id: str) -> None:
        """End one; one that is gone stays gone."""
        ...

    async def look(self) -> None:
        """Read all lists again."""
        ...


class _Place(NamedTuple):
    """What is silenced where."""

    episode: str
    source: str


class Mirror(Struct, frozen=True):
    """One silence that was made for an ack."""

    id: str
    source: str
    episode: str
    ends: float
    """By our clock."""


class Mirrors:
    """The silences of all acks that want one."""

    def __init__(self, store: Store, writing: Writing, keep: Keep, clock: Clock) -> None:
        """Set up; what `keep` is given comes back to the next engine's `restore`."""
        self._store = store
        self._writing = writing
        self._keep = keep
        self._clock = clock
        self._made: dict[_Place, Mirror] = {}
        self._busy = asyncio.Lock()

    def restore(self, kept: Mapping[str, bytes]) -> None:
        """Go on with those of an earlier engine."""
        try:
            old = msgspec.msgpack.decode(kept.get(KEPT, b""), type=tuple[Mirror, ...])
        except msgspec.MsgspecError:
            return
        self._made = {_Place(each.episode, each.source): each for each in old}

    def check(self, episodes: Sequence[str]) -> None:
        """Refuse what cannot be mirrored.

        Raises:
            RefusedError: No Alertmanager tells of one of the fires, or they are too many.
        """
        shown = self._store.snapshot.alerts
        for alert in (shown[each] for each in episodes if each in shown):
            if not self._sources(alert):
                why = f"no Alertmanager tells of {alert.name}: ack it without a silence"
                raise RefusedError("silence", why)
        if len(episodes) > MOST:
            why = f"{len(episodes)} fires are too many: make one silence with matchers"
            raise RefusedError("silence", why)

    def concerns(self, episodes: Iterable[str]) -> bool:
        """Tell whether any of some fires has a silence of its ack."""
        wanted = frozenset(episodes)
        return any(place.episode in wanted for place in self._made)

    async def step(self) -> Mapping[str, str]:
        """Make, extend and end what is due.

        Returns:
            By source why it could not be done; it is tried again with the next step.
        """
        async with self._busy:
            before, now = dict(self._made), self._clock.now()
            wanted = {place: (alert, ack) for place, alert, ack in self._wanted(now)}
            problems: dict[str, str] = {}
            over = [place for place in before if place not in wanted]
            for place in (*over, *wanted):
                if place.source in problems:
                    continue  # what hangs is waited for once
                try:
                    if place in wanted:
                        await self._hold(place, *wanted[place], now)
                    else:
                        await self._end(place, now)
                except OpsConsoleError as error:
                    problems[place.source] = str(error)
            await self._note(before, now)
            self._show(problems)
            return problems

    def _wanted(self, now: float) -> Iterator[tuple[_Place, Alert, Ack]]:
        for alert in self._store.snapshot.alerts.values():
            ack = alert.ack
            if alert.is_firing and ack is not None and ack.mirror and mirror_end(ack, now) > now:
                for source in self._sources(alert):
                    yield _Place(alert.episode, source), alert, ack

    def _sources(self, alert: Alert) -> tuple[str, ...]:
        managers = frozenset(self._writing.managers)
        return tuple(each for each in alert.source.split(",") if each in managers)

    async def _hold(self, place: _Place, alert: Alert, ack: Ack, now: float) -> None:
        """Make the silence of an ack, or extend it where it ends soon."""
        if await self._was_ended(place, now):
            return
        made, ends = self._made.get(place), mirror_end(ack, now)
        if made is None:
            self._made[place] = await self._make(place, alert, ack, now)
        elif made.ends - now <= _EXTENDED and ends - made.ends >= 1.0:
            known = self._store.snapshot.silences.get(made.id)
            draft = mirror_draft(alert, ack, place.source, ends - now)
            if known is not None and known.comment == draft.comment:  # from its own end on
                draft = replace(draft, seconds=ends - made.ends)
            extended = await self._writing.put(draft, ack.actor, known)
            self._made[place] = replace(made, id=extended, ends=ends)

    async def _was_ended(self, place: _Place, now: float) -> bool:
        """Forget a silence that is over; tell whether somebody ended it: that person is not contradicted."""
        made = self._made.get(place)
        known = self._store.snapshot.silences.get(made.id) if made is not None else None
        if made is None or known is None or known.state != "expired":
            return False
        del self._made[place]
        if now >= made.ends - _BY_HAND:
            return False
        text = f"is silenced no longer: somebody ended its silence in {place.source}"
        await self._store.unmirrored(place.episode, text)
        return True

    async def _make(self, place: _Place, alert: Alert, ack: Ack, now: float) -> Mirror:
        """Make one, unless an engine made it that did not live to note so."""
        ends = mirror_end(ack, now)
        draft = mirror_draft(alert, ack, place.source, ends - now)
        for each in self._store.snapshot.silences.values():
            is_it = (each.source, each.comment) == (place.source, draft.comment)
            if is_it and each.state != "expired":
                return Mirror(each.id, place.source, place.episode, min(ends, each.ends))
        made = await self._writing.put(draft, ack.actor, None)
        text = f"silenced {alert.name} in {place.source} while its ack holds"
        self._store.put_event(Event(0, now, ack.actor, "silence", alert.on, text))
        return Mirror(made, place.source, place.episode, ends)

    async def _end(self, place: _Place, now: float) -> None:
        made = self._made[place]
        if now < made.ends:
            await self._writing.end(made.source, made.id)
        del self._made[place]

    async def _note(self, before: Mapping[_Place, Mirror], now: float) -> None:
        """Say on each ack which silences it has, and keep them all over a restart."""
        for alert in tuple(self._store.snapshot.alerts.values()):
            if alert.ack is None or not alert.ack.mirror:
                continue
            if now >= alert.ack.at + MIRROR_LONGEST:
                text = "is silenced no longer: its ack is 8 h old"
                await self._store.unmirrored(alert.episode, text)
                continue
            own = (made.id for place, made in self._made.items() if place.episode == alert.episode)
            await self._store.mirrored(alert.episode, tuple(own))
        if self._made != before:
            await self._keep(KEPT, msgspec.msgpack.encode(tuple(self._made.values())))
            await self._writing.look()

    def _show(self, problems: Mapping[str, str]) -> None:
        if problems:
            said = "; ".join(f"{source}: {why}" for source, why in problems.items())
            self._store.put_banner(
                Banner(_BANNER, f"silences of acks are not as they should be: {said}")
            )
        else:
            self._store.drop_banner(_BANNER)
