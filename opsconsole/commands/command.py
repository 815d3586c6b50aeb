"""One command: what a key, a `:` line, the palette, the help and the footer share."""

from collections.abc import Callable, Sequence
from enum import StrEnum

from msgspec import Struct

from opsconsole.model.selection import Selection
from opsconsole.model.snapshot import Snapshot

Reason = Callable[[Snapshot, Selection, float], str]
"""Says why a command cannot be used now; empty when it can. The float is `now`, epoch seconds."""


class Where(StrEnum):
    """Where a command has a meaning."""

    ANYWHERE = "anywhere"
    ROWS = "rows"
    """Every pane with rows, lists among them."""
    TABLES = "tables"
    """Panes whose rows can be narrowed and sorted."""
    FIRES = "fires"
    """A fire under the cursor, in the pane or its drill-down."""
    OBJECTS = "objects"
    """A host, a service or a fire under the cursor."""
    HOSTS = "hosts"
    """A host under the cursor, or something that is on one."""
    TEXTS = "texts"
    """Logs and output."""
    MUTABLE = "mutable"
    """A fire, a silence or a maintenance window under the cursor."""
    RUNS = "runs"
    """A run under the cursor or on the screen."""
    INCIDENTS = "incidents"
    """An incident under the cursor or on the screen."""


class Argument(Struct, frozen=True):
    """One word after a command's name on the `:` line."""

    name: str
    kind: str = "text"
    """text, order (both take the rest), word, duration, theme, layout, name, action, run, view, freeze, pane."""
    required: bool = True


class Command(Struct, frozen=True):
    """One thing a person can do."""

    id: str
    """Stable; users map ids to keys."""
    title: str
    """What the footer and the help say: short, a verb first."""
    keys: tuple[str, ...] = ()
    """Textual key names, in the order they are shown."""
    line: str = ""
    """Its name on the `:` line; empty: only by key and palette."""
    aliases: tuple[str, ...] = ()
    group: str = "app"
    """Heading in the help: move, panes, find, select, look, fires, act, time, app."""
    where: Where = Where.ANYWHERE
    arguments: tuple[Argument, ...] = ()
    help: str = ""
    """One sentence more, for the help and the palette."""
    changes: bool = False
    """True: may change something outside; never done by one key alone."""
    reason: Reason | None = None
    footer: int = 0
    """Place in the footer, 1 first; 0: not there."""

    def disabled_reason(self, snapshot: Snapshot, selection: Selection, now: float = 0.0) -> str:
        """Say why it does nothing here and now; empty when it works."""
        at = now or snapshot.now
        if not applies(self.where, selection):
            return f"{self.title} works on {_WORKS_ON[self.where]}"
        return self.reason(snapshot, selection, at) if self.reason is not None else ""

    @property
    def usage(self) -> str:
        """Write it as on the `:` line: `:unlock DURATION REASON`."""
        words = [f":{self.line}"]
        for argument in self.arguments:
            word = argument.name.upper()
            words.append(word if argument.required else f"[{word}]")
        return " ".join(words)


_TABLES = frozenset(
    {
        "fires",
        "hosts",
        "services",
        "activity",
        "runs",
        "targets",
        "procs",
        "disks",
        "capacity",
        "odd",
    }
)
ROWS = "rows"
"""Where one stands in a list that is neither narrowed nor sorted."""
_TEXTS = frozenset({"log", "output", "text"})
_OBJECTS = frozenset({"alert", "group", "host", "service"})
_KINDS = {
    Where.FIRES: frozenset({"alert", "group"}),
    Where.OBJECTS: _OBJECTS,
    Where.HOSTS: _OBJECTS,
    Where.MUTABLE: frozenset({"alert", "group", "silence", "window"}),
    Where.RUNS: frozenset({"run"}),
    Where.INCIDENTS: frozenset({"incident"}),
}
"""Places that are a kind of object under the cursor."""
_WORKS_ON = {
    Where.ROWS: "rows",
    Where.TABLES: "fires, hosts, services, events and runs",
    Where.FIRES: "a fire",
    Where.OBJECTS: "a fire, a host or a service",
    Where.HOSTS: "a host",
    Where.TEXTS: "logs and output",
    Where.MUTABLE: "a fire, a silence or a maintenance window",
    Where.RUNS: "a run",
    Where.INCIDENTS: "an incident",
    Where.ANYWHERE: "anything",
}


def applies(where: Where, selection: Selection) -> bool:
    """Tell whether a place in the program is one a command has a meaning in."""
    kind = selection.key.partition(":")[0]
    match where:
        case Where.ANYWHERE:
            return True
        case Where.ROWS:
            return selection.where in _TABLES or selection.where == ROWS
        case Where.TABLES:
            return selection.where in _TABLES
        case Where.TEXTS:
            return selection.where in _TEXTS
    if where is Where.OBJECTS and selection.marks:
        return True
    return kind in _KINDS[where]


def first(*reasons: Reason) -> Reason:
    """Join reasons: the first that says something holds."""

    def reason(snapshot: Snapshot, selection: Selection, now: float) -> str:
        return next((said for each in reasons if (said := each(snapshot, selection, now))), "")

    return reason


def by_id(commands: Sequence[Command]) -> dict[str, Command]:
    """Index commands by their ids."""
    return {command.id: command for command in commands}
