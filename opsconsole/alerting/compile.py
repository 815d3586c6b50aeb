"""From rules as text to rules that can be evaluated: parsed, with their numbers put in, behind their screen."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from opsconsole.alerting.effective import effective
from opsconsole.alerting.guards import Bound, Screen, bounds_of
from opsconsole.alerting.rules import (
    Eta,
    FindRunbook,
    HasAction,
    Rule,
    RuleLevel,
    Rules,
    StateRule,
)
from opsconsole.alerting.targets import index_of
from opsconsole.model.inventory import Inventory
from opsconsole.model.metrics import METRICS
from opsconsole.model.rules import LevelSpec, RuleSpec
from opsconsole.model.states import Severity
from opsconsole.query.fields import Kind
from opsconsole.query.nodes import Binary, Call, Expr, Literal, Name
from opsconsole.query.rule_names import Shape, filled, read_rule, shape_of, walk
from opsconsole.query.templates import fill, names_in, read_template
from opsconsole.query.values import as_number

_OWN_KINDS: Final = {"time_to": Kind.SECONDS, "changes": Kind.NUMBER, "resets": Kind.NUMBER,
                     "count": Kind.NUMBER, "anomaly": Kind.NUMBER}  # fmt: skip


def rules_for(
    inventory: Inventory,
    shipped: Iterable[RuleSpec],
    *,
    find_runbook: FindRunbook | None = None,
    has_action: HasAction | None = None,
) -> Rules:
    """Make the rules of an inventory.

    Args:
        inventory: Its settings have the user's rules and bend others; its hosts, services and sources map
            remote alerts.
        shipped: The rules that come with the program.
        find_runbook: Names the first offered action whose `match` takes an alert.
        has_action: Tells whether an action with this id is loaded.

    Raises:
        QueryError: An expression cannot be read; those that the configuration read can.
    """
    settings = inventory.settings
    in_force = [
        spec for spec in effective(shipped, settings.rule_specs, settings.rules) if not spec.off
    ]
    made = [compiled(spec) for spec in in_force if not spec.built_in]
    hosts = tuple(rule for rule, _ in made if rule.scope == "host")
    checks = tuple(rule for rule, _ in made if rule.scope == "check")
    services = {service.name for service in inventory.services}
    return Rules(
        hosts=hosts,
        screen=Screen([_guard(rule) for rule in hosts]),
        checks=checks,
        check_screen=Screen([_guard(rule) for rule in checks]),
        fleet=tuple(_placed(rule, services) for rule, _ in made if rule.scope == "fleet"),
        states={spec.name: _state_rule(spec) for spec in in_force if spec.built_in},
        depends_on={spec.name: spec.depends_on for spec in in_force if spec.depends_on},
        windows=_windows(shape for _, shape in made),
        functions=_functions(shape for _, shape in made),
        sources={source.name: source for source in inventory.sources},
        index=index_of(inventory),
        find_runbook=find_runbook,
        has_action=has_action,
    )


def compiled(spec: RuleSpec) -> tuple[Rule, Shape]:
    """Compile one rule; also tell what it is about.

    Raises:
        QueryError: It cannot be read.
    """
    texts = [
        t for level in spec.levels for t in (level.expr or spec.expr, level.clear or spec.clear)
    ]
    texts += [spec.where, spec.value]
    shape = shape_of((text, read_rule(text)) for text in dict.fromkeys(texts) if text)
    levels = tuple(_level(spec, level) for level in spec.levels)
    value = read_rule(spec.value) if spec.value else _left_of(levels[0].expr)
    summary = read_template(spec.annotations.get("summary", ""))
    others = {k: read_template(v) for k, v in spec.annotations.items() if k != "summary"}
    return Rule(
        name=spec.name,
        scope=shape.scope,
        levels=levels,
        label=shape.label,
        enumerated=tuple(sorted(m for m in shape.metrics if shape.label in METRICS[m].labels)),
        where=read_rule(spec.where) if spec.where else None,
        value=value,
        kind=_kind_of(value),
        eta=_eta(value, *(level.expr for level in levels)),
        keep=spec.keep,
        labels=spec.labels,
        summary=summary,
        annotations={k: parts for k, parts in others.items() if names_in([parts])},
        fixed={
            k: fill(parts, lambda _: None) for k, parts in others.items() if not names_in([parts])
        },
        no_data=spec.no_data,
    ), shape


def _level(spec: RuleSpec, level: LevelSpec) -> RuleLevel:
    constants = {"margin": spec.margin}
    if level.limit is not None:
        constants["limit"] = level.limit
    clear = level.clear or spec.clear
    return RuleLevel(
        level.severity,
        filled(read_rule(level.expr or spec.expr), constants),
        filled(read_rule(clear), constants) if clear else None,
        level.hold,
        level.limit,
    )


def _guard(rule: Rule) -> tuple[Bound, ...] | None:
    """Join the bounds of all levels; a rule that makes a fire of missing values is looked at always."""
    found: list[Bound] = []
    for level in rule.levels:
        bounds = bounds_of(level.expr)
        if bounds is None or rule.no_data == "fire":
            return None
        found.extend(bounds)
    return tuple(dict.fromkeys(found))


def _state_rule(spec: RuleSpec) -> StateRule:
    hold = next((level.hold for level in spec.levels if level.severity is Severity.CRITICAL), 0.0)
    links = {k: v for k, v in spec.annotations.items() if k != "summary" and "{" not in v}
    return StateRule(spec.name, hold=hold, keep=spec.keep, annotations=links)


def _placed(rule: Rule, services: set[str]) -> Rule:
    """Say what a rule is on that asks only for the state of checks or services: the first it asks for."""
    for level in rule.levels:
        for node in walk(level.expr):
            if isinstance(node, Call) and node.function in ("check", "service"):
                name = str(_text(node.arguments[0]))
                service = name.partition("/")[0]
                kind = "service" if service in services or node.function == "service" else "check"
                return replace(rule, about=f"{kind}:{service if kind == 'service' else name}")
    return rule


def _text(expr: Expr) -> object:
    return expr.value if isinstance(expr, Literal) else ""


def _windows(shapes: Iterable[Shape]) -> Mapping[str, float]:
    longest: dict[str, float] = {}
    for shape in shapes:
        for metric, window in shape.windows.items():
            longest[metric] = max(longest.get(metric, 0.0), window)
    return longest


def _functions(shapes: Iterable[Shape]) -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for shape in shapes:
        for metric, functions in shape.functions.items():
            found[metric] = found.get(metric, frozenset()) | functions
    return found


def _left_of(expr: Expr) -> Expr | None:
    """Find what a condition is about: the side of its first comparison that is no constant."""
    if isinstance(expr, Binary):
        if expr.operator in ("and", "or"):
            return _left_of(expr.left) or _left_of(expr.right)
        for side in (expr.left, expr.right):
            if isinstance(side, Name | Call):
                return side
    return None


def _kind_of(expr: Expr | None) -> Kind:
    match expr:
        case Name():
            return expr.kind
        case Call() if expr.function in _OWN_KINDS:
            return _OWN_KINDS[expr.function]
        case Call() if expr.arguments:
            return _kind_of(expr.arguments[0])
        case Binary(operator="+" | "-"):
            return _kind_of(expr.left)
        case _:
            return Kind.NUMBER


def _eta(*exprs: Expr | None) -> Eta | None:
    """Find the first forecast in a rule: `{eta}` is when its metric is at the limit, for `forecast` at zero."""
    for expr in exprs:
        for node in walk(expr) if expr is not None else ():
            if isinstance(node, Call) and node.function in ("forecast", "time_to"):
                first, *rest = node.arguments
                numbers = [as_number(each.value) for each in rest if isinstance(each, Literal)]
                if isinstance(first, Name) and len(numbers) == 2 and None not in numbers:
                    a, b = (number or 0.0 for number in numbers)
                    return (
                        Eta(first.name, a, b)
                        if node.function == "time_to"
                        else Eta(first.name, 0.0, a)
                    )
    return None
