"""Silences of the alert sources: read every so often, previewed, made, extended, ended; who does it is named."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from opsconsole.alerting.silencing import effect_of
from opsconsole.clock import Clock
from opsconsole.collect.silences import AskSource, SilenceDesk
from opsconsole.engine.mirrors import Mirrors
from opsconsole.errors import ParseError, RefusedError, TransportError
from opsconsole.model.alert_calls import ExpireSilence, MakeSilence, PreviewSilence, SilenceMade
from opsconsole.model.calls import AnyCall, Done
from opsconsole.model.episode import Episode
from opsconsole.model.event import Event
from opsconsole.model.inventory import AlertSource, Inventory
from opsconsole.model.silence import Silence, SilenceDraft, SilenceEffect
from opsconsole.model.snapshot import Banner
from opsconsole.model.text import MESSAGE_LIMIT, NAME_LIMIT, clean
from opsconsole.query.matchers import write_matchers
from opsconsole.rpc.peer import Peer
from opsconsole.state.keeping import Keep
from opsconsole.state.store import Store

_ENDED_SHOWN: Final = 6 * 3_600.0
_DAY: Final = 86_400.0
_DAY_KEPT: Final = 60.0
_LEAST_ID: Final = 6
"""Characters of an id that name a silence."""
Lately = Callable[[float, float], Awaitable[Iterable[Episode]]]


class Silences:
    """All silences of all sources that have any."""

    def __init__(
        self,
        store: Store,
        ask: AskSource,
        poll: Callable[[Sequence[str]], None],
        lately: Lately,
        keep: Keep,
        clock: Clock,
    ) -> None:
        """Set up.

        Args:
            store: Where they are shown.
            ask: How sources are asked.
            poll: Asked to poll a source (`feed:main`) when its silences changed.
            lately: Reads the episodes of a span (epoch seconds).
            keep: Keeps a small thing by name for the next engine.
            clock: Time.
        """
        self._store = store
        self._ask = ask
        self._poll = poll
        self._lately = lately
        self._clock = clock
        self._desks: Mapping[str, SilenceDesk] = {}
        self._sources: Mapping[str, AlertSource] = {}
        self._day: tuple[Episode, ...] = ()
        self._day_at = 0.0
        self._read: dict[str, tuple[Silence, ...]] = {}
        self.mirrors: Final = Mirrors(store, self, keep, clock)
        """Those of acks."""

    @property
    def managers(self) -> Iterable[str]:
        """Names of all Alertmanagers."""
        return self._desks.keys()

    def follow(self, inventory: Inventory) -> None:
        """Use a newly read inventory."""
        self._sources = {s.name: s for s in inventory.sources if s.kind == "alertmanager"}
        self._desks = {
            name: SilenceDesk(source, self._ask, self._clock)
            for name, source in self._sources.items()
        }
        self._read = {name: read for name, read in self._read.items() if name in self._desks}

    async def run(self) -> None:
        """Read all lists as often as the most frequent source is polled, and see to acks; until cancelled."""
        while True:
            await self.look()
            await self.mirrors.step()
            every = min((s.every for s in self._sources.values()), default=60.0)
            await self._clock.sleep(every)

    async def look(self) -> None:
        """Read every list once; one that cannot be read stays as it was, and a banner says so."""
        for name, desk in tuple(self._desks.items()):
            try:
                self._read[name] = await desk.list()
            except (TransportError, ParseError) as error:
                self._store.put_banner(Banner(f"silences {name}", f"silences of {name}: {error}"))
            else:
                self._store.drop_banner(f"silences {name}")
        now = self._clock.now()
        self._store.put_silences(
            each
            for read in self._read.values()
            for each in read
            if each.state != "expired" or now - each.ends < _ENDED_SHOWN
        )

    async def put(self, draft: SilenceDraft, actor: str, old: Silence | None) -> str:
        """Make a silence, or extend one by the draft's seconds, as `SilenceDesk.put`; gives its id.

        Raises:
            RefusedError: The source said no, or is gone.
            OutcomeUnknownError: It may have been made.
            TransportError: Nobody could be asked.
        """
        desk = self._desks.get(draft.source)
        if desk is None:  # a reload took it away while another was waited for
            raise RefusedError("unknown-target", f"no Alertmanager {draft.source}")
        made = await desk.put(draft, actor, old)
        self._poll((f"feed:{draft.source}",))
        return made

    async def end(self, source: str, id: str) -> None:
        """End a silence; one that is gone, or whose source is, stays gone.

        Raises:
            RefusedError: The source does not let go of it.
            OutcomeUnknownError: It may have ended.
            TransportError: Nobody could be asked.
        """
        desk = self._desks.get(source)
        if desk is None:
            return
        try:
            await desk.expire(id)
        except RefusedError:
            if any(each.id == id and each.state != "expired" for each in await desk.list()):
                raise
        self._poll((f"feed:{source}",))

    async def answer(self, call: AnyCall, peer: Peer) -> Struct | None:
        """Answer a call of this topic; None for any other.

        Raises:
            RefusedError: It cannot be made, or no such silence.
            OutcomeUnknownError: It may have been made.
            TransportError: Nobody could be asked.
        """
        match call:
            case PreviewSilence():
                return await self._preview(call, peer.actor)
            case MakeSilence():
                return await self._make(call, peer.actor)
            case ExpireSilence():
                return await self._expire(call.ids, peer.actor)
        return None

    async def _preview(self, call: PreviewSilence, actor: str) -> SilenceEffect:
        draft = self._whole(call.draft)
        effect = await self._effect(draft, actor)
        if call.ask and not effect.refusal:
            count = await self._desks[draft.source].count(draft.matchers)
            effect = replace(effect, server=count)
        return effect

    async def _effect(self, draft: SilenceDraft, actor: str) -> SilenceEffect:
        await self._refresh_day()
        shown = self._store.snapshot
        return effect_of(
            draft,
            shown.alerts.values(),
            self._day,
            shown.silences.values(),
            actor=actor,
            managers=self._desks.keys(),
        )

    async def _refresh_day(self) -> None:
        """Read the last 24 hours again where they are a minute old: a preview comes with every key."""
        now = self._clock.now()
        if now - self._day_at > _DAY_KEPT:
            self._day_at = now
            self._day = tuple(await self._lately(now - _DAY, now))

    def _whole(self, draft: SilenceDraft) -> SilenceDraft:
        """Fill in the source, and what a change leaves as it was."""
        old = self._old(draft)
        source = old.source if old is not None else draft.source
        if not source and len(self._desks) == 1:
            source = next(iter(self._desks))
        if source not in self._desks:
            known = ", ".join(self._desks) or "none is configured"
            raise RefusedError("unknown-target", f"say which Alertmanager: {known}")
        draft = replace(draft, source=source, comment=clean(draft.comment, MESSAGE_LIMIT))
        if old is None:
            return draft
        return replace(
            draft,
            id=old.id,
            matchers=draft.matchers or old.matchers,
            comment=draft.comment or old.comment,
        )

    def _old(self, draft: SilenceDraft) -> Silence | None:
        return self._find(draft.id) if draft.id else None

    def _find(self, id: str) -> Silence:
        known = self._store.snapshot.silences.values()
        hits = [each for each in known if each.id == id]
        if not hits and len(id) >= _LEAST_ID:
            hits = [each for each in known if each.id.startswith(id)]
        if len(hits) != 1:
            why = "no silence" if not hits else f"{len(hits)} silences begin with"
            raise RefusedError("unknown-target", f"{why} {clean(id, NAME_LIMIT)}")
        return hits[0]

    async def _make(self, call: MakeSilence, actor: str) -> SilenceMade:
        draft = self._whole(call.draft)
        effect = await self._effect(draft, actor)
        if effect.refusal:
            raise RefusedError("silence", effect.refusal)
        if effect.hash != call.hash:
            raise RefusedError("plan", "what it would hide has changed meanwhile; look again")
        if effect.expect and call.confirm.strip() != effect.expect:
            raise RefusedError("confirm", f"type {effect.expect} to confirm what it hides")
        old = self._old(draft)
        made = await self._desks[draft.source].put(draft, actor, old)
        verb = "silenced" if old is None else "extended" if made == old.id else "changed"
        text = f"{verb} {len(effect.now)} alerts: {write_matchers(draft.matchers)}: {draft.comment}"
        await self._changed(draft.source, actor, text)
        return SilenceMade(made, f"silence {made}: {verb}, hides {len(effect.now)} now")

    async def _expire(self, ids: Sequence[str], actor: str) -> Done:
        found = [self._find(each) for each in ids]
        for silence in found:
            await self._desks[silence.source].expire(silence.id)
            text = f"ended silence {silence.id[:8]}: {write_matchers(silence.matchers)}"
            await self._changed(silence.source, actor, text)
        return Done(f"{len(found)} ended")

    async def _changed(self, source: str, actor: str, text: str) -> None:
        now = self._clock.now()
        self._store.put_event(
            Event(0, now, actor, "silence", f"feed:{source}", clean(text, MESSAGE_LIMIT))
        )
        await self.look()
        self._poll((f"feed:{source}",))
