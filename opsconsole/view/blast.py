"""What goes with an object: what would be down without it, what would be weaker, what we would not see.

Only declared edges count. A service goes when something it `depends_on` goes, or when no healthy host is
left that carries it; before that it is weakened.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct

from opsconsole.model.snapshot import HostRecord, ServiceRecord, Snapshot
from opsconsole.model.states import HostState, Reach
from opsconsole.view.naming import bare_name, folded, natural_key
from opsconsole.view.triage import on_object

_TEAM_LABELS = ("team", "owner")
_WORKS = (HostState.OK, HostState.WARNING)


class Harm(StrEnum):
    """What becomes of a dependent, worst first."""

    DOWN = "down"
    BLIND = "blind"
    """We could not see it: it is reached through what goes."""
    WEAKENED = "weakened"


class Hit(Struct, frozen=True):
    """One object that another's loss would touch."""

    on: str
    harm: Harm
    through: str
    """The nearest thing that it loses."""
    carriers: int = 0
    """A service's hosts in all, and those that would still carry it."""
    left: int = 0
    firing: int = 0
    """Fires on it now."""


class Blast(Struct, frozen=True):
    """Everything that the loss of one object would touch, worst first."""

    on: str
    hits: tuple[Hit, ...]
    teams: tuple[str, ...]
    """Whose these are, by the labels `team` or `owner`."""

    def count(self, harm: Harm, kind: str = "") -> int:
        """Count what would come to one harm, of one kind (`host`, `service`) or any."""
        return sum(hit.harm is harm and hit.on.startswith(kind) for hit in self.hits)


def blast(snapshot: Snapshot, reference: str) -> Blast:
    """Follow an object's loss to its end; pure, about one step for each edge."""
    spread = _Spread(snapshot, reference)
    hits = [spread.hit(on, harm, through) for on, (harm, through) in spread.harmed().items()]
    order = list(Harm)
    hits.sort(key=lambda hit: (order.index(hit.harm), hit.on[0] != "s", natural_key(hit.on)))
    owners = (_team(snapshot, on) for on in (reference, *(hit.on for hit in hits)))
    return Blast(reference, tuple(hits), tuple(sorted({team for team in owners if team})))


def blast_words(found: Blast) -> str:
    """Say it in a line: `down: checkout, search; weakened: shop (5 of 6 left); blind: db-{02,03}`."""
    if not found.hits:
        return f"nothing declared needs {bare_name(found.on)}"
    parts = []
    for harm in Harm:
        hits = [hit for hit in found.hits if hit.harm is harm]
        services = [hit for hit in hits if hit.on.startswith("service:")]
        said = [_service_words(hit) for hit in services[:5]]
        if len(services) > len(said):
            said.append(f"{len(services) - len(said)} more services")
        if hosts := folded(bare_name(hit.on) for hit in hits if hit.on.startswith("host:")):
            said.append(hosts)
        if said:
            parts.append(f"{harm}: {', '.join(said)}")
    if found.teams:
        parts.append(f"teams: {', '.join(found.teams)}")
    return "; ".join(parts)


def _service_words(hit: Hit) -> str:
    name = bare_name(hit.on)
    return f"{name} ({hit.left} of {hit.carriers} left)" if hit.harm is Harm.WEAKENED else name


class _Spread:
    """A loss while it spreads over the declared edges."""

    def __init__(self, snapshot: Snapshot, start: str) -> None:
        self._snapshot = snapshot
        self._start = start
        self._gone = {start}
        self._needed_by = _reversed_edges(snapshot)

    def harmed(self) -> Mapping[str, tuple[Harm, str]]:
        """Give what is harmed, how, and by the loss of what."""
        found: dict[str, tuple[Harm, str]] = {}
        edge = [self._start]
        while edge:
            lost = edge.pop(0)
            for on in self._needed_by.get(lost, ()):
                if on in self._gone:
                    continue
                harm = self._harm(on, lost)
                if harm is Harm.DOWN:
                    self._gone.add(on)
                    edge.append(on)
                if harm is Harm.DOWN or on not in found:
                    found[on] = (harm, lost)
        return found

    def hit(self, on: str, harm: Harm, through: str) -> Hit:
        """Describe one."""
        carriers = self._carriers(on)
        return Hit(
            on,
            harm,
            through,
            carriers=len(carriers),
            left=len(self._left(carriers)),
            firing=len(on_object(self._snapshot, on)),
        )

    def _harm(self, on: str, lost: str) -> Harm:
        record = _record(self._snapshot, on)
        if record is None or lost in record.depends_on:
            return Harm.DOWN
        if isinstance(record, HostRecord):
            return Harm.BLIND
        return Harm.WEAKENED if self._left(record.hosts) else Harm.DOWN

    def _carriers(self, on: str) -> tuple[str, ...]:
        record = _record(self._snapshot, on)
        return record.hosts if isinstance(record, ServiceRecord) else ()

    def _left(self, carriers: Iterable[str]) -> list[str]:
        """Name the carriers that would still work: unknown is not working."""
        hosts = self._snapshot.hosts
        return [
            name
            for name in carriers
            if f"host:{name}" not in self._gone
            and (host := hosts.get(name)) is not None
            and host.state in _WORKS
            and host.reach is Reach.UP
        ]


def _record(snapshot: Snapshot, reference: str) -> HostRecord | ServiceRecord | None:
    kind, _, name = reference.partition(":")
    if kind == "host":
        return snapshot.hosts.get(name)
    return snapshot.services.get(name) if kind == "service" else None


def _reversed_edges(snapshot: Snapshot) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for host in snapshot.hosts.values():
        for each in dict.fromkeys((*host.depends_on, *(f"host:{jump}" for jump in host.jump))):
            found[each].append(f"host:{host.name}")
    for service in snapshot.services.values():
        carriers = (f"host:{name}" for name in service.hosts)
        for each in dict.fromkeys((*service.depends_on, *carriers)):
            found[each].append(f"service:{service.name}")
    return found


def _team(snapshot: Snapshot, reference: str) -> str:
    record = _record(snapshot, reference)
    if record is None:
        return ""
    return next((record.labels[name] for name in _TEAM_LABELS if record.labels.get(name)), "")
