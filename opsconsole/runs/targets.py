"""What an action sees of its targets, and which hosts a run on them touches."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from opsconsole.actions.api import Host, Service
from opsconsole.actions.argv import Given
from opsconsole.actions.match import services_on
from opsconsole.actions.steps import Target
from opsconsole.actions.target_words import WHOLE, resolve_targets
from opsconsole.errors import RefusedError
from opsconsole.model.action import ActionSpec
from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import Snapshot


def choose_targets(
    words: Sequence[str], spec: ActionSpec, snapshot: Snapshot
) -> tuple[tuple[str, ...], str]:
    """Find the names an action goes to, and the one service it goes over the hosts of; else empty.

    Raises:
        RefusedError: as `resolve_targets`; `param` when it is not clear which service is meant.
    """
    if spec.works_on == spec.scope:
        return resolve_targets(words, spec.scope, spec.effect, snapshot), ""
    full = [
        f"service:{w}" if w in snapshot.services and w not in snapshot.hosts else w for w in words
    ]
    names = resolve_targets(full, "host", spec.effect, snapshot)
    said = {w.removeprefix("service:") for w in full if w.startswith("service:")}
    services = said or {
        name for name, record in snapshot.services.items() if set(names) <= set(record.hosts)
    }
    if len(services) != 1:
        listed = ", ".join(sorted(services)[:5]) or "none"
        raise RefusedError("param", f"{spec.title} takes one service, service:NAME; here: {listed}")
    return names, services.pop()


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
