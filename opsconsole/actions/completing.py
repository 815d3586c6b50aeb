"""What could stand in a parameter or among targets, from what exists now: for forms and the command line."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from opsconsole.model.action import ActionSpec, ParamSpec
from opsconsole.model.snapshot import Snapshot

LIMIT: Final = 200
"""Choices given for one parameter at most."""
_LABELS: Final = ("role", "rack", "zone", "env")
_UNIT_LABELS: Final = ("unit", "name")
_DURATIONS: Final = ("30s", "1m", "5m", "15m", "1h")


def param_choices(param: ParamSpec, snapshot: Snapshot, targets: Iterable[str] = ()) -> list[str]:
    """List values for a parameter, those that fit the targets first.

    Args:
        param: Its type says where values come from; closed choices come first.
        snapshot: What exists.
        targets: Names of the targets, for types that speak of what is on them.
    """
    if param.choices:
        return list(param.choices)
    source = _SOURCES.get(param.type)
    found = source(snapshot, tuple(targets)) if source is not None else ()
    return list(dict.fromkeys(value for value in found if value))[:LIMIT]


def _hosts(snapshot: Snapshot, targets: tuple[str, ...]) -> Iterable[str]:
    return [*targets, *sorted(snapshot.hosts)]


def _services(snapshot: Snapshot, targets: tuple[str, ...]) -> Iterable[str]:
    wanted = set(targets)
    near = [s.name for s in snapshot.services.values() if s.name in wanted or wanted & set(s.hosts)]
    return [*near, *sorted(snapshot.services)]


def _units(snapshot: Snapshot, targets: tuple[str, ...]) -> Iterable[str]:
    """Failed units of the targets first, then what fires name, then those that failed elsewhere."""
    failed = {name: _failed_units(snapshot, name) for name in snapshot.hosts}
    named = [
        value
        for alert in snapshot.alerts.values()
        for label in _UNIT_LABELS
        if (value := alert.labels.get(label, "")).endswith((".service", ".socket", ".timer"))
    ]
    near = [unit for name in targets for unit in failed.get(name, ())]
    return [*near, *named, *(unit for units in failed.values() for unit in units)]


def _failed_units(snapshot: Snapshot, host: str) -> list[str]:
    listed = snapshot.hosts[host].facts.get("units.failed", "")
    return [unit.strip() for unit in listed.split(",") if unit.strip()]


_SOURCES: Final[Mapping[str, Callable[[Snapshot, tuple[str, ...]], Iterable[str]]]] = {
    "bool": lambda _, __: ("true", "false"),
    "host": _hosts,
    "hosts": _hosts,
    "service": _services,
    "alert": lambda snapshot, _: sorted(snapshot.alerts),
    "unit": _units,
    "duration": lambda _, __: _DURATIONS,
}


def target_choices(snapshot: Snapshot, scope: str) -> list[str]:
    """List words that name targets of a scope: names, services that give their hosts, common labels."""
    if scope == "service":
        return sorted(snapshot.services)
    labels = {
        f"{label}:{value}"
        for host in snapshot.hosts.values()
        for label in _LABELS
        if (value := host.labels.get(label, ""))
    }
    return [
        *sorted(snapshot.hosts),
        *(f"service:{n}" for n in sorted(snapshot.services)),
        *sorted(labels),
    ]


def read_order(spec: ActionSpec, words: Iterable[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Tell targets from parameters in the words that follow an action: `web[01-03] unit=nginx`."""
    names = {param.name for param in spec.params}
    targets: list[str] = []
    params: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if equals and name in names and not value.startswith("="):
            params[name] = value
        else:
            targets.append(word)
    return tuple(targets), params
