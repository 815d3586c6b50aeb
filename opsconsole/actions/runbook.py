"""A runbook as data: its steps, each with one verb, and what is expected of what they answer."""

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

from msgspec import Struct

from opsconsole.actions.api import Result
from opsconsole.actions.reference import Template
from opsconsole.actions.retries import Retries
from opsconsole.config.units import parse_quantity
from opsconsole.errors import ActionError
from opsconsole.model.action import ParamSpec
from opsconsole.model.states import Effect
from opsconsole.query.json_path import find
from opsconsole.query.nodes import Expr
from opsconsole.query.values import Value

_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge, "in": lambda found, value: found in value,
    "contains": lambda found, value: value in found,
}  # fmt: skip
JSON_OPERATORS: Final = tuple(_COMPARE)


class JsonTest(Struct, frozen=True):
    """`json: {path, op, value}`: what the first value at a JSONPath must be."""

    path: str
    op: str
    value: object

    def miss(self, result: Result) -> str:
        """Say what does not hold; empty when it does. What cannot be compared does not hold."""
        try:
            document = result.json()
        except ActionError as error:
            return str(error)
        found = find(self.path, cast(Value, document))
        if not found:
            return f"there is no {self.path} in the answer"
        try:
            held = _COMPARE[self.op](found[0], self.value)
        except TypeError:
            held = False
        shown = str(found[0])[:80]
        return "" if held else f"{self.path} is {shown!r}, not {self.op} {self.value!r}"


class Expectation(Struct, frozen=True):
    """What a step's answer must be; every part that is set must hold."""

    code: int | None = None
    equals: str | None = None
    contains: str | None = None
    matches: str | None = None
    """A regular expression, searched."""
    lt: float | None = None
    gt: float | None = None
    lines_lt: int | None = None
    lines_gt: int | None = None
    json: JsonTest | None = None

    def miss(self, result: Result) -> str:
        """Say what does not hold, in a sentence; empty when all of it holds."""
        missed = self._miss_text(result.text) or self._miss_count(result)
        return missed or ("" if self.json is None else self.json.miss(result))

    def _miss_text(self, text: str) -> str:
        seen = text.splitlines()[0][:80] if text else "nothing"
        if self.equals is not None and text != self.equals:
            return f"{seen!r} is not {self.equals!r}"
        if self.contains is not None and self.contains not in text:
            return f"{self.contains!r} is not in the answer"
        if self.matches is not None and not re.search(self.matches, text[:65_536]):
            return f"{seen!r} does not match {self.matches}"
        return self._miss_number(text, seen)

    def _miss_number(self, text: str, seen: str) -> str:
        if self.lt is None and self.gt is None:
            return ""
        try:
            number = parse_quantity(text)
        except ValueError:
            return f"{seen!r} is no number"
        if self.lt is not None and not number < self.lt:
            return f"{number:g} is not below {self.lt:g}"
        if self.gt is not None and not number > self.gt:
            return f"{number:g} is not above {self.gt:g}"
        return ""

    def _miss_count(self, result: Result) -> str:
        if self.code is not None and result.code != self.code:
            return f"exit {result.code} is not {self.code}"
        count = len(result.lines)
        if self.lines_lt is not None and count >= self.lines_lt:
            return f"{count} lines are not below {self.lines_lt}"
        if self.lines_gt is not None and count <= self.lines_gt:
            return f"{count} lines are not above {self.lines_gt}"
        return ""


class Exec(Struct, frozen=True, tag="exec"):
    """Run a program (`run:`), or a constant script (`sh:`) with `args` and `env`."""

    argv: tuple[Template, ...] = ()
    script: str = ""
    args: tuple[Template, ...] = ()
    env: tuple[tuple[str, Template], ...] = ()
    stdin: Template | None = None


class JsonMap(Struct, frozen=True):
    """A JSON object whose leaves may be references; names are constant."""

    items: tuple[tuple[str, object], ...]


class Call(Struct, frozen=True, tag="call"):
    """Ask a named HTTP client (`http:`)."""

    client: str
    method: str
    path: Template
    query: tuple[tuple[str, Template], ...] = ()
    body: object = None
    """A tree of JsonMap, tuples, templates and plain values; None: no body."""
    ok: tuple[int, ...] = ()
    """Statuses; empty: every 2xx."""


class Use(Struct, frozen=True, tag="use"):
    """Run another action on the same target (`use:`), with its own parameters."""

    action: str
    params: tuple[tuple[str, Template], ...] = ()
    where: str = ""
    """File, line and column, for whoever finds that there is no such action."""


class Check(Struct, frozen=True, tag="check"):
    """Ask a check: a reading action, a built-in gate, or a check of the inventory (`check:`)."""

    check: str
    params: tuple[tuple[str, Template], ...] = ()
    where: str = ""


class Until(Struct, frozen=True, tag="until"):
    """Ask again and again until the answer is as expected, `stable` times in a row."""

    look: Exec | Check
    expect: Expectation | None
    every: float
    hold: Template
    """How long to try at most; may be a parameter."""
    stable: int = 1


class Ask(Struct, frozen=True, tag="ask"):
    """Ask a person for values; they are `${save.<step>.<parameter>}` afterwards."""

    params: tuple[ParamSpec, ...]


class Pause(Struct, frozen=True, tag="pause"):
    """Wait until a person says yes."""

    text: Template


class Put(Struct, frozen=True, tag="put"):
    """Replace a file as a whole; undo gives the prior one back."""

    dest: Template
    mode: str
    content: bytes = b""
    """Of `files/<src>` of the plugin."""
    text: Template | None = None
    """Instead: a text, of one parameter or written out."""
    src: str = ""


class Get(Struct, frozen=True, tag="get"):
    """Fetch a file into the run's folder."""

    src: Template
    dest: str


class Note(Struct, frozen=True, tag="note"):
    """Say something."""

    text: Template


class Wait(Struct, frozen=True, tag="wait"):
    """Do nothing for some seconds."""

    seconds: Template


Verb = Exec | Call | Use | Check | Until | Ask | Pause | Put | Get | Note | Wait
READ_ONLY: Final = (Check, Until, Ask, Pause, Get, Note, Wait)
"""Verbs that change nothing, whatever the action does."""


class Step(Struct, frozen=True):
    """One step of a runbook."""

    id: str
    verb: Verb
    effect: Effect
    title: str = ""
    when: Expr | None = None
    save: str = ""
    timeout: float | None = None
    sudo: str | None = None
    ok: tuple[int, ...] = (0,)
    expect: Expectation | None = None
    on_fail: str = "stop"
    """stop, continue, or ask a person."""
    shows: bool = True
    """False: its output is kept in its file only (`quiet: true`)."""
    retries: Retries = Retries()
    place: str = "target"
    """target; once: by the first target for the whole run; console: on the jump host."""
    critical: bool = False
    expect_disconnect: bool = False
    undo: tuple["Step", ...] = ()
    """Pushed when the step is dispatched, run on the way back."""


class Runbook(Struct, frozen=True):
    """All steps of one action."""

    preflight: tuple[Step, ...]
    """Reads; run while planning, and again first."""
    steps: tuple[Step, ...]
    final: tuple[Step, ...]
    """`finally:`, reads; run after success and after a seen failure."""
    rollback: tuple[Step, ...] = ()
    """Run on the way back after the undos of the steps."""

    @property
    def all_steps(self) -> Iterator[Step]:
        """Every step there is, those on the way back among them."""
        for part in (self.preflight, self.steps, self.final, self.rollback):
            for step in part:
                yield step
                yield from step.undo
