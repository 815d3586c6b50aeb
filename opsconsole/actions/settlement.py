"""What an executable plugin's calls ended in, and the arguments it may make of what it was told."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from opsconsole.actions.api import Result
from opsconsole.actions.argv import Given
from opsconsole.actions.params import Values
from opsconsole.actions.protocol import Answer, Call, ProtocolError, fit_text
from opsconsole.actions.wishes import Slot
from opsconsole.errors import ActionError, OpsConsoleError, OutcomeUnknownError, TransportError
from opsconsole.model.text import clean

T = TypeVar("T")


class Settlement:
    """Keeps how each call ended: the outcome is judged by it."""

    def __init__(self) -> None:
        self.answers: dict[str | int, Result] = {}
        self.errors: dict[str | int, OpsConsoleError] = {}
        self.failed: OpsConsoleError | None = None
        """The first bad end that nobody expected: from here on nothing is done any more."""
        self.planned = False
        """True: a call was only planned."""

    async def of(
        self, call: Call, done: Awaitable[T], good: Callable[[T], Answer], *, may_fail: bool
    ) -> Answer:
        """Wait for a call's end, and make what the plugin is told of it.

        Args:
            call: Which.
            done: Does it.
            good: Makes the answer of what it gave.
            may_fail: A bad end is no failure of the action; one that nobody saw always is.
        """
        try:
            return good(await done)
        except (ActionError, OutcomeUnknownError, TransportError) as error:
            self.errors[call.id] = error
            if not may_fail or isinstance(error, OutcomeUnknownError):
                self.failed = self.failed or error
            return _bad_end(error)

    async def of_command(self, call: Call, done: Awaitable[Result], *, may_fail: bool) -> Answer:
        """Wait for the end of what has an exit code or an HTTP status."""

        def good(result: Result) -> Answer:
            return self.planned_or(call, result, _command_end)

        return await self.of(call, done, good, may_fail=may_fail)

    def planned_or(
        self, call: Call, result: Result, good: Callable[[Result], Answer]
    ) -> Mapping[str, object]:
        """Keep a result; looking at one that was only planned would end the plan here."""
        self.answers[call.id] = result
        if not getattr(result, "is_planned", False):
            return good(result)
        self.planned = True
        return {"state": "planned"}


def _command_end(result: Result) -> Answer:
    stdout, cut = fit_text(result.text)
    stderr, also_cut = fit_text(result.stderr)
    return {
        "state": "done",
        "code": result.code,
        "stdout": stdout,
        "stderr": stderr,
        "truncated": cut or also_cut,
    }


def _bad_end(error: ActionError | OutcomeUnknownError | TransportError) -> Answer:
    match error:
        case ActionError():
            return {"state": "failed", "code": error.code, "reason": clean(error.reason, 400)}
        case OutcomeUnknownError():
            return {"state": "unknown", "reason": clean(error.why, 400)}
        case _:
            return {"state": "unreachable", "reason": clean(error.reason, 400)}


class Slots:
    """Fills arguments; what came from a person stays suspect when it comes back as plain text."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._given = set(values.texts.values())
        self._answers: dict[str, str] = {}

    def answered(self, call: Call, text: str) -> None:
        """Keep what a person said to a question."""
        self._answers[str(call.id)] = text
        self._given.add(text)

    def argv(self, elements: Sequence[Slot]) -> list[str | int]:
        """Fill an argument list; it is checked where it is used."""
        return [self.fill(element) for element in elements]

    def text(self, element: Slot) -> str:
        """Fill what is one text: a path, a variable."""
        found = self.fill(element)
        return found if isinstance(found, str) else str(found)

    def fill(self, element: Slot) -> str | int:
        """Fill one argument.

        Raises:
            ProtocolError: It refers to nothing.
        """
        if not isinstance(element, dict):
            given = element in self._given
            return Given(element) if given and isinstance(element, str) else element
        match list(element.items()):
            case [("param", name)]:
                return self._values.slot(name)
            case [("answer", call)] if call in self._answers:
                return Given(self._answers[call])
            case _:
                said = f"an argument is text, a number, a param or an answer, not {element}"
                raise ProtocolError(clean(said, 200))
