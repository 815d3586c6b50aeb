"""What `doctor` finds: an area, whether it is well, what was seen, and how to mend it."""

from enum import StrEnum

from msgspec import Struct


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    NOTE = "note"
    """Good to know; nothing to do."""
    WARNING = "warning"
    BAD = "bad"


class Finding(Struct, frozen=True):
    """One thing looked at."""

    area: str
    level: Level
    text: str
    fix: str = ""
    """How to mend it: a command or a line for a file; empty when there is nothing to mend."""


def ok(area: str, text: str) -> Finding:
    """It is well."""
    return Finding(area, Level.OK, text)


def note(area: str, text: str, fix: str = "") -> Finding:
    """It is worth knowing."""
    return Finding(area, Level.NOTE, text, fix)


def warning(area: str, text: str, fix: str) -> Finding:
    """Something will not work as well as it could."""
    return Finding(area, Level.WARNING, text, fix)


def bad(area: str, text: str, fix: str) -> Finding:
    """Something does not work."""
    return Finding(area, Level.BAD, text, fix)
