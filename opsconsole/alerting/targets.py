"""Which of our hosts and services an alert's labels speak of."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from opsconsole.model.inventory import AlertSource, Inventory


class TargetIndex(Struct, frozen=True):
    """Every word that names a host or a service, in lower case."""

    hosts: Mapping[str, str] = {}
    services: Mapping[str, str] = {}

    def find(self, labels: Mapping[str, str], source: AlertSource) -> str:
        """Give the reference an alert is on, or its raw label when nothing of ours matches.

        The first label present decides, hosts before services; a `:port` at its end is cut.
        """
        host, raw_host = _first(labels, source.host_labels, self.hosts)
        if host:
            return f"host:{host}"
        service, raw_service = _first(labels, source.service_labels, self.services)
        return f"service:{service}" if service else raw_host or raw_service


def index_of(inventory: Inventory) -> TargetIndex:
    """Take the words of an inventory: names, addresses and aliases; a name wins over an address."""
    hosts: dict[str, str] = {}
    for host in inventory.hosts:
        for word in (host.address, *host.aliases):
            hosts.setdefault(word.lower(), host.name)
    for host in inventory.hosts:
        hosts[host.name.lower()] = host.name
    return TargetIndex(hosts, {s.name.lower(): s.name for s in inventory.services})


def _first(
    labels: Mapping[str, str], names: Iterable[str], known: Mapping[str, str]
) -> tuple[str, str]:
    raw = next((labels[name] for name in names if labels.get(name)), "")
    word = raw.lower()
    return known.get(word) or known.get(_without_port(word), ""), raw


def _without_port(word: str) -> str:
    head, colon, port = word.rpartition(":")
    if not colon or not port.isdigit() or (":" in head and not head.endswith("]")):
        return word
    return head.strip("[]")
