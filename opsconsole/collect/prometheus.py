"""Asks a Prometheus, or a ruler that speaks its API, for alerts with values, broken rules, targets down."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from msgspec import Struct

from opsconsole.clock import Clock
from opsconsole.collect.member import Member, clock_of, failed, problem
from opsconsole.collect.prom_list import (
    PromAlerts,
    Rules,
    Targets,
    names_of,
    read_config,
    read_rules,
    read_start,
    read_targets,
)
from opsconsole.collect.source_asker import SourceAsker, digest_of
from opsconsole.collect.source_probe import BIG
from opsconsole.config.loader import Map, parse_yaml, plain
from opsconsole.errors import ConfigError, ParseError
from opsconsole.model.alert import fingerprint
from opsconsole.model.sample import RemoteAlert
from opsconsole.transport.http_answer import HttpAnswer

T = TypeVar("T")
_RULES_EVERY: Final = 60.0
_CONFIG_EVERY: Final = 600.0
_NAMED: Final = 3
"""Broken rules or lost targets that a summary names."""
RULES_BROKEN: Final = "RulesBroken"
TARGETS_DOWN: Final = "TargetsDown"


class _Known(Struct):
    """What is known of one member from earlier polls."""

    digest: bytes = b""
    alerts: tuple[RemoteAlert, ...] = ()
    rules: Rules = Rules()
    rules_at: float = -1e9
    targets: Targets = Targets()
    external: Mapping[str, str] = {}
    external_at: float = -1e9


class PrometheusReader:
    """Reads `/api/v1/alerts` each time, rules and targets once a minute, external labels every ten."""

    def __init__(self, asker: SourceAsker, clock: Clock) -> None:
        self._asker = asker
        self._source = asker.source
        self._clock = clock
        self._reader = PromAlerts(asker.source.drop_labels)
        self._known: dict[str, _Known] = {}
        self._since: dict[str, float] = {}

    async def ask(self, url: str) -> Member:
        """Ask one member."""
        known = self._known.setdefault(url, _Known())
        async with asyncio.TaskGroup() as group:
            told = group.create_task(self._asker.get(url, "/api/v1/alerts"), name="alerts")
            runtime = group.create_task(
                self._asker.get(url, "/api/v1/status/runtimeinfo"), name="runtimeinfo"
            )
        answer = told.result()
        if why := problem(answer):
            return failed(url, answer, why)
        try:
            await self._refresh(url, known, answer)
            alerts = await self._read(known, answer)
            started = 0.0 if problem(runtime.result()) else read_start(runtime.result().body)
        except ParseError as error:
            return Member(url, reason=f"bad reply: {error}")
        waiting = known.rules.unevaluated
        return Member(
            url, started, clock_of(answer), None, (*alerts, *self._own(known)),
            size=len(answer.body), partial=waiting > 0,
            note=f"{waiting} of {known.rules.total} rules not evaluated yet" if waiting else "",
        )  # fmt: skip

    async def _refresh(self, url: str, known: _Known, answer: HttpAnswer) -> None:
        """Ask for what changes seldom when it is old, or when an alert's rule is not known."""
        now = self._clock.monotonic()
        if not self._source.external_labels and now - known.external_at >= _CONFIG_EVERY:
            known.external_at = now
            external = await self._external(url)
            if external is not None and external != known.external:
                known.external, known.digest = external, b""
        due = now - known.rules_at >= _RULES_EVERY or known.rules.unevaluated > 0
        strange = digest_of(answer.body) != known.digest and not (
            names_of(answer.body) <= known.rules.waits.keys()
        )
        if due or strange:
            known.rules_at = now
            await self._rules_and_targets(url, known)

    async def _rules_and_targets(self, url: str, known: _Known) -> None:
        async with asyncio.TaskGroup() as group:
            path = "/api/v1/rules?type=alert&exclude_alerts=true"
            rules = group.create_task(self._asker.get(url, path), name="rules")
            path = "/api/v1/targets?state=active"
            targets = group.create_task(self._asker.get(url, path), name="targets")
        if not problem(rules.result()):
            found = await _parse(read_rules, rules.result().body)
            if found.waits != known.rules.waits:
                known.digest = b""
            known.rules = found
        if not problem(targets.result()):  # a ruler has none and says 404
            known.targets = await _parse(read_targets, targets.result().body)

    async def _read(self, known: _Known, answer: HttpAnswer) -> tuple[RemoteAlert, ...]:
        """Read the list, unless it is the same bytes as last time."""
        digest = digest_of(answer.body)
        if known.digest != digest:
            external = self._source.external_labels or known.external
            args = (answer.body, known.rules, external)
            big = len(answer.body) >= BIG
            read = self._reader.read
            known.alerts = await asyncio.to_thread(read, *args) if big else read(*args)
            known.digest = digest
        return known.alerts

    async def _external(self, url: str) -> Mapping[str, str] | None:
        """Read the external labels from the server's own configuration; None when it does not show it."""
        answer = await self._asker.get(url, "/api/v1/status/config")
        if problem(answer):
            return None
        try:
            text = read_config(answer.body)
            tree = await asyncio.to_thread(parse_yaml, text, "prometheus.yml")
        except (ParseError, ConfigError):
            return None
        part = tree.get("global") if isinstance(tree, Map) else None
        labels = part.get("external_labels") if isinstance(part, Map) else None
        if not isinstance(labels, Map):
            return {}
        return {name: str(plain(value)) for name, value in labels.entries.items()}

    def _own(self, known: _Known) -> tuple[RemoteAlert, ...]:
        """Tell of what is wrong with the server itself: one row for its rules, one for its targets."""
        broken, down = known.rules.broken, known.targets.down
        return (
            *self._trouble(RULES_BROKEN, broken, f"of {known.rules.total} rules do not evaluate"),
            *self._trouble(TARGETS_DOWN, down, f"of {known.targets.total} targets are down"),
        )

    def _trouble(self, name: str, what: tuple[str, ...], text: str) -> tuple[RemoteAlert, ...]:
        if not what:
            self._since.pop(name, None)
            return ()
        labels = {"alertname": name, "feed": self._source.name, "severity": "warning"}
        more = f" and {len(what) - _NAMED} more" if len(what) > _NAMED else ""
        summary = f"{len(what)} {text}: {'; '.join(what[:_NAMED])}{more}"
        since = self._since.setdefault(name, self._clock.now())
        return (
            RemoteAlert(
                fingerprint(labels), labels, {"summary": summary}, since,
                value=float(len(what)), mutes_known=False,
            ),
        )  # fmt: skip


async def _parse(read: Callable[[bytes], T], body: bytes) -> T:
    """Read a body here, or in a thread when it is big."""
    return await asyncio.to_thread(read, body) if len(body) >= BIG else read(body)
