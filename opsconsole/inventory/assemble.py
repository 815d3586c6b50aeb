"""Host entries from everywhere made into hosts: merged by name, defaults filled in, ways resolved."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from opsconsole.config.document import Defaults, HostEntry
from opsconsole.config.problems import Mark, Problems
from opsconsole.inventory.nodeset import unfold
from opsconsole.inventory.openssh import OpenSsh
from opsconsole.model.inventory import Host

_EVERY: Final = 10.0
_TIMEOUT: Final = 8.0
_HOPS_LIMIT: Final = 8


def unfolded(entries: Iterable[HostEntry], problems: Problems) -> dict[str, HostEntry]:
    """Unfold ranges into one entry a host; a name given twice is a mistake."""
    found: dict[str, HostEntry] = {}
    for entry in entries:
        for name, address in _pairs(entry, problems):
            if name in found:
                problems.add(entry.mark, f"host {name} is given twice; first in {found[name].mark}")
            else:
                found[name] = replace(entry, names=name, address=address)
    return found


def _pairs(entry: HostEntry, problems: Problems) -> list[tuple[str, str | None]]:
    """Pair each name with its address; a range of names takes a range of as many addresses."""
    try:
        names = unfold(entry.names)
        if entry.address is None or "[" not in entry.address:
            addresses: tuple[str | None, ...] = (entry.address,) * len(names)
        else:
            addresses = unfold(entry.address)
    except ValueError as error:
        problems.add(entry.mark, str(error))
        return []
    if len(addresses) != len(names):
        problems.add(
            entry.mark, f"{len(names)} names and {len(addresses)} addresses in {entry.names}"
        )
        return []
    if len(names) > 1 and entry.address is not None and "[" not in entry.address:
        problems.add(entry.mark, f"{entry.names} has one address for {len(names)} hosts")
        return []
    return list(zip(names, addresses, strict=True))


def merged(above: HostEntry, below: HostEntry) -> HostEntry:
    """Let one entry fill what another does not say; labels and groups add up."""
    filled = {
        name: getattr(below, name)
        for name in ("address", "port", "user", "jump", "transport", "every", "timeout",
                     "identity", "known_hosts", "key_alias")
        if getattr(above, name) is None
    }  # fmt: skip
    return replace(
        above,
        labels={**below.labels, **above.labels},
        groups=tuple(dict.fromkeys((*above.groups, *below.groups))),
        aliases=tuple(dict.fromkeys((*above.aliases, *below.aliases))),
        depends_on=above.depends_on or below.depends_on,
        **filled,
    )


class Assembly:
    """Makes hosts out of entries; jump hosts that nobody describes are made up from their names."""

    def __init__(
        self, entries: Mapping[str, HostEntry], defaults: Defaults, ssh: OpenSsh | None, home: Path
    ) -> None:
        self._entries = dict(entries)
        self._defaults = defaults
        self._ssh = ssh
        self._known_hosts = (str(home / ".ssh" / "known_hosts"), "/etc/ssh/ssh_known_hosts")
        self._ways: dict[str, tuple[str, ...]] = {}

    def hosts(self, problems: Problems) -> tuple[Host, ...]:
        """Resolve everything; a way that leads back to itself is a mistake."""
        for name in list(self._entries):
            self._entries[name] = self._filled(self._entries[name])
        for name in list(self._entries):
            self._way(name, (), problems)
        return tuple(self._host(entry) for entry in self._entries.values())

    def _filled(self, entry: HostEntry) -> HostEntry:
        said = self._defaults
        filled = merged(
            entry,
            HostEntry(
                mark=entry.mark,
                names=entry.names,
                user=said.user,
                port=said.port,
                jump=self._default_jump(entry.names),
                every=said.every,
                timeout=said.timeout,
                identity=said.identity,
                known_hosts=said.known_hosts,
            ),
        )
        return (
            filled
            if self._ssh is None
            else merged(filled, self._ssh.entry(entry.names, entry.mark))
        )

    def _default_jump(self, name: str) -> tuple[str, ...] | None:
        """Give the default way, except to a host that is itself on it."""
        jump = self._defaults.jump
        return None if jump is None or name in jump else jump

    def _way(self, name: str, behind: tuple[str, ...], problems: Problems) -> tuple[str, ...]:
        """Find all hops to a host, first hop first: the way to its first hop, then its hops."""
        if name in self._ways:
            return self._ways[name]
        entry = self._known(name, behind[-1] if behind else name)
        jump = entry.jump or ()
        way: tuple[str, ...] = ()
        if jump:
            loop = next((hop for hop in jump if hop == name or hop in behind), None)
            if loop is not None:
                chain = " > ".join((*behind, name, loop))
                problems.add(entry.mark, f"jump loop: {chain}")
                self._ways[name] = ()
                return ()
            way = (*self._way(jump[0], (*behind, name), problems), *jump)
            for hop in jump[1:]:
                self._known(hop, name)
        if len(way) > _HOPS_LIMIT:
            problems.add(entry.mark, f"{name} is {len(way)} hops away; at most {_HOPS_LIMIT}")
            way = ()
        self._ways[name] = way
        return way

    def _known(self, name: str, wanted_by: str) -> HostEntry:
        entry = self._entries.get(name)
        if entry is None:
            mark = self._entries[wanted_by].mark if wanted_by in self._entries else Mark()
            entry = HostEntry(mark=mark, names=name, polled=False)
            hop = self._ssh.hop(name) if self._ssh else None
            entry = self._filled(merged(entry, hop) if hop else entry)
            self._entries[name] = entry
        return entry

    def _host(self, entry: HostEntry) -> Host:
        every = entry.every or _EVERY
        return Host(
            name=entry.names,
            address=entry.address or entry.names,
            port=entry.port or 22,
            user=entry.user,
            jump=self._ways.get(entry.names, ()),
            transport=entry.transport or "ssh",
            labels=entry.labels,
            groups=entry.groups,
            depends_on=entry.depends_on,
            every=every,
            timeout=min(entry.timeout or _TIMEOUT, every),
            identity=entry.identity or (),
            known_hosts=self._known_hosts if entry.known_hosts is None else entry.known_hosts,
            key_alias=entry.key_alias,
            aliases=tuple(alias for alias in entry.aliases if alias != entry.names),
            polled=entry.polled,
            source=str(entry.mark),
        )
