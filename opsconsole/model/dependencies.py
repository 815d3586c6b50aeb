"""What needs what: declared edges between hosts and services, walked both ways.

An edge is `depends_on`, a jump host, or a service on a host that carries it. Cycles are walked once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from opsconsole.model.snapshot import Snapshot

Step = Callable[[str], Iterable[str]]


def needs(snapshot: Snapshot, reference: str) -> frozenset[str]:
    """List what an object needs: its own `depends_on`, its jump hosts, a service's hosts."""
    kind, _, name = reference.partition(":")
    if kind == "host" and (host := snapshot.hosts.get(name)) is not None:
        return frozenset((*host.depends_on, *(f"host:{jump}" for jump in host.jump)))
    if kind == "service" and (service := snapshot.services.get(name)) is not None:
        return frozenset((*service.depends_on, *(f"host:{host}" for host in service.hosts)))
    return frozenset()


def needed_by(snapshot: Snapshot, reference: str) -> list[str]:
    """List what needs an object: services it carries, and whatever names it in `depends_on`."""
    kind, _, name = reference.partition(":")
    is_host = kind == "host"
    found = [
        f"service:{service.name}"
        for service in snapshot.services.values()
        if reference in service.depends_on or (is_host and name in service.hosts)
    ]
    found += [
        f"host:{host.name}"
        for host in snapshot.hosts.values()
        if reference in host.depends_on or (is_host and name in host.jump and host.name != name)
    ]
    return sorted(found)


def upstream(snapshot: Snapshot, reference: str) -> Mapping[str, int]:
    """List everything an object needs, however far, each with its distance (1: needed itself)."""
    return walk(reference, lambda each: sorted(needs(snapshot, each)))


def walk(start: str, step: Step) -> Mapping[str, int]:
    """Walk from a reference, nearest first, each met once; the start is not in it."""
    found: dict[str, int] = {}
    edge: Sequence[str] = (start,)
    depth = 0
    while edge:
        depth += 1
        after = dict.fromkeys(near for each in edge for near in step(each))
        edge = [each for each in after if each != start and each not in found]
        found.update(dict.fromkeys(edge, depth))
    return found
