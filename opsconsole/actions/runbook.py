"""A runbook as data: its steps, each with one verb, and what is expected of what they answer."""

import re

from msgspec import Struct

from opsconsole.actions.api import Result
from opsconsole.actions.reference import Template
from opsconsole.config.units import parse_quantity
from opsconsole.model.states import Effect
from opsconsole.query.nodes import Expr


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

    def miss(self, result: Result) -> str:
        """Say what does not hold, in a sentence; empty when all of it holds."""
        return self._miss_text(result.text) or self._miss_count(result)

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


class Until(Struct, frozen=True, tag="until"):
    """Ask again and again until the answer is as expected, `stable` times in a row."""

    command: Exec
    expect: Expectation | None
    every: float
    hold: Template
    """How long to try at most; may be a parameter."""
    stable: int = 1


class Note(Struct, frozen=True, tag="note"):
    """Say something."""

    text: Template


class Wait(Struct, frozen=True, tag="wait"):
    """Do nothing for some seconds."""

    seconds: Template


Verb = Exec | Until | Note | Wait


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
    goes_on: bool = False
    """`on_fail: continue`."""
    shows: bool = True
    """False: its output is kept in its file only (`quiet: true`)."""


class Runbook(Struct, frozen=True):
    """All steps of one action."""

    preflight: tuple[Step, ...]
    """Reads; run while planning, and again first."""
    steps: tuple[Step, ...]
    final: tuple[Step, ...]
    """`finally:`, reads; run after success and after a seen failure."""
