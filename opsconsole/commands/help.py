"""The help as data: built from the commands in force, so that it cannot be wrong."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from opsconsole.commands.command import Command, applies
from opsconsole.commands.keymap import shown_key
from opsconsole.commands.registry import COMMANDS, GROUPS
from opsconsole.model.selection import Selection


class Entry(Struct, frozen=True):
    """One line of a topic: what is typed, and what it does."""

    keys: str
    text: str


class Topic(Struct, frozen=True):
    """One block of the help."""

    heading: str
    entries: tuple[Entry, ...]


FILTER: Final = Topic(
    "FILTER  /",
    tuple(
        Entry(keys, text)
        for keys, text in (
            ("name", "fuzzy word"),
            ('"exact"', "as it stands"),
            ("/re/", "regular expression"),
            ("!word", "not"),
            ("host:web-*", "field, glob"),
            ("role:web", "label"),
            ("sev>=warn", "compare"),
            ("for>10m", "age"),
            ("owner:none", "owner:me"),
            ("is:stale", "is:new  is:muted"),
            ("a | b", "or (a space is and)"),
        )
    ),
)
SIGNS: Final = (
    "critical", "warning", "stale", "maintenance", "ok", "ack", "run", "event",
)  # fmt: skip
"""Names of the signs to explain, in `view.glyphs.Glyphs`."""
SIGN_WORDS: Final = {
    "critical": "critical, down",
    "warning": "warning, degraded",
    "stale": "stale or unknown: we do not know; never shown as ok",
    "maintenance": "maintenance",
    "ok": "ok",
    "ack": "acknowledged",
    "run": "running",
    "event": "deploy",
}
SAFETY: Final = (
    "LOCKED: everything reads, nothing changes. `:unlock 15m REASON` turns changes on for you.",
    "ctrl+c never quits. q goes back; at the top it asks. ctrl+d never deletes. No single key changes a host.",
    "NEW! = nobody has it and it is past its ack time. ACK = someone has it. MUTE = silenced.",
)


def topics(
    selection: Selection, commands: Sequence[Command] = COMMANDS, search: str = ""
) -> tuple[Topic, ...]:
    """List the topics for where one stands: keys by group, the filter, the `:` commands.

    Args:
        selection: Where one stands; commands without a meaning there are left out.
        commands: The commands in force, a user's keys included.
        search: Only entries that hold this text.
    """
    here = [command for command in commands if applies(command.where, selection)]
    found = [_keys_of(group, heading, here) for group, heading in GROUPS.items()]
    found += [FILTER, _lines(commands)]
    return tuple(narrowed for topic in found if (narrowed := _narrow(topic, search)).entries)


def _keys_of(group: str, heading: str, commands: Sequence[Command]) -> Topic:
    entries = [
        Entry(" ".join(shown_key(key) for key in command.keys), _text(command))
        for command in commands
        if command.group == group and command.keys and not _is_digit_after_first(command)
    ]
    return Topic(heading, tuple(entries))


def _is_digit_after_first(command: Command) -> bool:
    """Tell whether it is one of `2`..`9`, which `1` stands for."""
    return command.id.startswith("pane.") and command.id[5:].isdigit() and command.id != "pane.1"


def _text(command: Command) -> str:
    if command.id == "pane.1":
        return "pane 1-9 (again: zoom)"
    return command.title


def _lines(commands: Sequence[Command]) -> Topic:
    entries = [
        Entry(command.usage, command.help or command.title) for command in commands if command.line
    ]
    return Topic("COMMAND  :", tuple(sorted(entries, key=lambda entry: entry.keys)))


def _narrow(topic: Topic, search: str) -> Topic:
    wanted = search.strip().lower()
    if not wanted:
        return topic
    kept = (e for e in topic.entries if wanted in e.keys.lower() or wanted in e.text.lower())
    return Topic(topic.heading, tuple(kept))
