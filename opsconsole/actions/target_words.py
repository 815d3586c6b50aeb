"""Which hosts or services are meant: words as typed become a sorted set of names, or a refusal."""

import re
import shlex
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Final

from ClusterShell.NodeSet import NodeSet, NodeSetException

from opsconsole.actions.match import services_on
from opsconsole.errors import QueryError, RefusedError
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


def split_words(text: str) -> tuple[str, ...]:
    """Split a line into words that name targets; quotes keep a filter with blanks together.

    Raises:
        RefusedError: A quote is not closed.
    """
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise RefusedError("unknown-target", f"{clean(text, 80)}: {str(error).lower()}") from error
