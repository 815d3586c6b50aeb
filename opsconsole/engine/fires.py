"""Calls about fires and Activity: acks, owners, notes, and what happened elsewhere."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from opsconsole.clock import Clock
from opsconsole.engine.mirrors import Mirrors
from opsconsole.errors import RefusedError
from opsconsole.model.calls import AckAlert, AddEvent, AnyCall, Done, NoteAlert, TakeAlert
from opsconsole.model.event import Event
from opsconsole.model.text import LABEL_LIMIT, NAME_LIMIT, clean
from opsconsole.rpc.peer import Peer
from opsconsole.state.store import Store

_AHEAD: Final = 300.0
"""Seconds an event's time may lie in the future: clocks of build machines differ."""


class FireCalls:
    """Answers them on the store."""

    def __init__(self, store: Store, mirrors: Mirrors, clock: Clock) -> None:
        self._store = store
        self._mirrors = mirrors
        self._clock = clock

    async def answer(self, call: AnyCall, peer: Peer) -> Struct | None:
        """Answer a call of this topic; None for any other.

        Raises:
            RefusedError: No such fire, or an event without text.
        """
        match call:
            case AckAlert():
                return await self._ack(call, peer.actor)
            case TakeAlert():
                owner = None if call.owner is None else clean(call.owner, NAME_LIMIT)
                held = await self._store.take(call.episodes, peer.actor, owner)
                return _done(_taken(owner, peer.actor), call.episodes, held)
            case NoteAlert():
                text = clean(call.text, LABEL_LIMIT)
                held = await self._store.note(call.episodes, peer.actor, text)
                return _done("noted", call.episodes, held)
            case AddEvent():
                return self._event(call, peer)
        return None

    async def _ack(self, call: AckAlert, actor: str) -> Done:
        """Ack, or take acks back; their silences follow before it is answered, where they can."""
        if call.mirror and not call.drop:
            self._mirrors.check(call.episodes)
        if call.drop:
            held = await self._store.unack(call.episodes, actor)
            done = _done("not acked any more", call.episodes, held)
        else:
            note = clean(call.note, LABEL_LIMIT)
            held = await self._store.ack(call.episodes, actor, note, call.until, mirror=call.mirror)
            done = _done("seen", call.episodes, held)
        if not call.mirror and not self._mirrors.concerns(held):
            return done
        problems = await self._mirrors.step()
        words = "silenced while the ack holds" if call.mirror else "its silence is ended"
        if problems:
            why = "; ".join(f"{source}: {reason}" for source, reason in problems.items())
            words = f"but the silence does not follow yet, it is tried again: {why}"
        return Done(f"{done.text}; {words}")

    def _event(self, call: AddEvent, peer: Peer) -> Done:
        text = clean(call.text.strip(), LABEL_LIMIT)
        if not text:
            raise RefusedError("param", "an event needs a text")
        now = self._clock.now()
        at = now if call.at is None else call.at
        if not 0 <= at <= now + _AHEAD:
            raise RefusedError("param", "an event cannot lie in the future")
        kind, on = clean(call.kind, NAME_LIMIT), clean(call.on, NAME_LIMIT)
        told = self._store.put_event(Event(0, at, peer.actor, kind, on, text))
        return Done(f"event {told.id}: {text}")


def _taken(owner: str | None, actor: str) -> str:
    if owner == "":
        return "given back"
    return f"taken by {owner or actor}"


def _done(what: str, asked: Sequence[str], held: Sequence[str]) -> Done:
    if not held:
        raise RefusedError(
            "unknown-target", f"no such fire: {', '.join(asked) or 'none was named'}"
        )
    fires = "1 fire" if len(held) == 1 else f"{len(held)} fires"
    missing = len(set(asked)) - len(held)
    return Done(f"{fires} {what}" + (f", {missing} not found" if missing else ""))
