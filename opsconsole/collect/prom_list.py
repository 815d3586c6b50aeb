"""Prometheus' JSON about alerts, rules and targets (HTTP API v1) made into our records.

Thanos Ruler, Mimir, Cortex and vmalert speak the same; what they leave out is taken as nothing.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from opsconsole.collect.alert_list import clean_map, start_of
from opsconsole.errors import ParseError
from opsconsole.model.alert import fingerprint
from opsconsole.model.sample import RemoteAlert
from opsconsole.model.text import LABEL_LIMIT, MESSAGE_LIMIT, NAME_LIMIT, clean

T = TypeVar("T")
_ZERO_YEAR: Final = 2
"""A moment of year 1 is Go's way to say never."""


class _Reply(Struct):
    data: msgspec.Raw


class _Alert(Struct, rename="camel"):
    labels: dict[str, str]
    active_at: datetime | None = None
    state: str = "firing"
    annotations: dict[str, str] | None = None
    value: str = ""


class _Alerts(Struct):
    alerts: list[_Alert] | None = None


class _Rule(Struct, rename="camel"):
    name: str = ""
    duration: float = 0.0
    labels: dict[str, str] | None = None
    health: str = ""
    last_error: str = ""
    last_evaluation: datetime | None = None


class _Group(Struct):
    rules: list[_Rule] | None = None


class _Groups(Struct):
    groups: list[_Group] | None = None


class _Target(Struct, rename="camel"):
    labels: dict[str, str] | None = None
    health: str = ""
    last_error: str = ""
    scrape_url: str = ""


class _Targets(Struct, rename="camel"):
    active_targets: list[_Target] | None = None


class _Runtime(Struct, rename="camel"):
    start_time: datetime | None = None


class _Config(Struct):
    yaml: str = ""


class Rules(Struct, frozen=True):
    """What is known of a server's alerting rules."""

    waits: Mapping[str, tuple[tuple[Mapping[str, str], float], ...]] = {}
    """By alert name: each rule's fixed labels and its `for`, seconds."""
    broken: tuple[str, ...] = ()
    """`HighLoad: parse error` for each rule that does not evaluate."""
    total: int = 0
    unevaluated: int = 0
    """Rules that were not evaluated yet, since the server's start."""

    def wait_of(self, labels: Mapping[str, str]) -> float | None:
        """Give the `for` of the rule behind an alert; None when no rule is known for it."""
        found = [
            (len(fixed), wait)
            for fixed, wait in self.waits.get(labels.get("alertname", ""), ())
            if all(labels.get(name) == value for name, value in fixed.items())
        ]
        return max(found)[1] if found else None


class Targets(Struct, frozen=True):
    """What is known of a server's scrape targets."""

    total: int = 0
    down: tuple[str, ...] = ()
    """`node web1:9100: connection refused`."""


def read_rules(body: bytes) -> Rules:
    """Read `GET /api/v1/rules?type=alert`.

    Raises:
        ParseError: It is something else.
    """
    groups = _data(body, _Groups, "rules").groups or ()
    rules = [rule for group in groups for rule in group.rules or ()]
    waits: dict[str, list[tuple[Mapping[str, str], float]]] = {}
    for rule in rules:
        fixed = {name: value for name, value in (rule.labels or {}).items() if "{{" not in value}
        waits.setdefault(rule.name, []).append((fixed, rule.duration))
    return Rules(
        waits={name: tuple(found) for name, found in waits.items()},
        broken=tuple(
            clean(f"{rule.name}: {rule.last_error}", LABEL_LIMIT)
            for rule in rules
            if rule.health == "err" or rule.last_error
        ),
        total=len(rules),
        unevaluated=sum(_is_never(rule.last_evaluation) for rule in rules),
    )


def read_targets(body: bytes) -> Targets:
    """Read `GET /api/v1/targets?state=active`.

    Raises:
        ParseError: It is something else.
    """
    targets = _data(body, _Targets, "targets").active_targets or ()
    down = [target for target in targets if target.health == "down"]
    return Targets(len(targets), tuple(_target(each) for each in down))


def _target(target: _Target) -> str:
    labels = target.labels or {}
    where = labels.get("instance") or target.scrape_url
    return clean(f"{labels.get('job', '')} {where}: {target.last_error}".strip(), LABEL_LIMIT)


def read_start(body: bytes) -> float:
    """Read `GET /api/v1/status/runtimeinfo`: epoch seconds of the server's start; 0 when it does not say.

    Raises:
        ParseError: It is something else.
    """
    start = _data(body, _Runtime, "runtimeinfo").start_time
    return 0.0 if start is None or _is_never(start) else start.timestamp()


def read_config(body: bytes) -> str:
    """Read `GET /api/v1/status/config`: the server's configuration as YAML.

    Raises:
        ParseError: It is something else.
    """
    return _data(body, _Config, "configuration").yaml


class PromAlerts:
    """Reads lists of alerts; remembers fingerprints, which are dear to compute."""

    def __init__(self, drop_labels: Iterable[str]) -> None:
        self._drop = frozenset(drop_labels)
        self._prints: dict[tuple[tuple[str, str], ...], str] = {}

    def read(
        self, body: bytes, rules: Rules, external: Mapping[str, str]
    ) -> tuple[RemoteAlert, ...]:
        """Read `GET /api/v1/alerts`.

        Args:
            body: The reply.
            rules: Tell how long each was pending before it fired.
            external: Labels the server adds when it tells an Alertmanager; its API leaves them out.

        Raises:
            ParseError: It is something else.
        """
        alerts = _data(body, _Alerts, "alerts").alerts or ()
        prints: dict[tuple[tuple[str, str], ...], str] = {}
        records = tuple(self._record(alert, rules, external, prints) for alert in alerts)
        self._prints = prints
        return records

    def _record(
        self,
        alert: _Alert,
        rules: Rules,
        external: Mapping[str, str],
        prints: dict[tuple[tuple[str, str], ...], str],
    ) -> RemoteAlert:
        whole = {**external, **alert.labels}
        labels = {k: v for k, v in whole.items() if k not in self._drop and v}
        key = tuple(sorted(labels.items()))
        prints[key] = self._prints.get(key) or fingerprint(labels)
        active = 0.0 if alert.active_at is None else alert.active_at.timestamp()
        pending = alert.state == "pending"
        wait = 0.0 if pending else rules.wait_of(alert.labels) or 0.0
        return RemoteAlert(
            fingerprint=prints[key],
            labels=clean_map(labels, LABEL_LIMIT),
            annotations=clean_map(alert.annotations or {}, MESSAGE_LIMIT),
            starts_at=active + wait if active else 0.0,
            pending=pending,
            value=_number(alert.value),
            mutes_known=False,
        )


def names_of(body: bytes) -> frozenset[str]:
    """Give the names of the alerts in a list, to see whether their rules are known.

    Raises:
        ParseError: It is something else.
    """
    alerts = _data(body, _Alerts, "alerts").alerts or ()
    return frozenset(clean(a.labels.get("alertname", ""), NAME_LIMIT) for a in alerts)


def _number(text: str) -> float | None:
    """Values are texts, `9.6e+01`; NaN and infinities cannot be compared and are left out."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value - value == 0 else None


def _is_never(moment: datetime | None) -> bool:
    return moment is not None and moment.year < _ZERO_YEAR


def _data(body: bytes, kind: type[T], what: str) -> T:
    try:
        return msgspec.json.decode(msgspec.json.decode(body, type=_Reply).data, type=kind)
    except (msgspec.MsgspecError, RecursionError, ValueError, OverflowError):
        raise ParseError(f"prometheus {what}", start_of(body)) from None
