"""The functions an expression may call; a context says which of them it offers."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, NamedTuple

from opsconsole.query.fields import Field, Kind
from opsconsole.query.matching import fuzzy_matches
from opsconsole.query.patterns import glob_matches
from opsconsole.query.values import UNKNOWN, Env, Unknown, Value, as_number, contains, equals

GENERAL: Final = frozenset({"len", "lower", "has", "glob", "age", "min", "max", "count"})
STATISTICS: Final = frozenset({"avg", "p50", "p90", "p95", "p99", "min", "max", "count"})


class Function(NamedTuple):
    """One function: how it is written and what computes it."""

    usage: str
    least: int
    most: int
    compute: Callable[[Sequence[Value], Env], Value]
    gives: Field | None = None
    """What its value is, where it has keywords: `check("shop") == down`."""


def _length(arguments: Sequence[Value], _: Env) -> Value:
    value = arguments[0]
    return len(value) if isinstance(value, Collection) else None


def _lower(arguments: Sequence[Value], _: Env) -> Value:
    value = arguments[0]
    return value.lower() if isinstance(value, str) else value


def _has(arguments: Sequence[Value], _: Env) -> Value:
    return contains(arguments[0], arguments[1])


def _glob(arguments: Sequence[Value], _: Env) -> Value:
    text, pattern = arguments[0], arguments[1]
    if isinstance(text, Unknown):
        return UNKNOWN
    if not isinstance(pattern, str):
        return False
    if isinstance(text, str):
        return glob_matches(text, pattern)
    if isinstance(text, Collection) and not isinstance(text, Mapping):
        return any(isinstance(each, str) and glob_matches(each, pattern) for each in text)
    number = as_number(text)
    return number is not None and glob_matches(f"{number:g}", pattern)


def _age(arguments: Sequence[Value], env: Env) -> Value:
    at, now = as_number(arguments[0]), as_number(env.get("now"))
    return None if not at or now is None else max(0.0, now - at)


def _any_label(arguments: Sequence[Value], _: Env) -> Value:
    """Tell whether a label set, or one of a list of them, carries a label with a value."""
    holder, key, wanted = arguments
    sets = [holder] if isinstance(holder, Mapping) else holder
    if isinstance(sets, str) or not isinstance(sets, Collection) or not isinstance(key, str):
        return False
    return any(_carries(each, key, wanted) for each in sets)


def _carries(holder: Value, key: str, wanted: Value) -> bool:
    if not isinstance(holder, Mapping):
        return False
    labels = holder.get("labels", holder)
    value = labels.get(key) if isinstance(labels, Mapping) else None
    return value is not None and equals(value, wanted) is True


def _numbers(value: Value) -> list[float]:
    if isinstance(value, Collection) and not isinstance(value, str | Mapping):
        return sorted(n for each in value if (n := as_number(each)) is not None)
    number = as_number(value)
    return [] if number is None else [number]


def _over(statistic: Callable[[list[float]], float]) -> Callable[[Sequence[Value], Env], Value]:
    def compute(arguments: Sequence[Value], _: Env) -> Value:
        numbers = _numbers(arguments[0])
        return statistic(numbers) if numbers else None

    return compute


def _percentile(share: float) -> Callable[[list[float]], float]:
    return lambda numbers: numbers[min(len(numbers) - 1, math.ceil(share * len(numbers)) - 1)]


def _statistic(name: str, statistic: Callable[[list[float]], float]) -> Function:
    return Function(f"{name}(x) or {name}(x, 10m)", 1, 2, _over(statistic))


def _count(arguments: Sequence[Value], _: Env) -> Value:
    value = arguments[0]
    if isinstance(value, Collection) and not isinstance(value, str):
        return len(value)
    return 0 if value is None else 1


def _fuzzy(arguments: Sequence[Value], _: Env) -> Value:
    name, text, word = arguments
    if not isinstance(name, str) or not isinstance(text, str) or not isinstance(word, str):
        return False
    return fuzzy_matches(word, name.lower(), text)


def _absolute(arguments: Sequence[Value], _: Env) -> Value:
    value = arguments[0]
    number = as_number(value)
    return abs(number) if number is not None else UNKNOWN if value is UNKNOWN else None


def _absent(arguments: Sequence[Value], _: Env) -> Value:
    value = arguments[0]
    return UNKNOWN if isinstance(value, Unknown) else value is None


def _by_the_env(arguments: Sequence[Value], env: Env) -> Value:  # noqa: ARG001 - every function's shape
    """Stand for what only a rule's environment can compute: see `evaluator.Measuring`."""
    return UNKNOWN


_STATE: Final = Field(
    "state",
    Kind.WORD,
    words=("up", "maintenance", "pending", "degraded", "unknown", "down"),
    synonyms={"ok": "up", "critical": "down", "warning": "degraded"},
)


def _measured(usage: str, arguments: int, gives: Field | None = None) -> Function:
    return Function(usage, arguments, arguments, _by_the_env, gives)


FUNCTIONS: Final[Mapping[str, Function]] = {
    "len": Function("len(x)", 1, 1, _length),
    "lower": Function("lower(x)", 1, 1, _lower),
    "has": Function("has(x, key)", 2, 2, _has),
    "glob": Function('glob(x, "web-*")', 2, 2, _glob),
    "age": Function("age(x)", 1, 1, _age),
    "any_label": Function("any_label(x, key, value)", 3, 3, _any_label),
    "count": Function("count(x) or count(x, 10m)", 1, 2, _count),
    "fuzzy": Function("fuzzy(name, text, word)", 3, 3, _fuzzy),
    "avg": _statistic("avg", lambda numbers: sum(numbers) / len(numbers)),
    "min": _statistic("min", lambda numbers: numbers[0]),
    "max": _statistic("max", lambda numbers: numbers[-1]),
    "p50": _statistic("p50", _percentile(0.50)),
    "p90": _statistic("p90", _percentile(0.90)),
    "p95": _statistic("p95", _percentile(0.95)),
    "p99": _statistic("p99", _percentile(0.99)),
    "abs": Function("abs(x)", 1, 1, _absolute),
    "absent": Function("absent(metric)", 1, 1, _absent),
    "sum": _measured("sum(metric, 30m)", 2),
    "rate": _measured("rate(metric, 5m)", 2),
    "delta": _measured("delta(metric, 1h)", 2),
    "changes": _measured("changes(metric, 1h)", 2),
    "resets": _measured("resets(metric, 1h)", 2),
    "forecast": _measured("forecast(metric, 6h, 24h): over which window, how far ahead", 3),
    "time_to": _measured("time_to(metric, 0, 6h): which limit, over which window", 3),
    "anomaly": _measured("anomaly(metric, 24h)", 2),
    "check": _measured('check("shop-api")', 1, _STATE),
    "service": _measured('service("checkout")', 1, _STATE),
}
MEASURED: Final = frozenset(
    {"sum", "rate", "delta", "changes", "resets", "forecast", "time_to", "anomaly"}
)
"""Functions of one metric over time, for rules."""
STATES: Final = frozenset({"check", "service"})
"""Functions that ask for what is not the rule's own subject."""
WINDOWED: Final = frozenset({"avg", "min", "max", "count", "p50", "p90", "p95", "p99"})
"""With a second argument these take a series of the environment: `p95(latency, 10m)` asks for `latency@600`."""
