"""The texts of a fire of a rule: its templates filled with numbers as people read them, from a fixed table."""

import math
from collections.abc import Mapping

from opsconsole.alerting.rule_env import RuleEnv
from opsconsole.alerting.rules import Rule, RuleLevel
from opsconsole.alerting.summaries import day, mount_name, percent, size
from opsconsole.model.metrics import METRICS, Unit
from opsconsole.query.fields import Kind
from opsconsole.query.templates import Find, fill
from opsconsole.query.values import as_number

_KINDS = {
    Unit.NONE: Kind.NUMBER, Unit.RATIO: Kind.RATIO, Unit.BYTES: Kind.BYTES, Unit.SECONDS: Kind.SECONDS,
    Unit.BYTES_PER_SECOND: Kind.BYTES, Unit.PER_SECOND: Kind.NUMBER,
}  # fmt: skip
_SPANS = ((2 * 86400.0, 86400.0, "d"), (2 * 3600.0, 3600.0, "h"), (120.0, 60.0, "m"))


def summary_of(
    rule: Rule,
    level: RuleLevel | None,
    env: RuleEnv,
    value: float | None,
    labels: Mapping[str, str],
    at: float,
) -> str:
    """Say what a fire is about; without a template its name and value do."""
    if not rule.summary:
        return show(value, rule.kind) if value is not None else ""
    return fill(rule.summary, _finder(rule, level, env, value, labels, at))


def annotations_of(
    rule: Rule,
    level: RuleLevel | None,
    env: RuleEnv,
    value: float | None,
    labels: Mapping[str, str],
    at: float,
) -> Mapping[str, str]:
    """Fill the other texts of a rule."""
    if not rule.annotations:
        return rule.fixed
    find = _finder(rule, level, env, value, labels, at)
    filled = {name: fill(template, find) for name, template in rule.annotations.items()}
    return {**rule.fixed, **filled}


def show(number: float, kind: Kind) -> str:
    """Write a number shortly: rounded, so that a text changes only when it matters; what is none is `?`."""
    if not math.isfinite(number):
        return "?" if math.isnan(number) else f"{number}"
    match kind:
        case Kind.RATIO:
            return f"{number * 100:.1f}%" if 0 < number < 0.1 else percent(number)
        case Kind.BYTES:
            return size(number)
        case Kind.SECONDS:
            return span(abs(number))
        case _:
            return _plain(number)


def span(seconds: float) -> str:
    """Write a duration with one unit: `300ms`, `1.4s`, `9m`, `5h`, `21d`."""
    for least, unit, letter in _SPANS:
        if seconds >= least:
            return f"{seconds / unit:.0f}{letter}"
    return (
        f"{seconds * 1000:.0f}ms"
        if seconds < 1
        else f"{seconds:.1f}s"
        if seconds < 100
        else f"{seconds:.0f}s"
    )


def span_range(low: float, high: float) -> str:
    """Write a range of durations in one unit: `3-5h`, `4h`, `3h or later`."""
    unit, letter = next(((u, c) for least, u, c in _SPANS if low >= least), (60.0, "m"))
    begin = f"{low / unit:.0f}"
    if math.isinf(high):
        return f"{begin}{letter} or later"
    end = f"{high / unit:.0f}"
    return f"{begin}{letter}" if begin == end else f"{begin}-{end}{letter}"


def _plain(number: float) -> str:
    if number == int(number) or abs(number) >= 100:
        return f"{number:.0f}"
    return f"{number:.1f}" if abs(number) >= 1 else f"{number:.2g}"


def _finder(
    rule: Rule,
    level: RuleLevel | None,
    env: RuleEnv,
    value: float | None,
    labels: Mapping[str, str],
    at: float,
) -> Find:
    def find(name: str) -> str | None:
        if name in labels:
            return mount_name(labels[name]) if name == "mount" else labels[name]
        if name == "alert":
            return rule.name
        if name == "on":
            return env.subject.partition(":")[2]
        if name == "limit":
            limit = level.limit if level is not None else None
            return None if limit is None else show(limit, rule.kind)
        if name == "eta":
            return _eta(rule, env)
        if name.partition("{")[0] in METRICS or name.startswith("labels."):
            return _figure(name, env)
        return None if value is None or math.isinf(value) else _of_value(name, value, rule.kind, at)

    return find


def _of_value(name: str, value: float, kind: Kind, at: float) -> str | None:
    match name:
        case "value":
            return show(value, kind)
        case "used":
            return percent(1 - value)
        case "side":
            return "ahead of" if value > 0 else "behind"
        case "ends":
            return day(at + value)
    return None


def _figure(name: str, env: RuleEnv) -> str | None:
    found = env.get(name)
    metric = METRICS.get(name.partition("{")[0])
    number = as_number(found)
    if metric is None or number is None:
        return found if isinstance(found, str) else None
    per_second = "/s" if metric.unit is Unit.BYTES_PER_SECOND else ""
    return show(number, _KINDS[metric.unit]) + per_second


def _eta(rule: Rule, env: RuleEnv) -> str | None:
    eta = rule.eta
    if eta is None:
        return None
    key = env.key(eta.metric)
    found = env.measures.eta(env.subject, key, eta.limit, eta.window, env.now)
    return None if found is None else span_range(*found)
