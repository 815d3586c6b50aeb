"""What the store holds: the snapshot everybody sees, and the private trails it is made with."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct, structs

from opsconsole.model.alert import Ack, Alert, Note
from opsconsole.model.event import Event
from opsconsole.model.inventory import Check
from opsconsole.model.oncall import Escalation
from opsconsole.model.snapshot import Snapshot

EVENTS_SHOWN: Final = 500


class Marks(Struct, frozen=True):
    """What people put on one episode: who took it, who has seen it, what they wrote."""

    owner: str | None = None
    ack: Ack | None = None
    notes: tuple[Note, ...] = ()
    answered_at: float | None = None
    """When somebody first acked or took it."""
    escalated: tuple[Escalation, ...] = ()


class Tier(Struct, frozen=True):
    """What one tier brought last, so that it can take back what it no longer brings."""

    at: float
    keys: frozenset[str]


class HostTrail(Struct, frozen=True):
    """Where a host's row comes from."""

    tiers: Mapping[str, Tier] = {}
    step: int = 0
    """The number of the spark step that was written last."""


class CheckTrail(Struct, frozen=True):
    """The last fifteen minutes of one check: times, seconds taken, and whether it was down."""

    results: tuple[tuple[float, float, bool | None], ...] = ()
    """None: not known, counts neither way."""


class World(Struct, frozen=True):
    """The snapshot with its trails; every reducer makes a new one."""

    snapshot: Snapshot = Snapshot()
    hosts: Mapping[str, HostTrail] = {}
    trails: Mapping[str, CheckTrail] = {}
    checks: Mapping[str, Check] = {}
    """Definitions by name, the services' included."""
    marks: Mapping[str, Marks] = {}
    """By episode; kept while the episode is shown, and for those restored and not yet seen again."""
    raw: Mapping[str, Alert] = {}
    """Alerts as alerting gave them, before marks."""
    told: tuple[Event, ...] = ()
    """Events of this change, for the history; emptied when it is published."""
    last_event: int = 0


def tell(world: World, *events: Event) -> World:
    """Number events and put them on the snapshot, which keeps the newest 500."""
    if not events:
        return world
    start = world.last_event + 1
    numbered = tuple(structs.replace(e, id=start + i) for i, e in enumerate(events))
    shown = {**world.snapshot.events, **{event.id: event for event in numbered}}
    for old in sorted(shown)[:-EVENTS_SHOWN]:
        del shown[old]
    return structs.replace(
        world,
        snapshot=structs.replace(world.snapshot, events=shown),
        told=(*world.told, *numbered),
        last_event=numbered[-1].id,
    )


def with_tables(world: World, **tables: object) -> World:
    """Put new tables or scalars on the snapshot."""
    return structs.replace(world, snapshot=structs.replace(world.snapshot, **tables))
