"""How a plugin declares what it brings beside actions; what each function is handed and gives back.

Each is an `async` function. All are read-only: a change is an action's business.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from msgspec import Struct

F = TypeVar("F", bound=Callable[..., Any])

KINDS: Final = (
    "collector", "check", "gate", "alert_source", "pane", "notifier", "inventory", "secret",
    "authorizer",
)  # fmt: skip


class Samples(Struct, frozen=True):
    """What a collector saw on one target: numbers by metric, words by fact."""

    metrics: Mapping[str, float] = {}
    """Names as the manifest's `emits` lists them; base units."""
    facts: Mapping[str, str] = {}


class Verdict(Struct, frozen=True):
    """What a check or a gate says: as a Nagios plugin would."""

    state: str
    """ok, warning, critical or unknown."""
    summary: str = ""
    perfdata: Mapping[str, float] = {}

    @classmethod
    def ok(cls, summary: str = "", **perfdata: float) -> "Verdict":
        """It is well."""
        return cls("ok", summary, perfdata)

    @classmethod
    def warning(cls, summary: str, **perfdata: float) -> "Verdict":
        """It is not well yet it serves."""
        return cls("warning", summary, perfdata)

    @classmethod
    def critical(cls, summary: str, **perfdata: float) -> "Verdict":
        """It is down."""
        return cls("critical", summary, perfdata)

    @classmethod
    def unknown(cls, summary: str) -> "Verdict":
        """It cannot tell."""
        return cls("unknown", summary)


class Table(Struct, frozen=True):
    """A data pane's rows; a cell that begins with a tone's word and a colon takes that tone: `critical:down`."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str | float]]
    title: str = ""


class Series(Struct, frozen=True):
    """Lines over time: name to values, oldest first."""

    lines: Mapping[str, Sequence[float]]
    title: str = ""


class Text(Struct, frozen=True):
    """Lines of words."""

    lines: Sequence[str]
    title: str = ""


class Proposal(Struct, frozen=True):
    """What an authorizer decides on: one plan of one person, before it is shown, started or approved."""

    action: str
    effect: str
    """write or destructive; what only reads is not asked about."""
    actor: str
    groups: tuple[str, ...] = ()
    """The actor's unix groups."""
    targets: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    """Hosts that it touches."""
    params: Mapping[str, str] = {}
    at: float = 0.0


class Decision(Struct, frozen=True):
    """What an authorizer says."""

    decision: str
    """allow, deny or need_peer; no word of these denies."""
    why: str = ""


PaneContent = Table | Series | Text


class FoundHost(Struct, frozen=True):
    """A host that an inventory knows."""

    name: str
    address: str = ""
    port: int = 22
    user: str = ""
    labels: Mapping[str, str] = {}


class FoundAlert(Struct, frozen=True):
    """A fire that an alert source knows; `key` says which it is, again and again."""

    key: str
    name: str
    labels: Mapping[str, str] = {}
    summary: str = ""
    severity: str = "warning"
    since: float = 0.0
    """Epoch seconds; 0: since it was first told."""


class Contributed(Struct, frozen=True):
    """One contribution as its author declared it."""

    kind: str
    name: str
    function: Callable[..., Awaitable[object] | AsyncIterator[object]]


class Contributing:
    """The decorators of `Plugin` beside `action`. The manifest says when and for what each is called."""

    def __init__(self) -> None:
        self.contributions: list[Contributed] = []

    def collector(self, name: str) -> Callable[[F], F]:
        """Declare `async def collect(ctx, host) -> Samples`, called for each host that matches."""
        return self._declare("collector", name)

    def check(self, name: str) -> Callable[[F], F]:
        """Declare `async def check(ctx, target, params) -> Verdict`; params is a mapping of text."""
        return self._declare("check", name)

    def gate(self, name: str) -> Callable[[F], F]:
        """Declare `async def gate(ctx, target, params) -> Verdict`, asked between batches."""
        return self._declare("gate", name)

    def alert_source(self, name: str) -> Callable[[F], F]:
        """Declare `async def alerts(ctx) -> Sequence[FoundAlert]`: all that fire now."""
        return self._declare("alert_source", name)

    def pane(self, name: str) -> Callable[[F], F]:
        """Declare `async def update(ctx) -> Table | Series | Text`."""
        return self._declare("pane", name)

    def notifier(self, name: str) -> Callable[[F], F]:
        """Declare `async def notify(ctx, event) -> None`; it never holds anything up."""
        return self._declare("notifier", name)

    def inventory(self, name: str) -> Callable[[F], F]:
        """Declare `async def hosts(ctx) -> Sequence[FoundHost]`; the last good answer is kept."""
        return self._declare("inventory", name)

    def secret(self, name: str) -> Callable[[F], F]:
        """Declare `async def get(ctx, name) -> str`."""
        return self._declare("secret", name)

    def authorizer(self, name: str) -> Callable[[F], F]:
        """Declare `async def decide(ctx, request) -> Decision`; a policy names it, and no answer denies."""
        return self._declare("authorizer", name)

    def _declare(self, kind: str, name: str) -> Callable[[F], F]:
        def declare(function: F) -> F:
            self.contributions.append(Contributed(kind, name, function))
            return function

        return declare
