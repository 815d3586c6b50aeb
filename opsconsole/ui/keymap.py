"""Keys: bindings made of the one list of commands; keys that only move belong to the widgets themselves."""

from collections.abc import Iterator
from typing import Final

from textual.binding import Binding

from opsconsole.commands.command import applies
from opsconsole.commands.keymap import footer
from opsconsole.commands.registry import BY_ID, COMMANDS
from opsconsole.model.selection import Selection
from opsconsole.model.snapshot import Snapshot
from opsconsole.ui.widgets.bars import Key

_IN_WIDGETS: Final = ("move.", "select.", "text.", "look.open")
_SEARCHES: Final = ("find.next", "find.previous")


def bindings() -> Iterator[Binding]:
    """Make the bindings of the main screen."""
    for command in COMMANDS:
        if command.keys and not command.id.startswith(_IN_WIDGETS):
            keys = ",".join(command.keys)
            yield Binding(
                keys, f"command('{command.id}')", command.title, show=False, id=command.id
            )


def takes(command: str, selection: Selection) -> bool:
    """Tell whether a command answers to its key here, be it with a reason why not; else the next one may."""
    if command in _SEARCHES:
        return selection.searching
    return applies(BY_ID[command].where, selection)


def bottom_line(snapshot: Snapshot, selection: Selection, now: float) -> list[Key]:
    """List the keys that work here and now, the most wanted first, help last."""
    return [Key(hint.key, hint.verb, hint.enabled) for hint in footer(snapshot, selection, now=now)]
