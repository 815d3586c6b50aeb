"""Tests of rules as files: what hosts and checks would say, step by step, and which alerts that should make."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from opsconsole.config import kinds
from opsconsole.config.fields import (
    Field,
    Kind,
    Values,
    describe,
    list_of,
    map_of,
    record_of,
    table,
)
from opsconsole.config.loader import Node, Scalar, read_file
from opsconsole.config.problems import Mark, Problems, did_you_mean
from opsconsole.config.units import parse_quantity, show_duration
from opsconsole.model.metrics import METRICS
from opsconsole.model.states import Reach, ServiceState, Severity

STEPS_LIMIT: Final = 20_000
_TOKEN: Final = re.compile(
    r"(_|-?[0-9.]+[a-wyzA-Z%]*)(?:([+-])([0-9.]+[a-wyzA-Z%]*))?(?:x([0-9]{1,5}))?"
)
_WORD: Final = re.compile(r"([a-z-]+?)(?:x([0-9]{1,5}))?")
_SPAN: Final = kinds.duration(0, 86400 * 400, "a time up to 400d")


class Played(Struct, frozen=True):
    """What one host, check or service says: a value or a word a step; None where it says nothing."""

    words: tuple[str, ...] = ()
    """`reach` of a host, `state` of the others; the last one stays."""
    series: Mapping[str, tuple[float | None, ...]] = {}
    labels: Mapping[str, str] = {}


class Expected(Struct, frozen=True):
    """One alert that should be there; what is None or empty is not compared."""

    alert: str
    on: str = ""
    severity: str = ""
    state: str = ""
    labels: Mapping[str, str] = {}
    summary: str | None = None


class Moment(Struct, frozen=True):
    """What should be so at one time, seconds from the start."""

    at: float
    alerts: tuple[Expected, ...]
    mark: Mark
    alert: str = ""
    """Only alerts of this name are compared; empty: all."""


class Fixture(Struct, frozen=True):
    """One test."""

    name: str
    interval: float
    hosts: Mapping[str, Played]
    checks: Mapping[str, Played]
    services: Mapping[str, Played]
    moments: tuple[Moment, ...]
    mark: Mark


class FixtureFile(Struct, frozen=True):
    """One file of tests."""

    rule_files: tuple[str, ...] = ()
    tests: tuple[Fixture, ...] = ()


def _series() -> Kind[tuple[float | None, ...]]:
    """`50%x9 9%+0x20 _x3 1 2`: as promtool writes them, with our units."""

    def read(node: Node, problems: Problems) -> tuple[float | None, ...] | None:
        if not isinstance(node, Scalar):
            problems.add(node.mark, f"must be values like `50%x9 9%x20`, not {describe(node)}")
            return None
        found: list[float | None] = []
        for token in re.sub(r"\s+x(?=[0-9])", "x", node.text).split():
            try:
                found += _values(token)
            except ValueError as error:
                problems.add(node.mark, f"{token[:40]!r}: {error}")
                return None
        return tuple(found)

    return Kind(read, {"type": ["string", "number"]})


def _values(token: str) -> list[float | None]:
    parts = _TOKEN.fullmatch(token)
    if parts is None:
        raise ValueError("values are like 5, 50%x9, 10+2x5, _x3")
    first, sign, step, times = parts.groups()
    count = int(times or 0)
    if count > STEPS_LIMIT:
        raise ValueError(f"at most {STEPS_LIMIT} steps")
    if first == "_":
        return [None] * (count or 1)
    begin = _number(first)
    rise = _number(step) * (-1 if sign == "-" else 1) if step else 0.0
    return [begin + rise * index for index in range(count + 1)]


def _number(text: str) -> float:
    value = parse_quantity(text.removeprefix("-"))
    return -value if text.startswith("-") else value


def _words(known: tuple[str, ...]) -> Kind[tuple[str, ...]]:
    def read(node: Node, problems: Problems) -> tuple[str, ...] | None:
        found: list[str] = []
        text = node.text if isinstance(node, Scalar) else ""
        for token in re.sub(r"\s+x(?=[0-9])", "x", text).split():
            parts = _WORD.fullmatch(token)
            if parts is None or parts[1] not in known:
                near = did_you_mean(parts[1] if parts else token, known)
                problems.add(node.mark, f"{token[:40]!r} is none of {', '.join(known)}{near}")
                return None
            found += [parts[1]] * (min(int(parts[2] or 0), STEPS_LIMIT) + 1)
        return tuple(found)

    return Kind(read, {"type": "string"})


def _metric() -> Kind[str]:
    text = kinds.text(400)

    def read(node: Node, problems: Problems) -> str | None:
        key = text.read(node, problems)
        name = (key or "").partition("{")[0]
        if key is None or name in METRICS or name.startswith(("perf.", "phases.")):
            return key
        problems.add(node.mark, f"no metric is called {name}{did_you_mean(name, METRICS)}")
        return None

    return Kind(read, {"type": "string"})


SERIES = Field(
    "series", map_of(_metric(), _series()), "Values by metric: {cpu.busy: 50%x9 99%x20}."
)
LABELS = Field("labels", map_of(kinds.label, kinds.text()), "Labels of the host.")
REACH = Field("reach", _words(tuple(Reach)), "How far we get: up x9 no-answer x5.")
STATE = Field("state", _words(tuple(ServiceState)), "What it is: up x9 down x5.")
HOST: Final = table("a host of a test", SERIES, LABELS, REACH)
OTHER: Final = table("a check of a test", SERIES, STATE)


def _played(values: Values, word: Field[tuple[str, ...]]) -> Played:
    return Played(values.value(word, ()), values.value(SERIES, {}), values.value(LABELS, {}))


_HOSTS: Final = map_of(kinds.name, record_of(HOST, lambda v, _: _played(v, REACH)))
_OTHERS: Final = map_of(kinds.text(), record_of(OTHER, lambda v, _: _played(v, STATE)))

ALERT = Field("alert", kinds.name, "The alert's name.", required=True)
ON = Field("on", kinds.text(), "What it is on: host:db1.")
SEVERITY = Field("severity", kinds.choice(tuple(Severity)), "How bad it is.")
FIRE_STATE = Field("state", kinds.choice(("firing", "recovering")), "Where it stands.")
SUMMARY = Field("summary", kinds.text(1000), "What it says.")
EXPECTED: Final = table(
    "an alert that is expected", ALERT, ON, SEVERITY, FIRE_STATE, LABELS, SUMMARY
)


def _expected(values: Values, _: Problems) -> Expected | None:
    name = values.get(ALERT)
    if name is None:
        return None
    return Expected(
        name,
        values.value(ON, ""),
        values.value(SEVERITY, ""),
        values.value(FIRE_STATE, ""),
        values.value(LABELS, {}),
        values.get(SUMMARY),
    )


AT = Field("at", _SPAN, "When, from the start: 25m.", required=True)
ONLY = Field("alert", kinds.name, "Compare only alerts of this name.")
ALERTS = Field("alerts", list_of(record_of(EXPECTED, _expected)), "What fires then.", required=True)
MOMENT: Final = table("an expectation", AT, ONLY, ALERTS)


def _moment(values: Values, _: Problems) -> Moment:
    only = values.value(ONLY, "")
    return Moment(values.value(AT, 0.0), values.value(ALERTS, ()), values.mark, only)


NAME = Field("name", kinds.text(200), "What it shows.")
INTERVAL = Field(
    "interval", kinds.duration(0.1, 86400, "a time from 100ms to 1d"), "Time of a step."
)
HOSTS = Field("hosts", _HOSTS, "Hosts by name.")
CHECKS = Field("checks", _OTHERS, "Checks by name.")
SERVICES = Field("services", _OTHERS, "Services by name.")
EXPECT = Field("expect", list_of(record_of(MOMENT, _moment)), "What should be so.", required=True)
TEST: Final = table("a test", NAME, INTERVAL, HOSTS, CHECKS, SERVICES, EXPECT)


def _test(values: Values, problems: Problems) -> Fixture:
    interval = values.value(INTERVAL, 60.0)
    moments = values.value(EXPECT, ())
    if moments and max(one.at for one in moments) > interval * STEPS_LIMIT:
        end = show_duration(interval * STEPS_LIMIT)
        problems.add(values.place(EXPECT), f"steps of {show_duration(interval)} reach to {end}")
    return Fixture(
        name=values.value(NAME, str(values.mark)),
        interval=interval,
        hosts=values.value(HOSTS, {}),
        checks=values.value(CHECKS, {}),
        services=values.value(SERVICES, {}),
        moments=tuple(sorted(moments, key=lambda one: one.at)),
        mark=values.mark,
    )


TESTS = Field("tests", list_of(record_of(TEST, _test)), "The tests.", required=True)
RULE_FILES = Field("rule_files", list_of(kinds.path(), or_one=True), "Rules to test beside ours.")
FILE: Final = table("a file of tests", TESTS, RULE_FILES)


def read_fixtures(path: Path) -> FixtureFile:
    """Read a file of tests.

    Raises:
        ConfigError: All its mistakes.
    """
    problems = Problems()
    values = FILE.read(read_file(path, problems), problems)
    problems.raise_if_any()
    assert values is not None
    return FixtureFile(values.value(RULE_FILES, ()), values.value(TESTS, ()))
