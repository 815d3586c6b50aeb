"""What an action sees of its targets, and which hosts a run on them touches."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from opsconsole.actions.api import Host, Service
from opsconsole.actions.argv import Given
from opsconsole.actions.match import services_on
from opsconsole.actions.steps import Target
from opsconsole.actions.target_words import WHOLE
from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import Snapshot


def target_record(name: str, scope: str, snapshot: Snapshot) -> Target:
    """Make what an action sees of a target, as it is now."""
    if scope == "service":
        return service_target(name, snapshot)
    return host_target(name, snapshot)


def host_target(name: str, snapshot: Snapshot) -> Host:
    """Make what an action sees of a host."""
    record = snapshot.hosts.get(name)
    if record is None:
        return Host(name)
    labels, facts = _given(record.labels), _given(record.facts)
    return Host(name, record.address, labels, facts, services_on(snapshot, name))


def service_target(name: str, snapshot: Snapshot) -> Service:
    """Make what an action sees of a service."""
    record = snapshot.services[name]
    hosts = tuple(host_target(host, snapshot) for host in record.hosts)
    endpoints = tuple(dict.fromkeys(check.target for check in record.checks if check.target))
    return Service(name, _given(record.labels), hosts, endpoints)


def given_alert(alert: Alert) -> Alert:
    """Make what an action sees of a fire: its words come from wherever alerts come from."""
    return replace(
        alert,
        name=Given(alert.name),
        summary=Given(alert.summary),
        labels=_given(alert.labels),
        annotations=_given(alert.annotations),
    )


def _given(words: Mapping[str, str]) -> Mapping[str, str]:
    return {name: Given(word) for name, word in words.items()}


def touched_hosts(names: Iterable[str], scope: str, snapshot: Snapshot) -> tuple[str, ...]:
    """List the hosts that a run on these targets touches: for freezes and locks."""
    if scope in WHOLE:
        return ()
    if scope != "service":
        return tuple(names)
    return tuple(dict.fromkeys(host for name in names for host in snapshot.services[name].hosts))
