"""What an implementation is: a function over a door; and what it may ask of the door, one request a step."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from opsconsole.actions.api import Ctx, Host, Outcome, Result, Service
from opsconsole.actions.params import Values
from opsconsole.model.action import ActionSpec
from opsconsole.model.run import Question
from opsconsole.model.states import Effect

Target = Host | Service


class Request(Struct, frozen=True):
    """One command of one step; argv, or a constant script with arguments."""

    step: str
    effect: Effect
    argv: tuple[str, ...] = ()
    """Already through `build_argv`."""
    script: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = {}
    stdin: bytes = b""
    sudo: str | None = None
    timeout: float | None = None
    ok: tuple[int, ...] = (0,)
    show: bool = False
    """Its output goes into the run's output as it comes."""
    max_output: int | None = None
    preflight: bool = False
    """A read that is also run while planning."""
    expect_disconnect: bool = False
    """It takes the host down (a reboot): its end is another boot id, not an exit code."""


@dataclass(frozen=True, slots=True)
class Undo:
    """How one step is taken back."""

    step: str
    """The step it takes back; it counts only if that step was dispatched. Empty: any write of the target."""
    title: str
    """For people: `undrain`, or the exact words of what it does."""
    run: Callable[["Door"], Awaitable[object]]
    """Does it, over a door of its own; raises as a step does."""


class Door(Ctx, Protocol):
    """The context with the entry that front ends other than Python use."""

    async def execute(self, request: Request) -> Result:
        """Run one request; raises as `Ssh.read` does."""
        ...

    @property
    def planning(self) -> bool:
        """True: nothing is run, requests are only noted."""
        ...

    async def push_undo(self, undo: Undo) -> None:
        """Keep how a step is taken back, before the step is dispatched; last in, first out. On disk on return.

        Raises:
            JournalError: It cannot be recorded, and the step may not be dispatched.
        """
        ...

    async def ask(self, question: Question) -> Mapping[str, str]:
        """Ask a person and wait: the target's time stands still meanwhile. Id and target are filled in here.

        Returns:
            The answers as typed, by parameter, each of its grammar.

        Raises:
            ActionError: Refused, or nobody answered in time: it never means yes.
        """
        ...


class Impl(Protocol):
    """What runs an action on one target."""

    async def run(self, door: Door, target: Target, values: Values) -> Outcome | None:
        """Do it. None: judge by what was written.

        Raises:
            ActionError: A step failed and that was seen.
            OutcomeUnknownError: A step's end was not seen.
            TransportError: A step could not be started.
        """
        ...


@dataclass(frozen=True, slots=True)
class Action:
    """A specification and what carries it out."""

    spec: ActionSpec
    impl: Impl
    plugin: str
