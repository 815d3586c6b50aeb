"""Keys: bindings made of the one list of commands; keys that only move belong to the widgets themselves."""

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
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
    """Tell whether a command answers to its key here, be it with a reason why not; else the next one may.

    Where none of a key's commands has a meaning the first one answers: it says what it works on.
    """
    if command in _SEARCHES:
        return selection.searching
    if applies(BY_ID[command].where, selection):
        return True
    sharing = _sharing(command)
    return sharing[0] == command and not any(
        applies(BY_ID[each].where, selection) for each in sharing
    )


@cache
def _sharing(command: str) -> tuple[str, ...]:
    """Name the commands that have a key in common with one, itself included, in their order."""
    keys = set(BY_ID[command].keys)
    return tuple(c.id for c in COMMANDS if keys & set(c.keys) and c.id not in _SEARCHES)


def bottom_line(snapshot: Snapshot, selection: Selection, now: float) -> list[Key]:
    """List the keys that work here and now, the most wanted first, help last."""
    hints = footer(snapshot, selection, in_force(snapshot.engine.keymap), now=now)
    return [Key(hint.key, hint.verb, hint.enabled) for hint in hints]
