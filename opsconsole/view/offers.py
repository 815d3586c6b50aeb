"""Which actions are offered for what one stands on, in which order, and why one is refused now."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

from opsconsole.errors import QueryError
from opsconsole.model.access import live_freezes, write_refusal
from opsconsole.model.action import ActionSpec
from opsconsole.model.alert import Alert
from opsconsole.model.selection import Selection
from opsconsole.model.snapshot import HostRecord, ServiceRecord, Snapshot
from opsconsole.model.states import Effect
from opsconsole.query.contexts import HOSTS, MATCH
from opsconsole.query.environments import host_env, match_env
from opsconsole.query.evaluator import holds
from opsconsole.query.filter_line import compile_filter
from opsconsole.query.nodes import Binary, Call, Expr, Items, Name, Unary
from opsconsole.query.parser import parse
from opsconsole.view.triage import members

_EFFECT_ORDER: Final = {Effect.READ: 0, Effect.WRITE: 1, Effect.DESTRUCTIVE: 2}


class Focus(Struct, frozen=True):
    """The records behind one key."""

    host: HostRecord | None = None
    service: ServiceRecord | None = None
    alert: Alert | None = None


class Offer(Struct, frozen=True):
    """One entry of the runbook menu."""

    action: ActionSpec
    targets: tuple[str, ...]
    """References the action would get."""
    refusal: str = ""
    """Why it cannot be started now; empty when it can. It can always be planned."""
    for_alert: bool = False
    """Its match names the fire one stands on."""


def focus_of(snapshot: Snapshot, key: str) -> Focus:
    """Find the records behind a reference; a fire brings the object it is on."""
    kind, _, name = key.partition(":")
    if kind == "host":
        return Focus(host=snapshot.hosts.get(name))
    if kind == "service":
        return Focus(service=snapshot.services.get(name))
    alert = next(iter(members(snapshot, key)), None)
    if alert is None:
        return Focus()
    on_kind, _, on_name = alert.on.partition(":")
    return Focus(
        host=snapshot.hosts.get(on_name) if on_kind == "host" else None,
        service=snapshot.services.get(on_name) if on_kind == "service" else None,
        alert=alert,
    )


def offers(snapshot: Snapshot, selection: Selection, now: float) -> tuple[Offer, ...]:
    """List the actions for a selection, those for its fire first, reads before writes."""
    focuses = [focus_of(snapshot, key) for key in _unfolded(snapshot, selection.keys)]
    found = [
        _offer(snapshot, spec, focuses, selection.me, now)
        for spec in snapshot.actions.values()
        if _is_offered(snapshot, spec, focuses, selection.me, now)
    ]
    wanted = next(
        (f.alert.runbook for f in focuses if f.alert is not None and f.alert.runbook), None
    )
    return tuple(
        sorted(
            found,
            key=lambda o: (
                o.action.id != wanted,
                not o.for_alert,
                _EFFECT_ORDER[o.action.effect],
                o.action.title,
            ),
        )
    )


def runbook_word(snapshot: Snapshot, alert: Alert, now: float) -> str:
    """Say what the RUNBOOK column says of a fire: a short action name, `link`, or nothing."""
    if alert.runbook and (spec := resolve(snapshot, alert.runbook)) is not None:
        return short_id(spec.id)
    focus = focus_of(snapshot, f"alert:{alert.episode}")
    for spec in sorted(snapshot.actions.values(), key=lambda s: (_EFFECT_ORDER[s.effect], s.id)):
        if names_alert(spec.match) and _matches(snapshot, spec, focus, "", now):
            return short_id(spec.id)
    return "link" if alert.runbook_url else ""


def resolve(snapshot: Snapshot, name: str) -> ActionSpec | None:
    """Find an action by its id, or by a bare name that only one plugin has."""
    if name in snapshot.actions:
        return snapshot.actions[name]
    found = [spec for key, spec in snapshot.actions.items() if short_id(key) == name]
    return found[0] if len(found) == 1 else None


def short_id(action: str) -> str:
    """Cut the plugin off an action's id."""
    return action.rpartition(".")[2]


def _unfolded(snapshot: Snapshot, keys: Sequence[str]) -> list[str]:
    """Replace a group by its fires."""
    unfolded: list[str] = []
    for key in keys:
        if key.startswith("group:"):
            unfolded += [f"alert:{alert.episode}" for alert in members(snapshot, key)]
        else:
            unfolded.append(key)
    return unfolded


def _is_offered(
    snapshot: Snapshot, spec: ActionSpec, focuses: Sequence[Focus], me: str, now: float
) -> bool:
    if spec.scope in ("fleet", "console") and not focuses:
        return _matches(snapshot, spec, Focus(), me, now)
    return bool(focuses) and all(
        _has_scope(spec, focus) and _matches(snapshot, spec, focus, me, now) for focus in focuses
    )


def _has_scope(spec: ActionSpec, focus: Focus) -> bool:
    match spec.scope:
        case "host":
            return focus.host is not None or (focus.alert is not None and focus.service is None)
        case "service":
            return focus.service is not None
        case "alert":
            return focus.alert is not None
        case _:
            return True


def _matches(snapshot: Snapshot, spec: ActionSpec, focus: Focus, me: str, now: float) -> bool:
    expr = _read(spec.match)
    if expr is None:
        return not spec.match
    env = match_env(
        snapshot, host=focus.host, service=focus.service, alert=focus.alert, me=me, now=now
    )
    return holds(expr, env) is True


@lru_cache(maxsize=512)
def _read(match: str | None) -> Expr | None:
    """Read a match; one that cannot be read offers nothing (the plugin report says why)."""
    if not match:
        return None
    try:
        return parse(match, MATCH)
    except QueryError:
        return None


@lru_cache(maxsize=512)
def names_alert(match: str | None) -> bool:
    """Tell whether a match speaks of the fire, so that it is the runbook for it."""
    expr = _read(match)
    return expr is not None and _mentions(expr)


def _mentions(expr: Expr) -> bool:
    match expr:
        case Name():
            return expr.name == "alert" or expr.name.startswith("alert.")
        case Unary():
            return _mentions(expr.operand)
        case Binary():
            return _mentions(expr.left) or _mentions(expr.right)
        case Call():
            return any(_mentions(each) for each in expr.arguments)
        case Items():
            return any(_mentions(each) for each in expr.items)
        case _:
            return False


def _offer(
    snapshot: Snapshot, spec: ActionSpec, focuses: Sequence[Focus], me: str, now: float
) -> Offer:
    targets = tuple(dict.fromkeys(t for focus in focuses if (t := _target(spec, focus))))
    for_alert = any(focus.alert is not None for focus in focuses) and names_alert(spec.match)
    return Offer(spec, targets, _refusal(snapshot, spec, focuses, targets, me, now), for_alert)


def _target(spec: ActionSpec, focus: Focus) -> str:
    if spec.scope == "host":
        return "" if focus.host is None else f"host:{focus.host.name}"
    if spec.scope == "service":
        return "" if focus.service is None else f"service:{focus.service.name}"
    return f"alert:{focus.alert.fingerprint}" if spec.scope == "alert" and focus.alert else ""


def _refusal(
    snapshot: Snapshot,
    spec: ActionSpec,
    focuses: Sequence[Focus],
    targets: tuple[str, ...],
    me: str,
    now: float,
) -> str:
    if spec.scope == "host" and not targets:
        on = next((focus.alert.on for focus in focuses if focus.alert), "")
        return f"{on or 'this fire'} is no host of the inventory"
    if spec.arity == "one" and len(targets) > 1:
        return "takes one target; clear the marks"
    if spec.max_targets is not None and len(targets) > spec.max_targets:
        return f"takes at most {spec.max_targets} targets"
    if spec.effect is Effect.READ:
        return ""
    return write_refusal(snapshot.access, me, now) or _frozen(snapshot, focuses, now)


def _frozen(snapshot: Snapshot, focuses: Sequence[Focus], now: float) -> str:
    """Say which freeze covers a target; a scope that cannot be read covers everything."""
    for freeze in live_freezes(snapshot.access, now):
        try:
            line = compile_filter(freeze.scope, HOSTS)
        except QueryError:
            return f"frozen by {freeze.actor}: {freeze.reason}"
        for focus in focuses:
            if focus.host is not None and line.matches(host_env(focus.host, now)):
                return f"{focus.host.name} is frozen by {freeze.actor}: {freeze.reason}"
    return ""
