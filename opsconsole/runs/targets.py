"""Which hosts or services a run is about: what was typed becomes a sorted, frozen set, or a refusal."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

from ClusterShell.NodeSet import NodeSet, NodeSetException
from msgspec.structs import replace

from opsconsole.actions.api import Host, Service
from opsconsole.actions.argv import Given
from opsconsole.actions.match import services_on
from opsconsole.actions.steps import Target
from opsconsole.errors import QueryError, RefusedError
from opsconsole.model.action import ActionSpec
from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import HostRecord, ServiceRecord, Snapshot
from opsconsole.model.states import Effect
from opsconsole.model.text import clean
from opsconsole.query.contexts import HOSTS, SERVICES
from opsconsole.query.environments import host_env, service_env
from opsconsole.query.filter_line import compile_filter

RANGE_LIMIT: Final = 10_000
_RANGE: Final = re.compile(r"([0-9]+)-([0-9]+)")
_FILTER: Final = re.compile(r"[:<>=!&|~\"() ]")
_NODE_SET: Final = re.compile(r"[A-Za-z0-9._:\[\],-]+")
_PARTS: Final = re.compile(r"(\d+)")

WHOLE: Final = ("fleet", "console")
"""Scopes of actions that go to no host or service of their own."""
FLEET: Final = "fleet"
"""The one target of actions whose scope is `fleet` or `console`."""


def resolve_targets(
    words: Iterable[str], scope: str, effect: Effect, snapshot: Snapshot
) -> tuple[str, ...]:
    """Find the names that a scope's action goes to.

    Args:
        words: References, names, node sets (`web[01-03]`), globs (`web-*`), filters (`role:web`), as typed.
        scope: host (services give their hosts), service (hosts give their services), fleet, console.
        effect: A bare `*` is refused for changes.
        snapshot: What exists.

    Returns:
        Names in natural order, each once.

    Raises:
        RefusedError: `unknown-target` or `empty`; never silently fewer than what was asked for.
    """
    if scope in WHOLE:
        return (FLEET,)
    found: set[str] = set()
    for word in words:
        names = _resolve_word(word.strip(), scope, effect, snapshot)
        if not names:
            raise RefusedError("empty", f"{clean(word, 80)} means no {_noun(scope)} now")
        found |= set(names)
    if not found:
        raise RefusedError("empty", "no target is named: name hosts, or services")
    return tuple(sorted(found, key=natural_key))


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


def natural_key(name: str) -> tuple[tuple[int, str], ...]:
    """Order web2 before web10."""
    return tuple(
        (int(part), part) if part.isdigit() and len(part) < 18 else (-1, part)
        for part in _PARTS.split(name)
    )


def _noun(scope: str) -> str:
    return "service" if scope == "service" else "host"


def _resolve_word(word: str, scope: str, effect: Effect, snapshot: Snapshot) -> Collection[str]:
    kind, colon, name = word.partition(":")
    if colon and kind in ("host", "service"):
        return _resolve_ref(kind, name, scope, snapshot)
    table: Mapping[str, HostRecord] | Mapping[str, ServiceRecord] = (
        snapshot.services if scope == "service" else snapshot.hosts
    )
    if word in table:
        return (word,)
    if word == "*" and effect is not Effect.READ:
        raise RefusedError("empty", "* is not accepted for a change: name the targets")
    if "*" in word and not _FILTER.search(word):
        return [each for each in table if fnmatchcase(each, word)]
    if _FILTER.search(word):
        return _filtered(word, scope, snapshot)
    return _node_set(word, table, _noun(scope))


def _resolve_ref(kind: str, name: str, scope: str, snapshot: Snapshot) -> Collection[str]:
    if kind == "host":
        if name not in snapshot.hosts:
            return _resolve_host_words(name, scope, snapshot)
        return services_on(snapshot, name) if scope == "service" else (name,)
    service = snapshot.services.get(name)
    if service is None:
        raise RefusedError("unknown-target", f"no service {clean(name, 80)}")
    if scope == "service":
        return (name,)
    return [host for host in service.hosts if host in snapshot.hosts]


def _resolve_host_words(name: str, scope: str, snapshot: Snapshot) -> Collection[str]:
    """`host:` before a node set or glob, as the filter line has it."""
    if "*" in name and not _FILTER.search(name):
        hosts: Collection[str] = [each for each in snapshot.hosts if fnmatchcase(each, name)]
    else:
        hosts = _node_set(name, snapshot.hosts, "host")
    if scope != "service":
        return hosts
    return [service for host in hosts for service in services_on(snapshot, host)]


def _filtered(word: str, scope: str, snapshot: Snapshot) -> Collection[str]:
    try:
        if scope == "service":
            line = compile_filter(word, SERVICES)
            return [
                name
                for name, record in snapshot.services.items()
                if line.matches(service_env(record, snapshot.now))
            ]
        line = compile_filter(word, HOSTS)
    except QueryError as error:
        raise RefusedError("unknown-target", f"{clean(word, 80)}: {error}") from error
    return [
        name
        for name, record in snapshot.hosts.items()
        if line.matches(host_env(record, snapshot.now))
    ]


def _node_set(word: str, known: Collection[str], noun: str) -> Collection[str]:
    """Unfold `web[01-03],db1`; one unknown name refuses all of it."""
    if not _NODE_SET.fullmatch(word):
        raise RefusedError("unknown-target", f"no {noun} {clean(word, 80)!r}")
    for low, high in _RANGE.findall(word):
        if len(high) > 9 or int(high) - int(low) > RANGE_LIMIT:
            raise RefusedError("unknown-target", f"{word[:80]}: the range is too wide")
    try:
        names = set(NodeSet(word, resolver=None))
    except NodeSetException as error:
        raise RefusedError("unknown-target", f"{word[:80]}: {clean(str(error), 120)}") from error
    unknown = sorted(names - set(known), key=natural_key)
    if unknown:
        more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
        raise RefusedError("unknown-target", f"no {noun} {', '.join(unknown[:3])}{more}")
    return names


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
