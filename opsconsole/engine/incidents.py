"""Incidents over time: opened from fires, noted, made stable, closed; kept over restarts."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsconsole.clock import Clock
from opsconsole.errors import RefusedError
from opsconsole.model.alert import Alert, Note
from opsconsole.model.calls import AnyCall, Done
from opsconsole.model.event import Event
from opsconsole.model.incident import Incident
from opsconsole.model.incident_calls import (
    CloseIncident,
    IncidentOpened,
    NoteIncident,
    OpenIncident,
    SetIncident,
)
from opsconsole.model.states import Severity
from opsconsole.model.text import LABEL_LIMIT, NAME_LIMIT, clean
from opsconsole.rpc.peer import Peer
from opsconsole.state.history import History
from opsconsole.state.store import Store

KEPT: Final = "incidents"
CLOSED_SHOWN: Final = 20
OPEN_MOST: Final = 50
NOTES_MOST: Final = 500
_STATUS: Final = ("active", "stable")
_SEVERITIES: Final = tuple(str(each) for each in Severity)


class Incidents:
    """All incidents of one engine."""

    def __init__(self, store: Store, history: History, clock: Clock) -> None:
        self._store = store
        self._history = history
        self._clock = clock

    def restore(self, kept: Mapping[str, bytes]) -> None:
        """Take up those of an earlier engine."""
        try:
            old = msgspec.msgpack.decode(kept.get(KEPT, b""), type=tuple[Incident, ...])
        except msgspec.MsgspecError:
            return
        mine = self._store.snapshot.incidents
        self._store.put_incidents({**{each.id: each for each in old}, **mine})

    async def answer(self, call: AnyCall, peer: Peer) -> Struct | None:
        """Answer a call of this topic; None for any other.

        Raises:
            RefusedError: There is none of this id, or a word that is none.
        """
        match call:
            case OpenIncident():
                return await self._open(call, peer.actor)
            case NoteIncident():
                return await self._note(call, peer.actor)
            case SetIncident():
                return await self._set(call, peer.actor)
            case CloseIncident():
                return await self._close(call, peer.actor)
        return None

    async def _open(self, call: OpenIncident, actor: str) -> IncidentOpened:
        fires = self._fires(call.fires)
        title = clean(call.title.strip(), LABEL_LIMIT)
        if not title and not fires:
            raise RefusedError("param", "say what is wrong, or open it from a fire")
        if sum(each.is_open for each in self._store.snapshot.incidents.values()) >= OPEN_MOST:
            raise RefusedError("param", f"{OPEN_MOST} incidents are open: close some first")
        now = self._clock.now()
        incident = Incident(
            id=self._next_id(),
            title=title or f"{fires[0].name} on {_bare(fires[0].on)}",
            severity=_severity(call.severity) or _worst(fires),
            opened=now,
            opener=actor,
            began=min([now, *(each.since for each in fires)]),
            commander=actor,
            summary=clean(call.summary.strip(), LABEL_LIMIT),
        )
        incident = _with(incident, fires, self._references(call.on))
        await self._put(incident, actor, f"{incident.id} opened: {incident.title}")
        return IncidentOpened(incident.id, f"{incident.id}: {incident.title}")

    async def _note(self, call: NoteIncident, actor: str) -> Done:
        incident, text = self._find(call.id), clean(call.text.strip(), LABEL_LIMIT)
        if not text:
            raise RefusedError("param", "a note needs a text")
        notes = (*incident.notes, Note(actor, self._clock.now(), text))[-NOTES_MOST:]
        await self._put(replace(incident, notes=notes), actor, f"{incident.id}: {text}")
        return Done(f"{incident.id}: noted")

    async def _set(self, call: SetIncident, actor: str) -> Done:
        incident = self._find(call.id)
        changed: dict[str, str] = {
            name: clean(value.strip(), LABEL_LIMIT)
            for name in ("title", "commander", "summary", "impact")
            if (value := getattr(call, name)) is not None
        }
        if call.severity is not None:
            changed["severity"] = _severity(call.severity)
        new = _with(
            replace(incident, **changed), self._fires(call.fires), self._references(call.on)
        )
        if call.link:
            new = replace(new, links=(*new.links, clean(call.link.strip(), LABEL_LIMIT)))
        new = self._with_status(new, call.status)
        if new == incident:
            return Done(f"{incident.id}: nothing to change")
        told = ", ".join(_changes(incident, new))
        await self._put(new, actor, f"{incident.id}: {told}")
        return Done(f"{incident.id}: {told}")

    def _with_status(self, incident: Incident, status: str | None) -> Incident:
        if status is None or status == incident.status:
            return incident
        if status not in _STATUS:
            raise RefusedError("param", f"{clean(status, NAME_LIMIT)} is none of active, stable")
        stable = self._clock.now() if status == "stable" else None
        return replace(incident, status=status, stable=stable, closed=None)

    async def _close(self, call: CloseIncident, actor: str) -> Done:
        incident = self._find(call.id)
        if not incident.is_open:
            raise RefusedError("param", f"{incident.id} is closed already")
        now = self._clock.now()
        summary = clean(call.summary.strip(), LABEL_LIMIT) or incident.summary
        new = replace(
            incident, status="closed", closed=now, stable=incident.stable or now, summary=summary
        )
        await self._put(new, actor, f"{incident.id} closed: {incident.title}")
        return Done(f"{incident.id} closed; opsconsole incident export {incident.id} writes it up")

    def _find(self, id: str) -> Incident:
        found = self._store.snapshot.incidents.get(id)
        if found is None:
            raise RefusedError("unknown-target", f"no incident {clean(id, NAME_LIMIT)}")
        return found

    def _fires(self, episodes: Iterable[str]) -> tuple[Alert, ...]:
        shown = self._store.snapshot.alerts
        for episode in episodes:
            if episode not in shown:
                raise RefusedError("unknown-target", f"no such fire: {clean(episode, NAME_LIMIT)}")
        return tuple(shown[each] for each in episodes)

    def _references(self, on: Iterable[str]) -> tuple[str, ...]:
        shown = self._store.snapshot
        for each in on:
            kind, _, name = each.partition(":")
            if name not in {"host": shown.hosts, "service": shown.services}.get(kind, {}):
                raise RefusedError(
                    "unknown-target",
                    f"no {clean(each, NAME_LIMIT)}; write host:NAME or service:NAME",
                )
        return tuple(on)

    def _next_id(self) -> str:
        numbers = [int(each[1:]) for each in self._store.snapshot.incidents if each[1:].isdigit()]
        return f"i{max(numbers, default=0) + 1}"

    async def _put(self, incident: Incident, actor: str, text: str) -> None:
        """Show it, tell of it, and return when it is on the disk, or cannot be."""
        known = {**self._store.snapshot.incidents, incident.id: incident}
        closed = sorted((i.closed or 0.0, i.id) for i in known.values() if not i.is_open)
        for _, old in closed[:-CLOSED_SHOWN]:
            del known[old]
        self._store.put_incidents(known)
        on = incident.on[0] if len(incident.on) == 1 else ""
        self._store.put_event(
            Event(0, self._clock.now(), actor, "incident", on, text, data={"incident": incident.id})
        )
        await self._history.keep(KEPT, msgspec.msgpack.encode(tuple(known.values())))


def _with(incident: Incident, fires: tuple[Alert, ...], on: tuple[str, ...]) -> Incident:
    """Add fires and what they are on; nothing twice."""
    return replace(
        incident,
        alerts=tuple(dict.fromkeys((*incident.alerts, *(each.episode for each in fires)))),
        names=tuple(dict.fromkeys((*incident.names, *(each.name for each in fires)))),
        on=tuple(dict.fromkeys((*incident.on, *(each.on for each in fires), *on))),
        began=min([incident.began, *(each.since for each in fires)]),
    )


def _changes(old: Incident, new: Incident) -> Iterable[str]:
    for name in ("status", "title", "severity", "commander", "summary", "impact"):
        if getattr(old, name) != getattr(new, name):
            yield f"{name} {getattr(new, name)}"
    if old.links != new.links:
        yield f"link {new.links[-1]}"
    if more := len(new.alerts) - len(old.alerts):
        yield f"{more} more fires"
    if more := len(new.on) - len(old.on):
        yield f"on {', '.join(new.on[-more:])}"


def _severity(word: str) -> str:
    if word and word not in _SEVERITIES:
        raise RefusedError(
            "param", f"{clean(word, NAME_LIMIT)} is none of {', '.join(_SEVERITIES)}"
        )
    return word


def _worst(fires: Iterable[Alert]) -> str:
    found = {str(each.severity) for each in fires}
    return next((word for word in ("critical", "warning", "info") if word in found), "critical")


def _bare(reference: str) -> str:
    return reference.partition(":")[2] or reference
