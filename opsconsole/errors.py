"""Every exception opsconsole raises on purpose.

OpsConsoleError
├── ConfigError        the user's files are wrong; carries every Mistake found
├── QueryError         an expression is wrong; carries the column
├── ParseError         the far side answered in words we do not know
├── TransportError     the far side could not be asked; carries `reach`
│   └── DeadlineError  the budget ran out; carries the seconds allowed
├── RefusedError       the engine will not: locked, frozen, policy, lock held; carries `code`
├── ActionError        a runbook step failed in a known way
├── OutcomeUnknownError  a write left and what it did was not observed
├── RpcError           the socket peer broke the protocol or is of another version
└── EngineError        the engine cannot start or cannot be reached
"""

from collections.abc import Sequence
from typing import NamedTuple


class OpsConsoleError(Exception):
    """The root: whatever we raise on purpose, with a message that stands alone in a status bar."""


class Mistake(NamedTuple):
    """One thing wrong in a file: where, what, and what was perhaps meant."""

    file: str
    line: int
    """From 1; 0 when the mistake is the file itself."""
    column: int
    """From 1; 0 when unknown."""
    text: str
    excerpt: str = ""
    """Two lines: what was written, and a caret under the place; empty where the column says enough."""

    def __str__(self) -> str:
        """Format as `file:line:col: text`, the form editors jump to, with the excerpt below it."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        below = "".join(f"\n    {line}" for line in self.excerpt.splitlines())
        return f"{place}: {self.text}{below}"


class ConfigError(OpsConsoleError):
    """The user's files are wrong; all mistakes are carried, in file order."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


class QueryError(OpsConsoleError):
    """An expression cannot be read; `column` counts characters from 0."""

    def __init__(self, text: str, column: int, source: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.column = column
        self.source = source

    def caret(self) -> str:
        """Show the source with a caret under the place."""
        return f"{self.source}\n{' ' * self.column}^ {self.text}"

    def excerpt(self) -> str:
        """Show the part of the source around the place, and a caret under it; empty without a source."""
        if not self.source:
            return ""
        begin = max(0, self.column - 60)
        shown = " ".join(self.source[begin : begin + 100].split("\n"))
        return f"{shown}\n{' ' * (self.column - begin)}^"


class ParseError(OpsConsoleError):
    """The far side answered in words we do not know; `seen` is the start of its answer."""

    def __init__(self, what: str, seen: str) -> None:
        super().__init__(f"{what}: cannot read {seen!r}")
        self.what = what
        self.seen = seen


class TransportError(OpsConsoleError):
    """The far side could not be asked; nothing was dispatched to it.

    `reach` is a word of `opsconsole.model.states.Reach`; `reason` a sentence for people.
    """

    def __init__(self, target: str, reach: str, reason: str) -> None:
        super().__init__(f"{target}: {reason}")
        self.target = target
        self.reach = reach
        self.reason = reason


class DeadlineError(TransportError):
    """The far side did not answer within its budget (seconds)."""

    def __init__(self, target: str, budget: float) -> None:
        super().__init__(target, "silent", f"no answer in {budget:g} s")
        self.budget = budget


class RefusedError(OpsConsoleError):
    """The engine will not do this now; `code` is a short word a script can match.

    Codes: locked, read-only, frozen, held, empty, confirm, plan, journal, param, match, unknown-action,
    unknown-target, not-running, capability, policy, approval.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class ActionError(OpsConsoleError):
    """A step ended badly in a way that was observed; `code` is its exit status when it has one."""

    def __init__(self, step: str, reason: str, code: int | None = None) -> None:
        super().__init__(f"{step}: {reason}")
        self.step = step
        self.reason = reason
        self.code = code


class OutcomeUnknownError(OpsConsoleError):
    """A write was dispatched and its outcome was not observed: never success, never failure."""

    def __init__(self, step: str, why: str) -> None:
        super().__init__(f"{step}: outcome unknown ({why})")
        self.step = step
        self.why = why


class RpcError(OpsConsoleError):
    """The peer on the socket broke the protocol, or speaks another version of it."""


class EngineError(OpsConsoleError):
    """The engine cannot start, or cannot be reached; the message says what to do."""
