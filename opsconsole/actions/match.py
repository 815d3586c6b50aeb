"""Which actions are offered on what: the `match` predicates, over host, service, alert, fleet, me, now."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from msgspec import Struct

from opsconsole.errors import QueryError
from opsconsole.model.action import ActionSpec
from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import HostRecord, ServiceRecord, Snapshot
from opsconsole.model.states import Effect
from opsconsole.query.contexts import MATCH
from opsconsole.query.environments import match_env
from opsconsole.query.evaluator import holds
from opsconsole.query.nodes import Binary, Call, Expr, Items, Literal, Name, Unary
from opsconsole.query.parser import parse
from opsconsole.query.values import UNKNOWN, Env

_EFFECTS: Final = tuple(Effect)
_KINDS: Final = ("host", "service")
_NAME: Final = "alertname"
"""The label that every fire has."""


class Subject(Struct, frozen=True):
    """What a person stands on; whatever of it there is."""

    snapshot: Snapshot
    host: HostRecord | None = None
    service: ServiceRecord | None = None
    alert: Alert | None = None
    me: str = ""


def subject_of(snapshot: Snapshot, ref: str, episode: str | None = None, me: str = "") -> Subject:
    """Find what a reference (`host:db-02`, `service:checkout`) and an alert's episode mean.

    An alert's own `on` stands in for an empty reference, and its service for none.
    """
    alert = snapshot.alerts.get(episode) if episode else None
    if not ref and alert is not None:
        ref = alert.on
    kind, _, name = ref.partition(":")
    host = snapshot.hosts.get(name) if kind == "host" else None
    service = snapshot.services.get(name) if kind == "service" else None
    if service is None and alert is not None and alert.on.startswith("service:"):
        service = snapshot.services.get(alert.on.removeprefix("service:"))
    return Subject(snapshot, host, service, alert, me)


def is_offered(spec: ActionSpec, subject: Subject, now: float | None = None) -> bool:
    """Tell whether an action fits; one that cannot be decided is not offered."""
    return not why_not(spec, subject, now)


def why_not(spec: ActionSpec, subject: Subject, now: float | None = None) -> str:
    """Say why an action is not offered, in a sentence; empty when it is."""
    if missing := _missing_target(spec, subject):
        return missing
    if spec.match is None:
        return ""
    env = _env(subject, now)
    held = holds(_compiled(spec.match), env)
    if held is UNKNOWN:
        return f"cannot tell: {spec.match}"
    if held:
        return ""
    lacks_fire = subject.alert is None and "alert." in spec.match
    return f"not for this: {spec.match}{'; no fire was named' * lacks_fire}"


def _env(subject: Subject, now: float | None) -> Env:
    return match_env(
        subject.snapshot,
        host=subject.host,
        service=subject.service,
        alert=subject.alert,
        me=subject.me,
        now=now,
    )


def _missing_target(spec: ActionSpec, subject: Subject) -> str:
    """A host action needs hosts: the host itself, or those that carry the service; and the other way round."""
    host, service = subject.host, subject.service
    match spec.scope:
        case "host":
            carried = service is not None and service.hosts
            return "" if host is not None or carried else "needs a host"
        case "service":
            carries = host is not None and services_on(subject.snapshot, host.name)
            return "" if service is not None or carries else "needs a service"
        case "alert":
            return "" if subject.alert is not None else "needs an alert"
        case _:
            return ""


def services_on(snapshot: Snapshot, host: str) -> tuple[str, ...]:
    """List the services that a host carries."""
    return tuple(name for name, record in snapshot.services.items() if host in record.hosts)


def offered(
    specs: Iterable[ActionSpec], subject: Subject, now: float | None = None
) -> tuple[ActionSpec, ...]:
    """List what is offered: those whose `match` speaks of the fire first; looking before changing; by id."""
    fits = [spec for spec in specs if is_offered(spec, subject, now)]

    def order(spec: ActionSpec) -> tuple[bool, int, str]:
        return not names_alert(spec, subject, now), _EFFECTS.index(spec.effect), spec.id

    return tuple(sorted(fits, key=order))


def first_runbook(
    specs: Iterable[ActionSpec], subject: Subject, now: float | None = None
) -> str | None:
    """Find the first offered action whose `match` speaks of the fire: what the RUNBOOK column shows."""
    found = offered((spec for spec in specs if names_alert(spec, subject, now)), subject, now)
    return found[0].id if found else None


def names_alert(spec: ActionSpec, subject: Subject, now: float | None = None) -> bool:
    """Tell whether an alternative of a `match` that says which fires it is for holds."""
    if subject.alert is None:
        return False
    env = _env(subject, now)
    return any(holds(clause, env) is True for clause in naming_clauses(spec.match))


def read_match(match: str | None) -> Expr | None:
    """Read a `match`; None when there is none, or it cannot be read."""
    if not match:
        return None
    try:
        return _compiled(match)
    except QueryError:
        return None


@lru_cache(maxsize=1_024)
def fire_clauses(match: str | None) -> tuple[Expr, ...]:
    """List a `match`'s alternatives (what stands between `or`) that speak of a fire."""
    whole = read_match(match)
    if whole is None:
        return ()
    return tuple(clause for clause in _alternatives(whole) if _mentions_fire(clause))


@lru_cache(maxsize=1_024)
def naming_clauses(match: str | None) -> tuple[Expr, ...]:
    """List those that say which fires they are for: a name and a source, which each of them has, say nothing."""
    return tuple(clause for clause in fire_clauses(match) if _mentions_fire(clause, choosing=True))


def _alternatives(expr: Expr) -> list[Expr]:
    if isinstance(expr, Binary) and expr.operator == "or":
        return [*_alternatives(expr.left), *_alternatives(expr.right)]
    return [expr]


def _mentions_fire(expr: Expr, *, choosing: bool = False) -> bool:
    """Tell whether an expression speaks of a fire; `choosing`: of what tells one fire from another."""

    def mentions(part: Expr) -> bool:
        return _mentions_fire(part, choosing=choosing)

    match expr:
        case Name():
            return expr.name == "alert" or (
                expr.name.startswith("alert.") and not (choosing and expr.name == "alert.source")
            )
        case Unary():
            return mentions(expr.operand)
        case Binary():
            return mentions(expr.left) or mentions(expr.right)
        case Call():
            return not (choosing and _asks_what_all_have(expr)) and any(
                map(mentions, expr.arguments)
            )
        case Items():
            return any(map(mentions, expr.items))
        case _:
            return False


def _asks_what_all_have(call: Call) -> bool:
    """Tell `has(alert.labels, "alertname")`, which holds for each fire, from `has(alert.labels, "unit")`."""
    return any(isinstance(each, Literal) and each.value == _NAME for each in call.arguments)


def check_match(source: str) -> None:
    """Read a predicate.

    Raises:
        QueryError: It is wrong; with the column.
    """
    _compiled(source)


@lru_cache(maxsize=1_024)
def _compiled(source: str) -> Expr:
    if len(source) > 2_000:
        raise QueryError("longer than 2000 characters", 2_000, source)
    return parse(source, MATCH)
