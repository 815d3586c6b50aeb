"""Which keys lead to which command: the defaults, and what a user changed."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from opsconsole.commands.command import Command, Where
from opsconsole.commands.registry import BY_ID, COMMANDS
from opsconsole.model.selection import Selection
from opsconsole.model.snapshot import Snapshot

_SHOWN: Final = {
    "slash": "/", "colon": ":", "question_mark": "?", "exclamation_mark": "!",
    "comma": ",", "minus": "-", "plus": "+",
    "underscore": "_", "grave_accent": "`", "ampersand": "&", "asterisk": "*", "equals_sign": "=",
    "left_curly_bracket": "{", "right_curly_bracket": "}", "left_parenthesis": "(", "right_parenthesis": ")",
    "left_square_bracket": "[", "right_square_bracket": "]", "left": "←", "right": "→",
    "up": "↑", "down": "↓", "pagedown": "pgdn", "pageup": "pgup", "escape": "esc",
}  # fmt: skip
_TYPED: Final = {shown: name for name, shown in _SHOWN.items()}
_RESERVED: Final = frozenset({"ctrl+i", "ctrl+m", "ctrl+left_square_bracket", "ctrl+h"})
"""Tab, enter, esc and backspace on the wire."""


class Hint(Struct, frozen=True):
    """One key of the footer."""

    key: str
    verb: str
    enabled: bool = True
    id: str = ""


def with_keymap(keymap: Mapping[str, str]) -> tuple[tuple[Command, ...], tuple[str, ...]]:
    """Apply a user's keymap.

    Args:
        keymap: Command id to keys as one types them, separated by blanks: `{"fire.ack": "a ctrl+a"}`.

    Returns:
        The commands with their keys, and what is wrong with the map, a sentence each.
    """
    mistakes: list[str] = []
    changed: dict[str, tuple[str, ...]] = {}
    for id_, keys in keymap.items():
        if id_ not in BY_ID:
            mistakes.append(f"keymap: no command {id_!r}")
            continue
        names = tuple(key_name(key) for key in keys.split())
        if bad := [key for key in names if key in _RESERVED]:
            mistakes.append(
                f"keymap: {id_}: terminals cannot tell {', '.join(bad)} from another key"
            )
            continue
        changed[id_] = names
    taken = {key: id_ for id_, keys in changed.items() for key in keys}
    commands = tuple(_remapped(command, changed, taken) for command in COMMANDS)
    return commands, tuple(mistakes)


def _remapped(
    command: Command, changed: Mapping[str, tuple[str, ...]], taken: Mapping[str, str]
) -> Command:
    """Give a command its new keys; one whose key was given away loses it."""
    if command.id in changed:
        return replace(command, keys=changed[command.id])
    kept = tuple(key for key in command.keys if key not in taken)
    return command if kept == command.keys else replace(command, keys=kept)


def key_name(typed: str) -> str:
    """Turn a key as one types it (`/`, `esc`) into Textual's name of it (`slash`, `escape`)."""
    return _TYPED.get(typed, typed)


def shown_key(name: str, *, ascii_only: bool = False) -> str:
    """Write a key as people know it."""
    shown = _SHOWN.get(name, name)
    return name if ascii_only and not shown.isascii() else shown


def for_key(
    key: str, snapshot: Snapshot, selection: Selection, commands: Sequence[Command] = COMMANDS
) -> Command | None:
    """Find the command a key means here: the first one that works, else the first that has a meaning."""
    candidates = [command for command in commands if key in command.keys]
    working = [c for c in candidates if not c.disabled_reason(snapshot, selection)]
    return next(iter(working or candidates), None)


def footer(
    snapshot: Snapshot,
    selection: Selection,
    commands: Sequence[Command] = COMMANDS,
    *,
    now: float = 0.0,
) -> tuple[Hint, ...]:
    """List the keys that work here and now, most wanted first; the last is help.

    What has no meaning here is left out; what is refused now stays and is not enabled.
    """
    hints: list[Hint] = []
    for command in sorted((c for c in commands if c.footer and c.keys), key=lambda c: c.footer):
        reason = command.disabled_reason(snapshot, selection, now)
        if reason and (reason.startswith(f"{command.title} works on") or not selection.keys):
            continue
        hints.append(Hint(shown_key(command.keys[0]), command.title, not reason, command.id))
    return tuple(hints)


def clashes(commands: Sequence[Command] = COMMANDS) -> list[tuple[str, str, str]]:
    """List keys that mean two things in one place: key and both ids."""
    seen: dict[tuple[str, Where], str] = {}
    found: list[tuple[str, str, str]] = []
    for command in commands:
        for key in command.keys:
            before = seen.setdefault((key, command.where), command.id)
            if before != command.id:
                found.append((key, before, command.id))
    return found
