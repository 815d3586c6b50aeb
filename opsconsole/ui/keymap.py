"""Keys: bindings made of the one list of commands; keys that only move belong to the widgets themselves."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from textual.binding import Binding

from opsconsole.commands.command import Command, applies
from opsconsole.commands.keymap import footer, with_keymap
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


def in_force(keymap: Mapping[str, str]) -> tuple[Command, ...]:
    """Give the commands with the keys they have under a configuration's keymap."""
    return _read(tuple(sorted(keymap.items())))[0]


def mistakes(keymap: Mapping[str, str]) -> tuple[str, ...]:
    """Say what is wrong with a keymap, a sentence each."""
    return _read(tuple(sorted(keymap.items())))[1]


def changed_keys(keymap: Mapping[str, str]) -> dict[str, str]:
    """Give the keys of every command that a keymap gives other keys than its own."""
    return {
        command.id: ",".join(command.keys)
        for command in in_force(keymap)
        if command.keys and command.keys != BY_ID[command.id].keys
    }


@lru_cache(maxsize=4)
def _read(keymap: tuple[tuple[str, str], ...]) -> tuple[tuple[Command, ...], tuple[str, ...]]:
    return with_keymap(dict(keymap))


def takes(command: str, selection: Selection) -> bool:
    """Tell whether a command answers to its key here, be it with a reason why not; else the next one may."""
    if command in _SEARCHES:
        return selection.searching
    return applies(BY_ID[command].where, selection)


def bottom_line(snapshot: Snapshot, selection: Selection, now: float) -> list[Key]:
    """List the keys that work here and now, the most wanted first, help last."""
    hints = footer(snapshot, selection, in_force(snapshot.engine.keymap), now=now)
    return [Key(hint.key, hint.verb, hint.enabled) for hint in hints]
