"""The help as lines: made of the commands and keys in force, so that it cannot be wrong; pure."""

from collections.abc import Iterable, Sequence
from typing import Final

from opsconsole.commands.command import Command, applies
from opsconsole.commands.keymap import shown_key
from opsconsole.commands.registry import GROUPS
from opsconsole.model.selection import Selection
from opsconsole.model.snapshot import Snapshot
from opsconsole.ui.keymap import in_force
from opsconsole.ui.paint import cell_width, fit
from opsconsole.view.cells import cell
from opsconsole.view.glyphs import Glyphs
from opsconsole.view.rows import Cell, Tone

_KEYS_WIDTH: Final = 11
_COLUMN: Final = 36
_GRAMMAR: Final = (
    ("name", "fuzzy word"),
    ('"exact"  /re/', "as it stands, a regular expression"),
    ("!word", "not"),
    ("host:web-*", "a field, by glob"),
    ("sev>=warn  load>4", "a field, compared"),
    ("for>10m", "an age"),
    ("owner:none  owner:me", "who has it"),
    ("is:stale", "a flag"),
    ("a | b", "or; a blank is and"),
)
_SAFETY: Final = (
    "LOCKED: everything reads, nothing changes. :unlock 15m REASON turns changes on, for you, for 15 minutes.",
    "ctrl+c never quits. q goes back; at the top it asks. ctrl+d never deletes. No single key changes a host.",
    "A confirmation takes no key before it is painted, and a paste triggers nothing.",
)


def help_lines(snapshot: Snapshot, where: Selection, glyphs: Glyphs, width: int) -> list[Cell]:
    """Write everything, in as many columns as fit."""
    commands = in_force(snapshot.engine.keymap)
    groups = [_group(commands, group, where) for group in GROUPS]
    groups.append(_pairs("FILTER  /", _GRAMMAR))
    lines = _columns(
        [group for group in groups if len(group) > 1], max(1, width // _COLUMN), glyphs.ellipsis
    )
    lines += [
        (),
        *_signs(glyphs),
        (),
        *_plugins(snapshot),
        *(cell(line, Tone.DIM) for line in _SAFETY),
    ]
    return lines


def matching_lines(commands: Sequence[Command], where: Selection, typed: str) -> list[Cell]:
    """Write only the commands that contain what was typed, with everything about them."""
    words = typed.casefold().split()
    found = [
        command
        for command in commands
        if all(
            word in f"{_keys(command)} {command.title} {_line(command)} {command.help}".casefold()
            for word in words
        )
    ]
    lines = [_full(command, where) for command in found]
    return lines or [cell("Nothing is called so.", Tone.DIM)]


def _group(every: Sequence[Command], group: str, where: Selection) -> list[Cell]:
    commands = [c for c in every if c.group == group and (c.keys or c.line)]
    pane_keys = [c for c in commands if c.id.startswith("pane.") and c.title.startswith("pane ")]
    entries = [_entry(c, where) for c in _once(commands, where) if c not in pane_keys]
    if pane_keys:
        entries.insert(
            0, (*cell(f"{'1-9':<{_KEYS_WIDTH}}", Tone.ACCENT), *cell("pane (again: zoom)"))
        )
    return [cell(GROUPS[group], Tone.STRONG), *entries]


def _once(commands: Sequence[Command], where: Selection) -> list[Command]:
    """Of commands on one key in a group keep the one that has a meaning here, else the first."""
    kept: dict[object, Command] = {}
    for command in commands:
        key: object = command.keys or command.id
        if key not in kept or (
            applies(command.where, where) and not applies(kept[key].where, where)
        ):
            kept[key] = command
    return list(kept.values())


def _entry(command: Command, where: Selection) -> Cell:
    here = applies(command.where, where)
    keys = _keys(command) or _line(command)
    return (
        *cell(f"{keys:<{_KEYS_WIDTH}}", Tone.ACCENT if here else Tone.MUTED),
        *cell(
            f" {command.title}" if len(keys) >= _KEYS_WIDTH else command.title,
            Tone.NORMAL if here else Tone.MUTED,
        ),
    )


def _full(command: Command, where: Selection) -> Cell:
    here = applies(command.where, where)
    return (
        *cell(f"{_keys(command):<14} ", Tone.ACCENT if here else Tone.MUTED),
        *cell(f"{_line(command):<22} ", Tone.DIM),
        *cell(f"{command.title}", Tone.NORMAL if here else Tone.MUTED),
        *cell(f"   {command.help}" if command.help else "", Tone.DIM),
    )


def _keys(command: Command) -> str:
    return " ".join(shown_key(key) for key in command.keys)


def _line(command: Command) -> str:
    return command.usage if command.line else ""


def _pairs(title: str, pairs: Iterable[tuple[str, str]]) -> list[Cell]:
    return [
        cell(title, Tone.STRONG),
        *((*cell(f"{left:<13} ", Tone.ACCENT), *cell(right)) for left, right in pairs),
    ]


def _signs(glyphs: Glyphs) -> list[Cell]:
    signs = (
        (glyphs.critical, "critical, down", Tone.CRITICAL),
        (glyphs.warning, "warning, degraded", Tone.WARNING),
        (glyphs.stale, "not known; never shown as ok", Tone.STALE),
        (glyphs.maintenance, "maintenance, muted", Tone.MUTED),
        (glyphs.ok, "ok", Tone.OK),
        (glyphs.ack, "acked", Tone.ACCENT),
        (glyphs.run, "run", Tone.ACCENT),
        (glyphs.event, "deploy", Tone.ACCENT),
    )
    line: list[Cell] = [
        (*cell(f"{sign} ", tone), *cell(f"{word}   ", Tone.DIM)) for sign, word, tone in signs
    ]
    words = (
        "NEW! nobody has it past its ack time   ACK somebody has it   MUTE silenced, with an end"
    )
    return [
        cell("SIGNS", Tone.STRONG),
        tuple(span for piece in line for span in piece),
        cell(words, Tone.DIM),
    ]


def _plugins(snapshot: Snapshot) -> list[Cell]:
    broken = [plugin for plugin in snapshot.plugins.values() if plugin.error]
    if not snapshot.plugins:
        return []
    head = cell(
        f"PLUGINS  {len(snapshot.plugins)} found, {len(broken)} with errors (:plugins)", Tone.STRONG
    )
    return [head, *(cell(f"{plugin.id}: {plugin.error}", Tone.CRITICAL) for plugin in broken), ()]


def _columns(groups: Sequence[Sequence[Cell]], count: int, ellipsis: str) -> list[Cell]:
    """Set groups into columns of about the same height, in their order."""
    total = sum(len(group) + 1 for group in groups)
    columns: list[list[Cell]] = [[]]
    for group in groups:
        if len(columns[-1]) + len(group) / 2 > total / count and len(columns) < count:
            columns.append([])
        columns[-1].extend([*group, ()])
    height = max(len(column) for column in columns)
    return [
        _across([column[y] if y < len(column) else () for column in columns], ellipsis)
        for y in range(height)
    ]


def _across(cells: Sequence[Cell], ellipsis: str) -> Cell:
    spans: list[Cell] = [fit(one, _COLUMN - 2, ellipsis) for one in cells]
    joined = tuple(span for one in spans for span in (*one, *cell("  ")))
    return joined if cell_width(joined) else ()
