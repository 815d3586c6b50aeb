"""What a reload would change, so that a slip of the pen does not take a thousand hosts away."""

from collections.abc import Mapping
from typing import Final, TypeVar

from msgspec import Struct

from opsconsole.model.inventory import Inventory

ASK_ABOVE: Final = 20
"""Hosts that may vanish in one reload without asking, if they are also not most of the fleet."""


_Record = TypeVar("_Record")


class Changes(Struct, frozen=True):
    """Names of hosts, services and sources that came, went or changed."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    """Hosts that must be dialled anew: address, port, user, jump, keys."""
    services: tuple[str, ...] = ()
    """Services that came, went or changed."""
    sources: tuple[str, ...] = ()
    """Alert sources that came, went or changed."""
    needs_asking: bool = False
    """True: too many hosts would go; a person must say yes first."""

    @property
    def sentence(self) -> str:
        """Say it in one line: `3 hosts added, 1 removed`."""
        parts = [
            f"{len(names)} {what}"
            for names, what in (
                (self.added, "hosts added"),
                (self.removed, "hosts removed"),
                (self.changed, "hosts changed"),
                (self.services, "services changed"),
                (self.sources, "alert sources changed"),
            )
            if names
        ]
        return ", ".join(parts) or "nothing changed"


def changes(old: Inventory, new: Inventory) -> Changes:
    """Compare two inventories by name."""
    before = {host.name: host for host in old.hosts}
    after = {host.name: host for host in new.hosts}
    removed = tuple(name for name in before if name not in after)
    return Changes(
        added=tuple(name for name in after if name not in before),
        removed=removed,
        changed=tuple(n for n, host in after.items() if n in before and host.way != before[n].way),
        services=_differing({s.name: s for s in old.services}, {s.name: s for s in new.services}),
        sources=_differing({s.name: s for s in old.sources}, {s.name: s for s in new.sources}),
        needs_asking=len(removed) > ASK_ABOVE
        or (len(removed) > 1 and len(removed) * 2 > len(before)),
    )


def _differing(before: Mapping[str, _Record], after: Mapping[str, _Record]) -> tuple[str, ...]:
    names = dict.fromkeys((*before, *after))
    return tuple(name for name in names if before.get(name) != after.get(name))
