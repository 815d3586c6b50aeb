"""What the rules with expressions see on one host or answer: only what is breached, or was."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from msgspec import structs

from opsconsole.alerting.life_cycle import Life, Seen, Sight
from opsconsole.alerting.past import Measures
from opsconsole.alerting.rule_env import CheckRuleEnv, FleetRuleEnv, HostRuleEnv, RuleEnv
from opsconsole.alerting.rules import Rule, RuleLevel, Rules
from opsconsole.alerting.texts import annotations_of, summary_of
from opsconsole.model.metrics import metric_key
from opsconsole.model.snapshot import CheckRecord, HostRecord, Snapshot, is_stale
from opsconsole.model.states import Severity
from opsconsole.query.evaluator import evaluate, holds
from opsconsole.query.values import UNKNOWN, as_number

UNSEEN: Final = Sight(None)
_WELL: Final = Sight(breached=False)
_BAD: Final = Sight(breached=True)
_ABSENT: Final = {"keep": UNSEEN, "ok": _WELL, "fire": _BAD}
_FAILED_UNITS: Final = "units.failed"
_UNIT_FAILED: Final = "unit.failed"
_OF_UNITS: Final = ((_UNIT_FAILED,), ("unit.restarts",))
"""A host that tells how many units failed tells of all of these that there are."""

Lives = Mapping[str, Life]


class Sky(NamedTuple):
    """What a rule may look at beside its own subject."""

    snapshot: Snapshot
    measures: Measures


def key_of(rule: str, on: str, instance: str = "") -> str:
    """Name one instance of a rule."""
    return f"{rule}|{on}|{instance}"


def again(life: Life, sight: Sight = UNSEEN) -> Seen:
    """Look at what lives already: not seen this time, unless told otherwise; its levels stay its own."""
    info, warning, critical = (
        None if sight.breached and level.since is None else sight for level in life.levels
    )
    return Seen(
        life.key, life.rule, life.on, life.labels, info=info, warning=warning, critical=critical,
        summary=life.summary, value=life.value, no_data=life.no_data, annotations=life.annotations,
    )  # fmt: skip


def look_at_metrics(
    record: HostRecord, lives: Lives, rules: Rules, sky: Sky, now: float
) -> Iterator[Seen]:
    """Look at a host's fresh sample with the rules it touches, and with those that live on it."""
    metrics = _with_units(record)
    touched = rules.screen.touched(metrics)
    if not touched and not lives and not rules.screen.always:
        return  # the usual case, hundreds of times a second
    living = {life.rule for life in lives.values()}
    for place, rule in enumerate(rules.hosts):
        if place in touched or rule.name in living or place in rules.screen.always:
            on = _HostLook(record, metrics, rule, lives, sky, now)
            yield from on.seen(touched.get(place, set()), always=place in rules.screen.always)


def look_at_answer(
    check: CheckRecord,
    on: str,
    labels: Mapping[str, str],
    lives: Lives,
    rules: Rules,
    sky: Sky,
    now: float,
) -> Iterator[Seen]:
    """Hold an answer's own figures against their limits."""
    metrics = check.metrics
    if check.latency is not None:
        metrics = {**metrics, "check.latency": check.latency}
    touched = rules.check_screen.touched(metrics)
    for place, rule in enumerate(rules.checks):
        life = lives.get(key := key_of(rule.name, on, check.name))
        if is_stale(check, now):
            if life is not None:
                yield again(life)
        elif life is not None or place in touched or place in rules.check_screen.always:
            env = CheckRuleEnv(check, sky.snapshot, sky.measures, now)
            yield from _seen(rule, key, on, labels, env, life, check.at)


def look_at_fleet(rule: Rule, lives: Lives, sky: Sky, now: float) -> Iterator[Seen]:
    """Look at what a rule asks of checks and services."""
    kind, _, name = rule.about.partition(":")
    key = key_of(rule.name, rule.about, name if kind == "check" else "")
    env = FleetRuleEnv("", sky.snapshot, sky.measures, now)
    yield from _seen(rule, key, rule.about, {kind: name}, env, lives.get(key), now)


class _HostLook:
    """One rule over one host."""

    def __init__(
        self,
        record: HostRecord,
        metrics: Mapping[str, float],
        rule: Rule,
        lives: Lives,
        sky: Sky,
        now: float,
    ) -> None:
        self._record = record
        self._metrics = metrics
        self._rule = rule
        self._on = f"host:{record.name}"
        self._lives = {life.key: life for life in lives.values() if life.rule == rule.name}
        self._sky = sky
        self._now = now

    def seen(self, touched: set[str], *, always: bool) -> Iterator[Seen]:
        """Look at the instances that were touched, and at those that live."""
        rule = self._rule
        if not rule.label:
            yield from self._instance("")
            return
        known = set(touched)
        if always or "" in touched:
            known = set(self._instances())
        for life in self._lives.values():
            known.discard(instance := life.labels.get(rule.label, ""))
            if self._exists(instance):
                known.add(instance)
            elif not self._is_told():
                yield again(life, _ABSENT[rule.no_data])
        for instance in sorted(known):
            yield from self._instance(instance)

    def _instance(self, instance: str) -> Iterator[Seen]:
        rule, sky = self._rule, self._sky
        key = key_of(rule.name, self._on, instance)
        labels = {"host": self._record.name}
        if rule.label:
            labels[rule.label] = instance
        named = (rule.label, instance)
        env = HostRuleEnv(self._record, self._metrics, named, sky.snapshot, sky.measures, self._now)
        life = self._lives.get(key)
        yield from _seen(rule, key, self._on, labels, env, life, self._record.at)

    def _instances(self) -> Iterator[str]:
        starts = tuple(f"{metric}{{{self._rule.label}=" for metric in self._rule.enumerated)
        for key in self._metrics:
            if key.startswith(starts):
                yield key.partition("=")[2][:-1]

    def _exists(self, instance: str) -> bool:
        label = self._rule.label
        return any(
            metric_key(metric, **{label: instance}) in self._metrics
            for metric in self._rule.enumerated
        )

    def _is_told(self) -> bool:
        """Tell whether the host gives the metric at all, of whatever instance."""
        if self._rule.enumerated in _OF_UNITS:
            return _FAILED_UNITS in self._metrics
        return next(self._instances(), None) is not None


def _seen(
    rule: Rule,
    key: str,
    on: str,
    labels: Mapping[str, str],
    env: RuleEnv,
    life: Life | None,
    at: float,
) -> Iterator[Seen]:
    """Evaluate one instance; nothing is said of one that does not count, or that does not exist."""
    counts = holds(rule.where, env) if rule.where is not None else True
    if counts is not True:
        if counts is UNKNOWN and life is not None:
            yield again(life)
        return
    sights = {level.severity: _sight(level, env, rule.no_data) for level in rule.levels}
    if life is None and not any(sight.breached for sight in sights.values()):
        return
    value = as_number(evaluate(rule.value, env)) if rule.value is not None else None
    seen = Seen(
        key,
        rule.name,
        on,
        {**rule.labels, **labels},
        info=sights.get(Severity.INFO),
        warning=sights.get(Severity.WARNING),
        critical=sights.get(Severity.CRITICAL),
        keep=rule.keep,
        value=value if value is None or abs(value) < math.inf else None,
    )
    if life is not None and value is not None and value == life.value and rule.eta is None:
        yield structs.replace(seen, summary=life.summary, annotations=life.annotations)
        return  # the same value reads the same
    worst = next((lvl for lvl in reversed(rule.levels) if sights[lvl.severity].breached), None)
    yield structs.replace(
        seen,
        summary=summary_of(rule, worst, env, value, labels, at),
        annotations=annotations_of(rule, worst, env, value, labels, at),
    )


def _sight(level: RuleLevel, env: RuleEnv, no_data: str) -> Sight:
    outcome = holds(level.expr, env)
    if outcome is UNKNOWN:
        absent = _ABSENT[no_data]
        return Sight(absent.breached, hold=level.hold)
    if outcome:
        return Sight(breached=True, hold=level.hold)
    cleared = level.clear is None or holds(level.clear, env) is True
    return Sight(breached=False, cleared=cleared, hold=level.hold)


def _with_units(record: HostRecord) -> Mapping[str, float]:
    """Add one metric a failed unit to what the sample has: a host tells their names as a fact."""
    if not record.metrics.get(_FAILED_UNITS):
        return record.metrics
    names: Iterable[str] = record.facts.get(_FAILED_UNITS, "").split(",")
    units = {metric_key(_UNIT_FAILED, unit=name.strip()): 1.0 for name in names if name.strip()}
    return {**record.metrics, **units}
