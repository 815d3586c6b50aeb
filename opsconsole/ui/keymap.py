"""Keys and commands: bindings made of the one list of commands, and which of them the bottom line shows."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from textual.binding import ActiveBinding, Binding
from textual.keys import format_key

from opsconsole.model.selection import Selection
from opsconsole.ui.widgets.bars import Key


class Local(NamedTuple):
    id: str
    keys: str
    title: str
    where: frozenset[str] = frozenset()
    footer: int = 0


_TABLES = frozenset(("fires", "hosts", "services"))
_HOSTISH = frozenset(("fires", "hosts", "host", "alert"))
_FIRE = frozenset(("fires", "alert"))
COMMANDS: Final = (
    Local("look.open", "enter", "open", _TABLES | {"runs", "activity"}, 1),
    Local("select.mark", "space", "mark", _TABLES, 12),
    Local("fires.ack", "a", "ack", _FIRE, 2),
    Local("fires.ack-marked", "A", "ack marked", _FIRE),
    Local("fires.take", "t", "take", _FIRE, 3),
    Local("fires.assign", "T", "assign", _FIRE),
    Local("fires.note", "n", "note", _FIRE),
    Local("act.runbook", "r", "runbook", frozenset(), 4),
    Local("act.dry", "R", "dry run"),
    Local("look.logs", "l", "logs", _HOSTISH, 6),
    Local("act.shell", "s", "shell", _HOSTISH, 7),
    Local("look.describe", "d", "describe"),
    Local("look.raw", "y", "raw", _HOSTISH),
    Local("look.copy", "c", "copy"),
    Local("find.filter", "slash", "filter", frozenset(), 8),
    Local("find.faults", "f", "faults"),
    Local("find.wide", "w", "wide"),
    Local("find.sort", "S", "sort"),
    Local("find.invert", "I", "invert"),
    Local("app.command", "colon", "cmd", frozenset(), 9),
    *(Local(f"pane.{n}", str(n), f"pane {n}") for n in range(1, 10)),
    Local("pane.next", "tab", "next pane"),
    Local("pane.previous", "shift+tab", "previous pane"),
    Local("pane.zoom", "z", "zoom", frozenset(), 10),
    Local("pane.grow", "plus", "larger"),
    Local("pane.shrink", "underscore", "smaller"),
    Local("pane.layouts", "comma", "layouts"),
    Local("nav.escape", "escape", "back"),
    Local("nav.back", "q", "back"),
    Local("nav.older", "H", "history back"),
    Local("nav.newer", "L", "history forward"),
    Local("nav.last", "minus", "last view"),
    Local("nav.next-tab", "right_square_bracket", "next tab"),
    Local("nav.previous-tab", "left_square_bracket", "previous tab"),
    Local("time.freeze", "p", "freeze screen"),
    Local("app.poll", "ctrl+r", "poll now"),
    Local("app.save", "ctrl+s", "save screen"),
    Local("app.mouse", "M", "mouse"),
    Local("app.help", "question_mark", "help", frozenset(), 11),
)
BY_ID: Final = {command.id: command for command in COMMANDS}
_IN_WIDGETS: Final = frozenset(("look.open", "select.mark"))
_SIGNS: Final = {"escape": "esc", "space": "space", "enter": "enter"}


def bindings() -> Iterator[Binding]:
    """Make the bindings of the main screen; movement belongs to the widgets."""
    for command in COMMANDS:
        if command.id not in _IN_WIDGETS:
            yield Binding(command.keys, f"command('{command.id}')", command.title, id=command.id)


def in_force(active: Mapping[str, ActiveBinding]) -> Mapping[str, str]:
    """Give the first key that reaches each binding now, as it is written on the screen."""
    found: dict[str, str] = {}
    for key, binding in active.items():
        identity = binding.binding.id
        if identity is not None:
            found.setdefault(identity, _SIGNS.get(key, format_key(key)))
    return found


def applies(command: str, where: Selection) -> bool:
    """Tell whether a command has something to do here."""
    places = BY_ID[command].where
    return not places or where.where in places


def footer(where: Selection, keys: Mapping[str, str], refused: Callable[[str], str]) -> list[Key]:
    """List the keys for the bottom line, the most wanted first."""
    wanted = sorted((c for c in COMMANDS if c.footer), key=lambda c: c.footer)
    return [
        Key(keys[c.id], c.title, enabled=not refused(c.id))
        for c in wanted
        if c.id in keys and applies(c.id, where)
    ]
