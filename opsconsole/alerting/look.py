"""What the rules see on one host, service, check or feed: only what is wrong, or was."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from opsconsole.alerting import summaries
from opsconsole.alerting.life_cycle import Life, Seen, Sight
from opsconsole.alerting.rules import (
    CHECK_DOWN,
    HOST_KEY_CHANGED,
    HOST_UNREACHABLE,
    SERVICE_DOWN,
    SOURCE_UNREACHABLE,
    UNIT_FAILED,
    Rules,
    StateRule,
    Threshold,
)
from opsconsole.model.metrics import metric_key
from opsconsole.model.snapshot import CheckRecord, Feed, HostRecord, ServiceRecord, is_stale
from opsconsole.model.states import Reach, ServiceState

POLLS_NEEDED: Final = 3
OUR_FEEDS: Final = ("ssh", "local", "http")
_KEY_BAD: Final = (Reach.KEY_CHANGED, Reach.KEY_REVOKED)
_UNSEEN: Final = Sight(None)
_WELL: Final = Sight(breached=False)

Record = HostRecord | ServiceRecord | CheckRecord | Feed
Lives = Mapping[str, Life]


def key_of(rule: str, on: str, instance: str = "") -> str:
    """Name one instance of a rule."""
    return f"{rule}|{on}|{instance}"


def look(record: Record, lives: Lives, rules: Rules, now: float) -> Iterator[Seen]:
    """Look at one record with all rules for its kind.

    Args:
        record: What is looked at.
        lives: What lives on it; each is told of, also when it is well again or cannot be seen.

    Yields:
        What is breached, and what of `lives` was looked at; what is not named of `lives` exists no more.
    """
    if isinstance(record, HostRecord):
        yield from _look_at_host(record, lives, rules, now)
    elif isinstance(record, ServiceRecord):
        yield from _look_at_service(record, lives, rules, now)
    elif isinstance(record, CheckRecord):
        yield from _look_at_check(record, lives, rules, now)
    else:
        yield from _look_at_feed(record, rules)


def _look_at_host(record: HostRecord, lives: Lives, rules: Rules, now: float) -> Iterator[Seen]:
    on = f"host:{record.name}"
    labels = {"host": record.name}
    if record.failed or lives:
        yield from _unreachable(record, on, labels, rules.states.get(HOST_UNREACHABLE))
        yield from _key_changed(record, on, labels, rules.states.get(HOST_KEY_CHANGED))
    if record.reach is not Reach.UP or is_stale(record, now):
        yield from _all_unseen(lives, (HOST_UNREACHABLE, HOST_KEY_CHANGED))
        return
    for rule in rules.host_thresholds:
        yield from _threshold(rule, on, labels, record.metrics, lives)
    yield from _failed_units(record, on, lives, rules.states.get(UNIT_FAILED))


def _unreachable(
    record: HostRecord, on: str, labels: Mapping[str, str], rule: StateRule | None
) -> Iterator[Seen]:
    if rule is None:
        return
    breached = record.failed and record.reach not in _KEY_BAD
    needed = min(POLLS_NEEDED, 1 + int(rule.hold // record.every))
    sight = Sight(breached, hold=rule.hold, ready=record.fails >= needed)
    yield Seen(
        key_of(rule.name, on),
        rule.name,
        on,
        labels,
        critical=sight,
        keep=record.every,
        summary=summaries.cannot_see(record.name, record.reach, record.at) if breached else "",
        no_data=True,
    )


def _key_changed(
    record: HostRecord, on: str, labels: Mapping[str, str], rule: StateRule | None
) -> Iterator[Seen]:
    if rule is None:
        return
    bad = record.reach in _KEY_BAD
    breached = True if bad else False if record.reach is Reach.UP else None
    words = summaries.REACH_WORDS[record.reach] if record.reach else ""
    yield Seen(
        key_of(rule.name, on),
        rule.name,
        on,
        labels,
        critical=Sight(breached, hold=rule.hold),
        summary=f"{words}: {record.reason}".removesuffix(": ") if bad else "",
        no_data=True,
    )


def _threshold(
    rule: Threshold, on: str, labels: Mapping[str, str], metrics: Mapping[str, float], lives: Lives
) -> Iterator[Seen]:
    values = _values(rule, metrics)
    for instance, value in values:
        near = rule.is_touched(value)
        if not near and not lives:
            continue  # the usual case, thousands of times a second
        key = key_of(rule.name, on, instance)
        if (near or key in lives) and not _skipped(rule, instance, metrics):
            own = {**labels, rule.label: instance} if rule.label else labels
            yield Seen(
                key,
                rule.name,
                on,
                own,
                warning=_sight(rule, rule.warning, rule.warning_hold, value),
                critical=_sight(rule, rule.critical, rule.critical_hold, value),
                keep=rule.keep,
                summary=rule.summary(metrics, instance, value),
                value=value,
            )
    if not values and lives:
        sight = _WELL if rule.absent_is_clear else _UNSEEN
        yield from (again(life, sight) for life in lives.values() if life.rule == rule.name)


def _values(rule: Threshold, metrics: Mapping[str, float]) -> list[tuple[str, float]]:
    """Give the metric's values with their label's; keys are as `model.metrics.metric_key` writes them."""
    if not rule.label:
        return [("", metrics[rule.metric])] if rule.metric in metrics else []
    start = f"{rule.metric}{{{rule.label}="
    cut = len(start)
    return [(key[cut:-1], value) for key, value in metrics.items() if key.startswith(start)]


def _sight(rule: Threshold, limit: float | None, hold: float, value: float) -> Sight | None:
    if limit is None:
        return None
    if math.isnan(value):
        return _UNSEEN
    size = abs(value) if rule.signed else value
    if rule.below:
        return Sight(size < limit, cleared=size >= limit + rule.margin, hold=hold)
    return Sight(size > limit, cleared=size <= limit - rule.margin, hold=hold)


def _skipped(rule: Threshold, instance: str, metrics: Mapping[str, float]) -> bool:
    if not rule.skip:
        return False
    return metrics.get(metric_key(rule.skip, **{rule.label: instance}), 0.0) > 0


def _failed_units(
    record: HostRecord, on: str, lives: Lives, rule: StateRule | None
) -> Iterator[Seen]:
    if rule is None:
        return
    if "units.failed" not in record.metrics:
        yield from (again(life) for life in lives.values() if life.rule == rule.name)
        return
    failed = record.metrics["units.failed"] > 0
    names = record.facts.get("units.failed", "").split(",") if failed else ()
    for unit in filter(None, (name.strip() for name in names)):
        yield Seen(
            key_of(rule.name, on, unit),
            rule.name,
            on,
            {"host": record.name, "unit": unit},
            warning=Sight(breached=True, hold=rule.hold),
            summary=summaries.failed_unit(unit),
        )


def _look_at_service(
    record: ServiceRecord, lives: Lives, rules: Rules, now: float
) -> Iterator[Seen]:
    on = f"service:{record.name}"
    labels = {"service": record.name}
    if rule := rules.states.get(SERVICE_DOWN):
        yield _down(record.state, record.reason, key_of(rule.name, on), on, labels, rule)
    for check in record.checks:
        yield from _look_at_answer(check, on, {**labels, "check": check.name}, lives, rules, now)


def _look_at_check(record: CheckRecord, lives: Lives, rules: Rules, now: float) -> Iterator[Seen]:
    on = f"host:{record.host}" if record.host else f"check:{record.name}"
    labels = {"check": record.name} | ({"host": record.host} if record.host else {})
    if rule := rules.states.get(CHECK_DOWN):
        key = key_of(rule.name, on, record.name)
        yield _down(record.state, record.reason, key, on, labels, rule)
    yield from _look_at_answer(record, on, labels, lives, rules, now)


def _look_at_answer(
    check: CheckRecord, on: str, labels: Mapping[str, str], lives: Lives, rules: Rules, now: float
) -> Iterator[Seen]:
    """Hold an answer's own figures against their limits."""
    stale = is_stale(check, now)
    metrics = {**check.metrics, "at": check.at}
    for rule in rules.check_thresholds:
        key = key_of(rule.name, on, check.name)
        own = {key: lives[key]} if key in lives else {}
        if stale or rule.metric not in metrics:
            yield from (again(life) for life in own.values())
            continue
        value = metrics[rule.metric]
        if own or rule.is_touched(value):
            yield Seen(
                key,
                rule.name,
                on,
                labels,
                warning=_sight(rule, rule.warning, rule.warning_hold, value),
                critical=_sight(rule, rule.critical, rule.critical_hold, value),
                keep=rule.keep,
                summary=rule.summary(metrics, check.name, value),
                value=value,
            )


def _down(
    state: ServiceState, reason: str, key: str, on: str, labels: Mapping[str, str], rule: StateRule
) -> Seen:
    down, degraded = state is ServiceState.DOWN, state is ServiceState.DEGRADED
    known = down or degraded or state is ServiceState.UP
    return Seen(
        key,
        rule.name,
        on,
        labels,
        warning=Sight(down or degraded if known else None, hold=rule.hold),
        critical=Sight(down if known else None, hold=rule.hold),
        keep=rule.keep,
        summary=f"{state}: {reason}" if reason else str(state),
    )


def _look_at_feed(record: Feed, rules: Rules) -> Iterator[Seen]:
    rule = rules.states.get(SOURCE_UNREACHABLE)
    if rule is None or record.kind in OUR_FEEDS or record.state is ServiceState.PENDING:
        return
    away = record.state in (ServiceState.DOWN, ServiceState.UNKNOWN)
    seen = f"; last good answer {summaries.time_of_day(record.at)}" if record.at else ""
    yield Seen(
        key_of(rule.name, f"feed:{record.name}"),
        rule.name,
        f"feed:{record.name}",
        {"feed": record.name},
        critical=Sight(away, hold=rule.hold),
        summary=f"we cannot see the alerts of {record.name}: {record.reason or 'no answer'}{seen}",
        no_data=True,
    )


def _all_unseen(lives: Lives, but: Iterable[str]) -> Iterator[Seen]:
    yield from (again(life) for life in lives.values() if life.rule not in but)


def again(life: Life, sight: Sight = _UNSEEN) -> Seen:
    """Look at what lives already: not seen this time, unless told otherwise."""
    return Seen(
        life.key, life.rule, life.on, life.labels, warning=sight, critical=sight,
        summary=life.summary, value=life.value, no_data=life.no_data,
    )  # fmt: skip
