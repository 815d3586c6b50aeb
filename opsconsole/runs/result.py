"""Answers as actions get them, and how one SSH answer is read: the only place that sees its ending."""

import re
from collections.abc import Sequence
from typing import Final

from opsconsole.actions.api import Result, decode_json
from opsconsole.actions.argv import Given
from opsconsole.actions.steps import Request
from opsconsole.errors import ActionError, OutcomeUnknownError, TransportError
from opsconsole.model.states import Effect
from opsconsole.model.text import clean
from opsconsole.transport.base import Answer, Ending

_SUDO: Final = re.compile(
    r"(?i)sudo: .*(password|terminal is required|not allowed|may not run|not in the sudoers)"
)
_TIMED_OUT: Final = 124


class Answered:
    """A command's answer; it ended, and its exit code was allowed."""

    def __init__(self, code: int, stdout: bytes, stderr: bytes, took: float) -> None:
        self._code = code
        self._stdout = stdout
        self._stderr = stderr
        self._took = took

    @property
    def code(self) -> int:
        """The exit code."""
        return self._code

    @property
    def text(self) -> str:
        """Standard output without its last newline; a Given, because a host said it."""
        return Given(self._stdout.decode("utf-8", "replace").removesuffix("\n"))

    @property
    def lines(self) -> Sequence[str]:
        """Standard output by lines."""
        return self.text.split("\n") if self._stdout.strip() else []

    @property
    def data(self) -> bytes:
        """Standard output as it came."""
        return self._stdout

    def json(self) -> object:
        """Read the output as JSON."""
        return decode_json(self.text)

    @property
    def stderr(self) -> str:
        """Standard error."""
        return self._stderr.decode("utf-8", "replace")

    @property
    def took(self) -> float:
        """Seconds."""
        return self._took


class PlanEndsError(BaseException):
    """Planning cannot see further: what follows depends on an answer nobody has yet.

    Not an Exception, so that no plugin swallows it.
    """

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


class Planned:
    """The answer of a step that was only planned; looking at it ends the plan."""

    is_planned = True

    def __init__(self, step: str) -> None:
        self._step = step

    @property
    def code(self) -> int:
        """Not known yet."""
        raise PlanEndsError(self._step)

    @property
    def text(self) -> str:
        """Not known yet."""
        raise PlanEndsError(self._step)

    @property
    def lines(self) -> Sequence[str]:
        """Not known yet."""
        raise PlanEndsError(self._step)

    @property
    def data(self) -> bytes:
        """Not known yet."""
        raise PlanEndsError(self._step)

    def json(self) -> object:
        """Not known yet."""
        raise PlanEndsError(self._step)

    @property
    def stderr(self) -> str:
        """Not known yet."""
        raise PlanEndsError(self._step)

    @property
    def took(self) -> float:
        """Not known yet."""
        raise PlanEndsError(self._step)


def read_answer(request: Request, answer: Answer, target: str) -> Result:
    """Make a result of an answer, or the exception that says what happened.

    Raises:
        ActionError: Its end was seen, and it is not a good one.
        OutcomeUnknownError: Its end was not seen.
        TransportError: It was never started.
    """
    writes = request.effect is not Effect.READ
    match answer.ending:
        case Ending.EXITED:
            return _exited(request, answer)
        case Ending.SIGNALLED:
            raise ActionError(request.step, f"killed by {answer.signal or 'a signal'}")
        case Ending.UNREACHABLE:
            raise TransportError(target, answer.reach, answer.reason or "unreachable")
        case Ending.LOST:
            raise OutcomeUnknownError(request.step, answer.reason or "connection lost")
        case Ending.TIMED_OUT if _TIMED_OUT in request.ok and not writes:
            return Answered(_TIMED_OUT, answer.stdout, answer.stderr, answer.took)
        case Ending.TIMED_OUT | Ending.FLOODED if writes:
            raise OutcomeUnknownError(request.step, _cut_words(answer))
        case _:
            raise ActionError(request.step, _cut_words(answer))


def _cut_words(answer: Answer) -> str:
    if answer.ending is Ending.TIMED_OUT:
        return f"timed out after {answer.took:.0f} s"
    return "its output passed the limit, and it was cut off"


def _exited(request: Request, answer: Answer) -> Result:
    if answer.code in request.ok:
        return Answered(answer.code, answer.stdout, answer.stderr, answer.took)
    said = (answer.stderr.strip() or answer.stdout.strip()).split(b"\n")[-1]
    if request.http is not None:
        words = f"HTTP {answer.code}" + (f": {clean(said, 200)}" if said else "")
        raise ActionError(request.step, words, answer.code)
    if request.sudo and _SUDO.search(answer.stderr.decode("utf-8", "replace")):
        raise ActionError(
            request.step, f"needs sudo rule: {request.sudo} ({clean(said, 160)})", answer.code
        )
    words = f"exit {answer.code}" + (f": {clean(said, 200)}" if said else "")
    raise ActionError(request.step, words, answer.code)
