"""What people do with fires: see them, take them, write on them. Pure steps over the marks."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from msgspec import structs

from opsconsole.model.alert import Ack, Alert, Note
from opsconsole.model.event import Event
from opsconsole.model.oncall import Escalation
from opsconsole.model.states import AlertState
from opsconsole.state.world import Marks, World

NOTES_KEPT: Final = 50

_Change = Callable[[Marks], Marks]


class Triage(NamedTuple):
    """What one call changes: marks by episode, and what is told of it."""

    marks: Mapping[str, Marks]
    events: tuple[Event, ...]


def ack(world: World, episodes: Iterable[str], said: Ack) -> Triage:
    """Say that somebody has seen fires; episodes that are not shown are left out."""
    return _each(
        world, episodes, said.actor, said.at, "acked", said.note,
        lambda marks: structs.replace(_answered(marks, said.at), ack=_after(marks.ack, said)),
    )  # fmt: skip


def unack(world: World, episodes: Iterable[str], actor: str, at: float) -> Triage:
    """Take acks back; episodes that have none are left out."""
    acked = [each for each in episodes if world.marks.get(each, Marks()).ack is not None]
    return _each(
        world, acked, actor, at, "acked", "took the ack back",
        lambda marks: structs.replace(marks, ack=None),
    )  # fmt: skip


def mirrored(world: World, episode: str, silences: tuple[str, ...]) -> Triage:
    """Note which silences mirror an ack now; no event: that it was asked for was told."""
    marks = world.marks.get(episode, Marks())
    if marks.ack is None or marks.ack.silences == silences:
        return Triage({}, ())
    ack = structs.replace(marks.ack, silences=silences)
    return Triage({episode: structs.replace(marks, ack=ack)}, ())


def unmirrored(world: World, episode: str, at: float, text: str) -> Triage:
    """Note that an ack is mirrored no longer, and tell why; the ack stays."""
    marks = world.marks.get(episode, Marks())
    if marks.ack is None:
        return Triage({}, ())
    ack = structs.replace(marks.ack, mirror=False, silences=())
    return _each(
        world, (episode,), "engine", at, "acked", text,
        lambda marks: structs.replace(marks, ack=ack),
    )  # fmt: skip


def take(world: World, episodes: Iterable[str], actor: str, owner: str, at: float) -> Triage:
    """Give fires to an owner, or back to nobody when it is empty."""
    text = "gave it back" if not owner else "" if owner == actor else f"to {owner}"
    return _each(
        world, episodes, actor, at, "taken", text,
        lambda marks: structs.replace(
            _answered(marks, at) if owner else marks, owner=owner or None
        ),
    )  # fmt: skip


def note(world: World, episodes: Iterable[str], said: Note) -> Triage:
    """Write a line on fires; the newest fifty stay."""
    return _each(
        world, episodes, said.actor, said.at, "noted", said.text,
        lambda marks: structs.replace(marks, notes=(*marks.notes, said)[-NOTES_KEPT:]),
    )  # fmt: skip


def escalate(world: World, episode: str, mark: Escalation, text: str) -> Triage:
    """Mark that a fire went on to somebody, because nobody had it."""
    return _each(
        world, (episode,), "engine", mark.at, "escalated", text,
        lambda marks: structs.replace(marks, escalated=(*marks.escalated, mark)),
    )  # fmt: skip


def expired(world: World, now: float) -> Triage:
    """Take back acks whose time is over."""
    over = [
        episode
        for episode, marks in world.marks.items()
        if marks.ack is not None and marks.ack.until is not None and marks.ack.until <= now
    ]
    if not over:
        return Triage({}, ())
    return _each(
        world, over, "engine", now, "acked", "the ack is over",
        lambda marks: structs.replace(marks, ack=None),
    )  # fmt: skip


def _after(old: Ack | None, said: Ack) -> Ack:
    """Go on with the silences of the ack before, where both are mirrored."""
    if old is None or not said.mirror:
        return said
    return structs.replace(said, silences=old.silences)


def _answered(marks: Marks, at: float) -> Marks:
    return marks if marks.answered_at is not None else structs.replace(marks, answered_at=at)


def _each(
    world: World,
    episodes: Iterable[str],
    actor: str,
    at: float,
    kind: str,
    text: str,
    change: _Change,
) -> Triage:
    shown = world.snapshot.alerts
    found = [e for e in dict.fromkeys(episodes) if e in shown and not _waits(shown[e])]
    marks = {e: change(world.marks.get(e, Marks())) for e in found}
    return Triage(marks, tuple(_event(shown[e], actor, at, kind, text) for e in found))


def _waits(alert: Alert) -> bool:
    """Tell whether it is no episode yet: a mark on it would be on another one once it fires."""
    return alert.state is AlertState.PENDING


def _event(alert: Alert, actor: str, at: float, kind: str, text: str) -> Event:
    return Event(
        id=0,
        at=at,
        actor=actor,
        kind=kind,
        subject=alert.on,
        text=f"{alert.name} {text}".rstrip(),
        data={"episode": alert.episode, "alert": alert.name},
    )
