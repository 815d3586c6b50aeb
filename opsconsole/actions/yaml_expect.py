"""Reads what a step expects, how often it is tried, and the small words beside its verb."""

import re
from typing import Final

from opsconsole.actions.retries import MOST, Retries
from opsconsole.actions.runbook import JSON_OPERATORS, Expectation, JsonTest
from opsconsole.actions.spec import SpecError, read_timeout
from opsconsole.actions.yaml_keys import Keys
from opsconsole.config.loader import plain
from opsconsole.config.problems import did_you_mean
from opsconsole.config.units import parse_duration, parse_quantity
from opsconsole.query.json_path import check

_EXPECT_KEYS: Final = (
    "code", "equals", "contains", "matches", "lt", "gt", "lines_lt", "lines_gt", "json",
)  # fmt: skip
_SUDO: Final = re.compile(r"[a-z][a-z0-9-]{0,40}")
ON_FAIL: Final = ("stop", "continue", "ask")
PLACES: Final = ("target", "once", "console")


def read_expectation(keys: Keys) -> Expectation | None:
    """Read `expect:`."""
    node = keys.node("expect")
    if node is None:
        return None
    inner = Keys(node, keys.problems, "expect")
    inner.only(_EXPECT_KEYS)
    return Expectation(
        code=inner.read("code", int),
        equals=inner.text("equals"),
        contains=inner.text("contains"),
        matches=inner.read("matches", _pattern),
        lt=inner.read("lt", parse_quantity),
        gt=inner.read("gt", parse_quantity),
        lines_lt=inner.read("lines_lt", int),
        lines_gt=inner.read("lines_gt", int),
        json=_json_test(inner),
    )


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(str(error)) from None
    return text


def _json_test(keys: Keys) -> JsonTest | None:
    node = keys.node("json")
    if node is None:
        return None
    inner = Keys(node, keys.problems, "json")
    inner.only(("path", "op", "value"))
    path, op = inner.required("path"), inner.text("op") or "=="
    if wrong := check(path) if path else "":
        inner.wrong("path", wrong)
    if op not in JSON_OPERATORS:
        inner.wrong("op", f"must be one of {' '.join(JSON_OPERATORS)}")
    value = inner.node("value")
    if value is None:
        inner.wrong("value", "is missing in json")
        return None
    return JsonTest(path, op, plain(value))


def read_codes(keys: Keys, usual: tuple[int, ...] = (0,)) -> tuple[int, ...]:
    """Read `ok:`, a list of exit codes or statuses."""
    words = keys.words("ok")
    if words is None:
        return usual
    if not words or not all(re.fullmatch(r"[0-9]{1,3}", word) for word in words):
        keys.wrong("ok", "must be a list of exit codes")
        return usual
    return tuple(int(word) for word in words)


def read_retries(keys: Keys) -> Retries:
    """Read `retries:`."""
    node = keys.node("retries")
    if node is None:
        return Retries()
    inner = Keys(node, keys.problems, "retries")
    inner.only(("count", "delay", "on"))
    count = inner.read("count", int)
    if count is None or not 1 <= count <= MOST:
        inner.wrong("count", f"must be from 1 to {MOST}")
    on = inner.words("on") or ("exit", "unreachable")
    for word in on:
        if word not in ("exit", "unreachable"):
            near = did_you_mean(word, ("exit", "unreachable"))
            inner.wrong("on", f"{word} is neither exit nor unreachable{near}")
    delay = inner.read("delay", parse_duration)
    return Retries(count or 0, 2.0 if delay is None else delay, "exit" in on, "unreachable" in on)


def sudo_name(text: str) -> str:
    """Read the name of a sudo profile."""
    if not _SUDO.fullmatch(text):
        raise ValueError("is the name of a sudo profile")
    return text


def step_timeout(text: str) -> float:
    """Read a step's time limit."""
    try:
        return read_timeout(text)
    except SpecError as error:
        raise ValueError(str(error)) from None


def on_fail(text: str) -> str:
    """Read what is done after a failure."""
    if text not in ON_FAIL:
        raise ValueError("is stop, continue or ask")
    return text


def place(text: str) -> str:
    """Read where a step is done."""
    if text not in PLACES:
        near = did_you_mean(text, PLACES)
        raise ValueError(f"is target, once or console{near}")
    return text
