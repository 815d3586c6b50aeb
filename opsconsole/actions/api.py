"""All that a plugin may import: how an action is declared, what it is handed, what it hands back.

`API` grows only when something here is taken away or changes its meaning; additions keep it.
"""

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Final, Protocol

import msgspec
from msgspec import Struct

from opsconsole.errors import ActionError, OutcomeUnknownError
from opsconsole.model.alert import Alert
from opsconsole.model.event import Event
from opsconsole.model.sample import CheckResult
from opsconsole.model.states import Confirm, Effect, ServiceState

__all__ = [
    "API",
    "ActionError",
    "Alert",
    "Body",
    "Bytes",
    "Certificate",
    "CheckResult",
    "Cidr",
    "Confirm",
    "Ctx",
    "Duration",
    "Effect",
    "Event",
    "Host",
    "Hostname",
    "Ip",
    "Log",
    "Outcome",
    "OutcomeUnknownError",
    "Param",
    "Path",
    "Percent",
    "Pid",
    "Plugin",
    "Port",
    "Result",
    "Service",
    "ServiceState",
    "Ssh",
    "Tick",
    "Unit",
    "Url",
]

API: Final = 1

PARAM_KEY: Final = "opsconsole.param"
"""Under this key a dataclass field carries what `Param` was told."""


class ParamType(Struct, frozen=True):
    """Marks an annotation with the name of its grammar (actions: the table of types)."""

    name: str


Body = Annotated[str, ParamType("text")]
Percent = Annotated[float, ParamType("percent")]
Duration = Annotated[float, ParamType("duration")]
"""Seconds."""
Bytes = Annotated[int, ParamType("bytes")]
Hostname = Annotated[str, ParamType("hostname")]
Ip = Annotated[str, ParamType("ip")]
Cidr = Annotated[str, ParamType("cidr")]
Port = Annotated[int, ParamType("port")]
Url = Annotated[str, ParamType("url")]
Unit = Annotated[str, ParamType("unit")]
Pid = Annotated[int, ParamType("pid")]
Path = Annotated[str, ParamType("path")]


def Param(  # noqa: N802 - reads as a declaration, like a type
    default: str | None = None,
    *,
    title: str = "",
    help: str = "",
    choices: Sequence[str] = (),
    choices_from: str | None = None,
    pattern: str | None = None,
    min: str | float | None = None,
    max: str | float | None = None,
    under: Sequence[str] = (),
    refuse: Sequence[str] = (),
    required: bool | None = None,
) -> Any:  # noqa: ANN401 - stands where a value of the field's own type stands, as dataclasses.field does
    """Declare one parameter: a field of the action's frozen dataclass.

    Args:
        default: As a person would type it; None makes the parameter required (unless `required=False`).
        title: The form's label.
        help: A line below it.
        choices: The closed set of values.
        choices_from: The id of a read action whose lines are offered.
        pattern: An anchored regular expression for `str`.
        min: The least number, or a quantity as typed (`1s`, `100MiB`).
        max: The greatest.
        under: Roots that a path must lie under.
        refuse: Globs of values that are never accepted.
        required: None: it is when it has no default.
    """
    told = {
        "default": default,
        "title": title,
        "help": help,
        "choices": tuple(choices),
        "choices_from": choices_from,
        "pattern": pattern,
        "min": min,
        "max": max,
        "under": tuple(under),
        "refuse": tuple(refuse),
        "required": default is None if required is None else required,
    }
    return dataclasses.field(kw_only=True, metadata={PARAM_KEY: told})


class Host(Struct, frozen=True):
    """A host as an action sees it, at the moment the plan was made."""

    name: str
    address: str = ""
    labels: Mapping[str, str] = {}
    facts: Mapping[str, str] = {}
    services: tuple[str, ...] = ()


class Service(Struct, frozen=True):
    """A service as an action sees it, with the hosts that carry it."""

    name: str
    labels: Mapping[str, str] = {}
    hosts: tuple[Host, ...] = ()
    endpoints: tuple[str, ...] = ()
    """What its checks ask: URLs, and `host:port` for TCP and TLS."""


class Certificate(Struct, frozen=True):
    """The leaf that an endpoint showed, or why it showed none."""

    address: str
    port: int
    server_name: str
    subject: str = ""
    issuer: str = ""
    names: tuple[str, ...] = ()
    """DNS and IP names it is good for."""
    not_after: float = 0.0
    """Epoch seconds."""
    fingerprint: str = ""
    """SHA-256 of the DER bytes, hexadecimal."""
    trusted: bool = True
    reason: str = ""
    """Why it is not trusted, or why nothing was shown."""


class Result(Protocol):
    """What one command did; it ended, and its exit code was among the allowed ones."""

    @property
    def code(self) -> int:
        """The exit code."""
        ...

    @property
    def text(self) -> str:
        """Standard output, decoded, without its last newline. It is data: hostile until cleaned."""
        ...

    @property
    def lines(self) -> Sequence[str]:
        """`text` by lines; empty for no output."""
        ...

    @property
    def stderr(self) -> str:
        """Standard error, decoded."""
        ...

    @property
    def took(self) -> float:
        """Seconds."""
        ...


class Ssh(Protocol):
    """Commands on the target. An argument list always: a str is a TypeError."""

    async def read(
        self,
        argv: Sequence[str | int],
        *,
        step: str = "",
        sudo: str | None = None,
        stdin: bytes = b"",
        timeout: float | None = None,
        ok: Sequence[int] = (0,),
        show: bool = False,
        max_output: int | None = None,
    ) -> Result:
        """Run a command that changes nothing.

        Args:
            argv: Program and arguments.
            step: Its name in the journal; by default the program's.
            sudo: A declared sudo profile; None runs it as the login user.
            stdin: Fed to it; end of file follows.
            timeout: Seconds; never beyond the action's own.
            ok: Exit codes that are no failure.
            show: Put its output into the run's output as it comes.
            max_output: Bytes kept.

        Raises:
            ActionError: It ended badly, and that was seen.
            OutcomeUnknownError: Its end was not seen.
            TransportError: It was never started.
        """
        ...

    async def write(
        self,
        argv: Sequence[str | int],
        *,
        step: str = "",
        sudo: str | None = None,
        stdin: bytes = b"",
        timeout: float | None = None,
        ok: Sequence[int] = (0,),
        show: bool = True,
        max_output: int | None = None,
    ) -> Result:
        """Run a command that changes something: journaled before its first byte leaves. See `read`."""
        ...


class Log(Protocol):
    """Lines for people, in the run's output."""

    def info(self, text: str) -> None:
        """Say something."""
        ...

    def warning(self, text: str) -> None:
        """Say something that is not well."""
        ...


class Tick(Protocol):
    """One round of `ctx.until`."""

    elapsed: float
    """Seconds since the wait began."""

    def note(self, text: str) -> None:
        """Say where it stands; equal notes in a row are said once."""
        ...


class Ctx(Protocol):
    """The only door to side effects. It owns time, journal, confirmation, quoting and limits."""

    @property
    def run_id(self) -> str:
        """The run this belongs to."""
        ...

    @property
    def now(self) -> float:
        """Epoch seconds of the engine."""
        ...

    @property
    def alert(self) -> Alert | None:
        """The fire the person stood on."""
        ...

    @property
    def ssh(self) -> Ssh:
        """Commands on the target."""
        ...

    @property
    def log(self) -> Log:
        """Lines for people."""
        ...

    def until(self, seconds: float, *, every: float = 2.0) -> AsyncIterator[Tick]:
        """Give a tick now and then every `every` seconds, until `seconds` have passed."""
        ...

    async def wait(self, seconds: float) -> None:
        """Do nothing for a while."""
        ...

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Say how far it is."""
        ...

    def table(self, rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> None:
        """Show rows in columns that line up."""
        ...

    async def checks(self) -> Sequence[CheckResult]:
        """Run every check of the target now.

        Raises:
            ActionError: This engine cannot.
        """
        ...

    async def events(self, since: float) -> Sequence[Event]:
        """Read what happened to the target since an epoch second: runs, deploys, notes."""
        ...

    async def tls(self, address: str, port: int, server_name: str) -> Certificate:
        """Fetch the certificate an endpoint shows for a name."""
        ...


class Outcome(Struct, frozen=True):
    """How it went, in the action's own judgement; the engine overrules it where a write is unsettled."""

    state: str
    """changed, unchanged or failed."""
    summary: str = ""

    @classmethod
    def changed(cls, *, before: str = "", after: str = "") -> "Outcome":
        """It was made different, and that was seen."""
        return cls("changed", " → ".join(word for word in (before, after) if word))

    @classmethod
    def unchanged(cls, summary: str = "") -> "Outcome":
        """Nothing was made different; a read ends so."""
        return cls("unchanged", summary)

    @classmethod
    def failed(cls, reason: str, *, evidence: Result | None = None) -> "Outcome":
        """It did not reach its aim; the evidence's last line is quoted."""
        last = evidence.lines[-1] if evidence is not None and evidence.lines else ""
        return cls("failed", f"{reason}: {last}" if last and last not in reason else reason)


ActionFunction = Callable[..., Awaitable[Outcome | None]]
"""`async def f(ctx, target)` or `async def f(ctx, target, params)`; params is a frozen dataclass."""


class Declared(Struct, frozen=True):
    """One action as its author declared it."""

    name: str
    function: ActionFunction
    fields: Mapping[str, object]


class Plugin:
    """A module's actions; its id is the first half of every action id."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.actions: list[Declared] = []

    def action(
        self,
        name: str,
        *,
        title: str,
        scope: str,
        effect: str,
        idempotent: bool,
        arity: str = "many",
        doc: str = "",
        owner: str = "",
        tags: Sequence[str] = (),
        match: str | None = None,
        needs: Sequence[str] = (),
        confirm: str | None = None,
        max_parallel: int = 8,
        stop_on_failure: bool = False,
        max_targets: int | None = None,
        timeout: str | float = 60.0,
        keys: str = "",
        output: str = "fold",
    ) -> Callable[[ActionFunction], ActionFunction]:
        """Declare the function below as an action; words as in a YAML runbook."""
        fields = {
            key: value
            for key, value in locals().items()
            if key not in ("self", "name") and value is not None
        }

        def declare(function: ActionFunction) -> ActionFunction:
            told = {"doc": (function.__doc__ or "").strip(), **fields}
            told["doc"] = fields["doc"] or told["doc"]
            self.actions.append(Declared(name, function, told))
            return function

        return declare


def decode_json(text: str) -> object:
    """Read JSON that a command wrote.

    Raises:
        ActionError: It is no JSON.
    """
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ActionError("json", str(error)) from None
