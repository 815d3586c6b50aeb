"""Which rules a sample can touch at all: one pass over its metrics in place of one evaluation a rule.

Of a condition like `fs.available_ratio < 40% and forecast(...) < 0` the first part is necessary and cheap: while
it does not hold nothing can begin to fire, and the rest is not computed. What already lives is looked at anyway.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from opsconsole.model.metrics import METRICS
from opsconsole.query.evaluator import evaluate
from opsconsole.query.nodes import Binary, Call, Expr, Literal, Name, Unary
from opsconsole.query.rule_names import walk
from opsconsole.query.values import as_number

_FLIPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
_RISE_WITH_NOW: Final = frozenset({"max", "delta"})
"""Over a window these pass a limit upward only when the newest value is past it too (it is never negative)."""
_RISE_ABOVE_ZERO: Final = frozenset({"avg", "sum", "rate", "p50", "p90", "p95", "p99", "count"})
"""Over a window these pass a limit that is not negative only when the newest value is above zero."""
_MEMO_LIMIT: Final = 100_000


class Bound(NamedTuple):
    """A range outside of which a metric touches nothing: its name, or its whole key; both ends belong to it."""

    metric: str
    low: float
    high: float


def bounds_of(expr: Expr) -> tuple[Bound, ...] | None:
    """Give bounds of which at least one must be met for a condition to hold; None when there are none."""
    if not isinstance(expr, Binary):
        return None
    if expr.operator == "and":
        left, right = bounds_of(expr.left), bounds_of(expr.right)
        return left if right is None else right if left is None else min(left, right, key=len)
    if expr.operator == "or":
        left, right = bounds_of(expr.left), bounds_of(expr.right)
        return None if left is None or right is None else left + right
    for side, other, operator in (
        (expr.left, expr.right, expr.operator),
        (expr.right, expr.left, _FLIPPED.get(expr.operator, "")),
    ):
        limit = _constant(other)
        if limit is not None and operator in _FLIPPED:
            return _bounds(side, operator, limit)
    return None


class Screen:
    """Knows the bounds of many rules, by their place in a list."""

    def __init__(self, guards: Sequence[tuple[Bound, ...] | None]) -> None:
        self.always = tuple(rule for rule, bounds in enumerate(guards) if bounds is None)
        """Rules without bounds: every sample touches them."""
        self._bounds: dict[str, list[tuple[float, float, int]]] = {}
        for rule, bounds in enumerate(guards):
            for bound in bounds or ():
                self._bounds.setdefault(bound.metric, []).append((bound.low, bound.high, rule))
        self._memo: dict[str, _Watch | None] = {}

    def touched(self, metrics: Mapping[str, float]) -> dict[int, set[str]]:
        """Name the rules that a sample touches, each with the label values of the metrics that did.

        An empty label value stands for a metric that has no label, or is named in the rule with it.
        """
        found: dict[int, set[str]] = {}
        memo = self._memo
        for key, value in metrics.items():
            try:
                watch = memo[key]
            except KeyError:
                watch = self._learn(key)
            if watch is not None and (value <= watch.low or value >= watch.high):
                for low, high, rule in watch.bounds:
                    if low <= value <= high:
                        found.setdefault(rule, set()).add(watch.instance)
        return found

    def _learn(self, key: str) -> "_Watch | None":
        if len(self._memo) >= _MEMO_LIMIT:
            self._memo.clear()
        name, brace, inside = key.partition("{")
        bounds, instance = self._bounds.get(name, []), ""
        if brace and (bounds or key in self._bounds):
            instance = inside.removesuffix("}").partition("=")[2]
            if own := self._bounds.get(key):
                bounds, instance = own + bounds, "" if not bounds else instance
        self._memo[key] = watch = _watch(bounds, instance) if bounds else None
        return watch


class _Watch(NamedTuple):
    """What one key of a sample can touch; between `low` and `high` it touches nothing."""

    low: float
    high: float
    instance: str
    bounds: tuple[tuple[float, float, int], ...]


def _watch(bounds: Sequence[tuple[float, float, int]], instance: str) -> _Watch:
    low = max((high for low, high, _ in bounds if low == -math.inf), default=-math.inf)
    high = min((low for low, _, _ in bounds if low != -math.inf), default=math.inf)
    return _Watch(low, high, instance, tuple(bounds))


def _bounds(side: Expr, operator: str, limit: float) -> tuple[Bound, ...] | None:
    match side:
        case Name() if side.name.partition("{")[0] in METRICS:
            return (_bound(side.name, operator, limit),)
        case Call(function="abs") if operator in (">", ">=") and limit >= 0:
            inside = side.arguments[0]
            if isinstance(inside, Name):
                over = _bound(inside.name, operator, limit)
                under = _bound(inside.name, "<" if operator == ">" else "<=", -limit)
                return (over, under)
        case Call() if operator in (">", ">=") and limit >= 0:
            return _bounds_of_window(side, operator, limit)
        case _:
            return None
    return None


def _bounds_of_window(call: Call, operator: str, limit: float) -> tuple[Bound, ...] | None:
    first = call.arguments[0] if call.arguments else None
    if not isinstance(first, Name) or (operator == ">=" and limit == 0):
        return None
    if call.function in _RISE_WITH_NOW:
        return (_bound(first.name, operator, limit),)
    if call.function in _RISE_ABOVE_ZERO:
        return (_bound(first.name, ">", 0.0),)
    return None


def _bound(metric: str, operator: str, limit: float) -> Bound:
    match operator:
        case "<":
            return Bound(metric, -math.inf, math.nextafter(limit, -math.inf))
        case "<=":
            return Bound(metric, -math.inf, limit)
        case ">":
            return Bound(metric, math.nextafter(limit, math.inf), math.inf)
        case "==" if limit == 0:
            return Bound(metric, -math.inf, 0.0)  # one-sided on purpose: a screen needs no more
        case _:
            return Bound(metric, limit, math.inf)


def _constant(expr: Expr) -> float | None:
    """Compute what holds no name and no function of time."""
    plain = (Literal, Unary, Binary)
    if not all(isinstance(node, plain) for node in walk(expr)):
        return None
    return as_number(evaluate(expr, {}))
