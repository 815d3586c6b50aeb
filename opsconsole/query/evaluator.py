"""Tree to value: three-valued, total (it never raises), bounded by the tree's size."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from opsconsole.query.functions import FUNCTIONS, MEASURED, STATES, WINDOWED
from opsconsole.query.nodes import (
    Binary,
    Call,
    Expr,
    Items,
    JsonPath,
    Literal,
    Name,
    Pattern,
    Unary,
    Word,
)
from opsconsole.query.patterns import regex_matches
from opsconsole.query.values import (
    UNKNOWN,
    Env,
    Truth,
    Unknown,
    Value,
    as_number,
    contains,
    equals,
    negate,
    order,
    truth,
)

_ORDERINGS = frozenset({"<", "<=", ">", ">="})
_ARITHMETIC = frozenset({"+", "-", "*", "/"})


class Measuring(ABC):
    """An environment that can also look back in time, and at what is not its own subject.

    A class and no protocol: asking a protocol whether it is obeyed costs more than most expressions.
    """

    @abstractmethod
    def get(self, name: str, /) -> Value:
        """Give a dotted name's value; None when there is none."""

    @abstractmethod
    def measure(self, function: str, subject: str, arguments: tuple[float, ...], /) -> Value:
        """Compute one of `functions.MEASURED` of a metric, or one of `functions.STATES` of a name."""


def evaluate(expr: Expr, env: Env) -> Value:
    """Compute an expression; UNKNOWN where what is missing decides."""
    # By type in one look: a filter over thousands of rows spends its time here.
    return _OF_TYPE[type(expr)](expr, env)


def holds(expr: Expr, env: Env) -> Truth:
    """Compute an expression as a truth."""
    return truth(evaluate(expr, env))


def _unary(expr: Unary, env: Env) -> Value:
    if expr.operator == "not":
        return negate(holds(expr.operand, env))
    number = as_number(evaluate(expr.operand, env))
    return None if number is None else -number


def _binary(expr: Binary, env: Env) -> Value:
    operator = expr.operator
    if operator in ("and", "or"):
        return _connect(expr, env)
    left = evaluate(expr.left, env)
    if operator in ("=~", "!~"):
        found = _matches(left, expr.right)
        return found if operator == "=~" else negate(found)
    right = evaluate(expr.right, env)
    if operator in _ORDERINGS:
        return _ordered(operator, expr, left, right)
    if operator in _ARITHMETIC:
        return _arithmetic(operator, left, right)
    return _related(operator, left, right)


def _connect(expr: Binary, env: Env) -> Truth:
    """Kleene's and, or: unknown only where the other side does not decide."""
    decisive = expr.operator == "or"
    left = holds(expr.left, env)
    if left is decisive:
        return decisive
    right = holds(expr.right, env)
    if right is decisive:
        return decisive
    return UNKNOWN if UNKNOWN in (left, right) else not decisive


def _related(operator: str, left: Value, right: Value) -> Truth:
    match operator:
        case "==":
            return equals(left, right)
        case "!=":
            return negate(equals(left, right))
        case "in":
            return contains(right, left)
        case "not in":
            return negate(contains(right, left))
        case _:
            return contains(left, right)


def _ordered(operator: str, expr: Binary, left: Value, right: Value) -> Truth:
    scale = next((s.scale for s in (expr.left, expr.right) if isinstance(s, Word)), ())
    if scale:
        left, right = _rank(left, scale), _rank(right, scale)
    difference = order(left, right)
    if difference is None:
        return UNKNOWN
    if difference == 0:
        return operator in ("<=", ">=")
    return (difference < 0) == (operator in ("<", "<="))


def _rank(value: Value, scale: tuple[str, ...]) -> int | None:
    return scale.index(value) if isinstance(value, str) and value in scale else None


def _arithmetic(operator: str, left: Value, right: Value) -> Value:
    one, other = as_number(left), as_number(right)
    if one is None or other is None:
        return None
    try:
        match operator:
            case "+":
                return one + other
            case "-":
                return one - other
            case "*":
                return one * other
            case _:
                return one / other
    except (ZeroDivisionError, OverflowError):
        return None


def _matches(value: Value, pattern: Expr) -> Truth:
    if isinstance(value, Unknown):
        return UNKNOWN
    if not isinstance(pattern, Pattern) or value is None or isinstance(value, Mapping):
        return False
    if isinstance(value, tuple | list | frozenset | set):
        return any(_matches(each, pattern) is True for each in value)
    text = value if isinstance(value, str) else f"{value:g}" if as_number(value) is not None else ""
    return regex_matches(
        text, pattern.source, anchored=pattern.anchored, fold_case=not pattern.anchored
    )


def _call(expr: Call, env: Env) -> Value:
    arguments = expr.arguments
    if len(arguments) == 2 and expr.function in WINDOWED and isinstance(arguments[0], Name):
        seconds = as_number(evaluate(arguments[1], env))
        series = None if seconds is None else env.get(f"{arguments[0].name}@{seconds:g}")
        return FUNCTIONS[expr.function].compute((series,), env)
    if expr.function in MEASURED or expr.function in STATES:
        return _measure(expr, env)
    values = tuple(evaluate(each, env) for each in arguments)
    return FUNCTIONS[expr.function].compute(values, env)


def _measure(expr: Call, env: Env) -> Value:
    if not isinstance(env, Measuring):
        return UNKNOWN
    first, *rest = expr.arguments
    subject = first.name if isinstance(first, Name) else evaluate(first, env)
    numbers = tuple(n for each in rest if (n := as_number(evaluate(each, env))) is not None)
    if not isinstance(subject, str) or len(numbers) < len(rest):
        return None
    return env.measure(expr.function, subject, numbers)


def _json(expr: JsonPath, env: Env) -> Value:
    """Walk a JSON document: one value for a plain path, a list for one with wildcards."""
    document = env.get(expr.name)
    if isinstance(document, str):
        try:
            document = msgspec.json.decode(document)
        except (msgspec.DecodeError, RecursionError):
            return None
    if document is None:
        return None
    # Imported here: most expressions have no JSON in them, and first paint must not wait for it.
    from opsconsole.query.json_path import find

    found = find(expr.path, document)
    if expr.singular:
        return found[0] if found else None
    return found


_OF_TYPE: Final[Mapping[type, Callable[..., Value]]] = {
    Binary: _binary,
    Unary: _unary,
    Call: _call,
    JsonPath: _json,
    Name: lambda expr, env: env.get(expr.name),
    Literal: lambda expr, _: expr.value,
    Word: lambda expr, _: expr.value,
    Pattern: lambda expr, _: expr.source,
    Items: lambda expr, env: tuple(evaluate(each, env) for each in expr.items),
}
