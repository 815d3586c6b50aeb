"""What a rule's expression may say, and what it is about: a host or an answer, and which of its instances."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from msgspec import Struct

from opsconsole.errors import QueryError
from opsconsole.model.metrics import METRICS
from opsconsole.query.contexts import HOST_FIELDS
from opsconsole.query.fields import Context, Field, Kind, context
from opsconsole.query.functions import FUNCTIONS, GENERAL, MEASURED, STATES, STATISTICS, WINDOWED
from opsconsole.query.nodes import Binary, Call, Expr, Items, Literal, Name, Unary
from opsconsole.query.parser import parse

LABELS: Final = ("mount", "dev", "unit", "resource")
"""What tells instances of a metric apart; in a rule each is a name that holds the instance's value."""
_KEPT: Final = 1_000
_OF_CHECKS: Final = ("check.", "cert.", "perf.", "phases.")
_NUMBERS: Final = (Kind.NUMBER, Kind.RATIO, Kind.SECONDS, Kind.BYTES)
_NOT_HERE: Final = ("text", "exact", "me")

RULES: Final[Context] = context(
    "a rule",
    (
        *(field for field in HOST_FIELDS if field.name not in _NOT_HERE),
        *(Field(label, title=f"the instance's {label}") for label in LABELS),
        Field("fstype", title="the file system's type"),
        Field("readonly", alias_of="fs.readonly"),
        Field("limit", Kind.NUMBER, "the level's limit"),
        Field("margin", Kind.NUMBER, "how far back over the limit is clear"),
        Field("check.name", title="the check's name"),
        Field("check.kind", title="http, tcp, tls, exec, ..."),
        Field("perf.*", Kind.NUMBER, "one value of a plugin's performance data"),
        Field("phases.*", Kind.SECONDS, "dns, connect, tls, first_byte, transfer"),
    ),
    GENERAL | STATISTICS | MEASURED | STATES | {"abs", "absent", "any_label"},
)
"""The one table of names for `expr`, `clear`, `where` and `value`."""


class Shape(Struct, frozen=True):
    """What the expressions of a rule are about."""

    scope: str = "host"
    """`host`, `check` (the answer of one), or `fleet` (only what `check()` and `service()` ask for)."""
    label: str = ""
    """The label whose every value is an instance of its own."""
    metrics: frozenset[str] = frozenset()
    """Metrics that are asked for, without what stands in braces."""
    windows: Mapping[str, float] = {}
    """Metric to the longest time that is looked back on it, seconds."""
    functions: Mapping[str, frozenset[str]] = {}
    """Metric to the functions that look back on it."""


@lru_cache(maxsize=_KEPT)
def read_rule(text: str) -> Expr:
    """Read an expression of a rule; what was read is kept, for checks and compilation ask several times.

    Raises:
        QueryError: It cannot be read, or a function over time is given no metric or no constant time.
    """
    expr = parse(text, RULES)
    for node in walk(expr):
        if isinstance(node, Call):
            _check_call(node, text)
    return expr


def shape_of(exprs: Iterable[tuple[str, Expr]]) -> Shape:
    """Tell what the expressions of one rule, each with its text, are about.

    Raises:
        QueryError: Hosts and checks are mixed, or two labels.
    """
    scope = label = ""
    metrics: set[str] = set()
    windows: dict[str, float] = {}
    functions: dict[str, frozenset[str]] = {}
    asks = False
    for text, expr in exprs:
        absent = _absent_names(expr)
        for node in walk(expr):
            asks = asks or (isinstance(node, Call) and node.function in STATES)
            if isinstance(node, Call) and _is_windowed(node):
                _note_window(node, windows, functions)
            if not isinstance(node, Name) or node.name in ("limit", "margin", "now"):
                continue
            scope = _joined(scope, _scope_of(node.name), node, text, "a host and a check")
            plain = node.name.partition("{")[0]
            if plain in METRICS:
                metrics.add(plain)
            if found := "" if id(node) in absent else _label_of(node.name):
                label = _joined(label, found, node, text, f"{label} and {found}")
    return Shape(
        scope or ("fleet" if asks else "host"), label, frozenset(metrics), windows, functions
    )


def walk(expr: Expr) -> Iterator[Expr]:
    """Give an expression and everything in it."""
    yield expr
    match expr:
        case Binary():
            yield from walk(expr.left)
            yield from walk(expr.right)
        case Unary():
            yield from walk(expr.operand)
        case Call():
            for each in expr.arguments:
                yield from walk(each)
        case Items():
            for each in expr.items:
                yield from walk(each)


def filled(expr: Expr, constants: Mapping[str, float]) -> Expr:
    """Put numbers in the place of names: `limit`, `margin`.

    Raises:
        QueryError: The name is used and has no number.
    """
    match expr:
        case Name() if expr.name in ("limit", "margin"):
            if expr.name not in constants:
                raise QueryError(f"{expr.name} is used, and not said", expr.column)
            value = constants[expr.name]
            return Literal(value, f"{value:.12g}", expr.column)
        case Binary():
            left, right = filled(expr.left, constants), filled(expr.right, constants)
            return Binary(expr.operator, left, right, expr.column)
        case Unary():
            return Unary(expr.operator, filled(expr.operand, constants), expr.column)
        case Call():
            inside = tuple(filled(each, constants) for each in expr.arguments)
            return Call(expr.function, inside, expr.column)
        case Items():
            return Items(tuple(filled(each, constants) for each in expr.items), expr.column)
        case _:
            return expr


def uses(expr: Expr, name: str) -> bool:
    """Tell whether an expression uses a name."""
    return any(isinstance(node, Name) and node.name == name for node in walk(expr))


def _check_call(call: Call, text: str) -> None:
    if call.function in STATES:
        if not (
            isinstance(call.arguments[0], Literal) and isinstance(call.arguments[0].value, str)
        ):
            usage = FUNCTIONS[call.function].usage
            raise QueryError(f"{call.function} is written {usage}", call.column, text)
        return
    if not _is_windowed(call):
        return
    first, *rest = call.arguments
    if not (isinstance(first, Name) and first.kind in _NUMBERS):
        what = f"{call.function} looks back on a metric, and this is none"
        raise QueryError(what, first.column, text)
    for each in rest:
        if not isinstance(each, Literal) or isinstance(each.value, str | bool | None):
            what = f"{call.function} takes a constant here: {FUNCTIONS[call.function].usage}"
            raise QueryError(what, each.column, text)


def _is_windowed(call: Call) -> bool:
    return call.function in MEASURED or (call.function in WINDOWED and len(call.arguments) == 2)


def _note_window(
    call: Call, windows: dict[str, float], functions: dict[str, frozenset[str]]
) -> None:
    first = call.arguments[0]
    last = call.arguments[2 if call.function == "time_to" else 1]
    if isinstance(first, Name) and isinstance(last, Literal) and isinstance(last.value, float):
        plain = first.name.partition("{")[0]
        windows[plain] = max(windows.get(plain, 0.0), last.value)
        functions[plain] = functions.get(plain, frozenset()) | {call.function}


def _absent_names(expr: Expr) -> frozenset[int]:
    calls = (node for node in walk(expr) if isinstance(node, Call) and node.function == "absent")
    return frozenset(id(call.arguments[0]) for call in calls)


def _scope_of(name: str) -> str:
    return "check" if name.startswith(_OF_CHECKS) else "host"


def _label_of(name: str) -> str:
    if name in LABELS:
        return name
    metric = METRICS.get(name)
    return metric.labels[0] if metric is not None and metric.labels else ""


def _joined(before: str, found: str, node: Name, text: str, both: str) -> str:
    if before and found != before:
        raise QueryError(f"one rule cannot be about {both}", node.column, text)
    return found
