"""What an implementation is: a function over a door; and what it may ask of the door, one request a step."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from msgspec import Struct

from opsconsole.actions.api import Ctx, Host, Outcome, Result, Service
from opsconsole.actions.aside import Aside
from opsconsole.actions.grammars import World
from opsconsole.actions.params import Values
from opsconsole.model.action import ActionSpec
from opsconsole.model.run import Question
from opsconsole.model.states import Effect

Target = Host | Service


class HttpCall(Struct, frozen=True):
    """One call of a named HTTP client, as it will be sent; credentials are the client's own."""

    client: str
    method: str
    path: str
    """Below the client's base URL; begins with `/`, already encoded."""
    query: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    """JSON; empty: none."""

    @property
    def words(self) -> str:
        """What people read: `PUT lb /pools/web/members/web01 {"state":"drain"}`."""
        pairs = "&".join(f"{name}={value}" for name, value in self.query)
        where = f"{self.path}?{pairs}" if pairs else self.path
        return f"{self.method} {self.client} {where} {self.body.decode()}".rstrip()


class Request(Struct, frozen=True):
    """One thing of one step: a command (argv, or a constant script with arguments) or an HTTP call."""

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
    """Exit codes, or HTTP statuses, that are no failure."""
    show: bool = False
    """Its output goes into the run's output as it comes."""
    max_output: int | None = None
    preflight: bool = False
    """A read that is also run while planning."""
    http: HttpCall | None = None
    """Set: it is a call, and nothing of a command is."""
    on_console: bool = False
    """True: a command on the jump host, not on the target."""
    expect_disconnect: bool = False
    """Its own doing ends the connection (a reboot): the outcome is the host coming back."""
    critical: str = ""
    """Why an interrupt must wait until it is over; empty: it need not."""
    shown: str = ""
    """What people read in a plan instead of the argument list: `put nginx.conf to /etc/nginx/nginx.conf`."""
    hear: Callable[[str, bytes], None] | None = None
    """Told each chunk of its output: stream and bytes."""


class CheckAnswer(Struct, frozen=True):
    """What a check said."""

    state: str
    """ok, warning, critical or unknown."""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Undo:
    """How one step is taken back."""

    step: str
    """The step it takes back; it counts only if that step was dispatched. Empty: any write of the target."""
    title: str
    """For people: `undrain`, or the exact words of what it does."""
    run: Callable[["Door"], Awaitable[object]]
    """Does it, over a door of its own; raises as a step does."""
    plain: tuple[Request, ...] = ()
    """The same as requests that stand for themselves, so that a later engine can do it; empty: it is code."""


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

    async def inquire(self, question: Question) -> Mapping[str, str]:
        """Ask a person and wait: the target's time stands still meanwhile. Id and target are filled in here.

        Returns:
            The answers as typed, by parameter, each of its grammar.

        Raises:
            ActionError: Refused, or nobody answered in time: it never means yes.
        """
        ...

    async def check(self, name: str, params: Mapping[str, str]) -> CheckAnswer:
        """Ask a built-in gate (`core.no-new-alerts`) or a check of the inventory (`shop/web01`) once.

        Raises:
            ActionError: There is none of that name.
        """
        ...

    async def once(self, step: str, work: Callable[[], Awaitable[object]]) -> object:
        """Do something for the whole run: the first target does it, the others get what it gave or raised."""
        ...

    def within(self, step: str, action: "Action", *, preflight: bool = False) -> "Door":
        """Give the door for an action used inside a step: its steps are called `step/...`, its limits hold too.

        With `preflight` its reads are also run while planning.
        """
        ...

    async def foresee(
        self, step: str, work: Callable[[], Awaitable[Outcome | None]], *, said: str = ""
    ) -> Outcome | None:
        """Do something whose result nothing else rests on: a plan goes on behind it, whatever it cannot tell.

        With `said` a plan only says so and does not look into it.
        """
        ...

    def tells(self, request: Request) -> bool:
        """Tell whether a request's answer is known now; always, but for what a plan only notes."""
        ...

    @property
    def world(self) -> World:
        """What exists, for parameters that name something."""
        ...

    @property
    def action(self) -> "Action":
        """The action this door is for."""
        ...

    @property
    def aside(self) -> Aside | None:
        """Where plugins' Python runs; None: on the loop of the engine itself."""
        ...

    @property
    def service(self) -> Service | None:
        """The service a host is worked on for."""
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


@runtime_checkable
class Reversible(Protocol):
    """An implementation with a way back beside the undos of its steps."""

    @property
    def has_rollback(self) -> bool:
        """Tell whether there is one."""
        ...

    async def rollback(self, door: Door, target: Target, values: Values) -> Outcome | None:
        """Take it back on a target that dispatched a write; raises as `run` does."""
        ...


def way_back(impl: object) -> Reversible | None:
    """Give an implementation's way back; None: it has none."""
    return impl if isinstance(impl, Reversible) and impl.has_rollback else None


class Reference(Struct, frozen=True):
    """One place where an action names another."""

    action: str
    where: str
    """`file:line:column`."""
    params: Mapping[str, str] = {}
    """As written, references and all."""
    reads: bool = False
    """True: only a reading action may stand there."""
    is_conditional: bool = False
    """True: whether it is done is decided by a `when`."""
    is_check: bool = False
    """True: it may also be a built-in gate or a check of the inventory."""


@dataclass(frozen=True, slots=True)
class Action:
    """A specification and what carries it out."""

    spec: ActionSpec
    impl: Impl
    plugin: str
    uses: tuple["Reference", ...] = ()
    """Other actions it runs, as they were written; found by `linking.link`."""
    used: Mapping[str, "Action"] = field(default_factory=dict)
    """Those actions, by id, once they are found."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """The plugin's `scripts/` and `files/` by relative name, read when it was loaded; part of the digest."""
