"""Reads a journal back and proves that no line was changed, left out or put in between."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from opsconsole.errors import OpsConsoleError

JOURNAL: Final = "journal.jsonl"
FIRST: Final = "0" * 64
"""What the first line is chained to."""
_SIZE_LIMIT: Final = 64 << 20


class JournalError(OpsConsoleError):
    """The journal cannot be written or read; nothing more may be dispatched."""


class Entry(Struct, frozen=True):
    """One line as it was read back."""

    kind: str
    at: float
    fields: Mapping[str, object]

    def text(self, name: str) -> str:
        """Give a field as text; empty when it is not there."""
        value = self.fields.get(name)
        return "" if value is None else str(value)


class Chain(Struct, frozen=True):
    """A whole journal."""

    entries: tuple[Entry, ...]
    head: str
    """Hash of the last line; equal to what was sent to syslog when nothing was cut off."""
    size: int
    """Bytes of whole lines; a line that was torn by a crash is behind them."""


def read_chain(folder: Path) -> Chain:
    """Read a run's journal.

    Raises:
        JournalError: It is missing, too large, or its chain is broken; names the line.
    """
    raw = _read(folder / JOURNAL)
    whole = raw[: raw.rfind(b"\n") + 1]
    head, entries = FIRST, []
    for number, line in enumerate(whole.splitlines(), 1):
        entries.append(_entry(folder, number, line, head))
        head = hashlib.sha256(line).hexdigest()
    return Chain(tuple(entries), head, len(whole))


def _read(path: Path) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            raw = file.read(_SIZE_LIMIT + 1)
    except OSError as error:
        raise JournalError(f"journal {path}: {error.strerror}") from error
    if len(raw) > _SIZE_LIMIT:
        raise JournalError(f"journal {path}: is larger than {_SIZE_LIMIT >> 20} MiB")
    return raw


def _entry(folder: Path, number: int, line: bytes, prev: str) -> Entry:
    try:
        fields = msgspec.json.decode(line, type=dict[str, object])
    except msgspec.DecodeError as error:
        raise JournalError(f"journal {folder.name}: line {number}: {error}") from None
    if fields.get("prev") != prev or fields.get("n") != number - 1:
        raise JournalError(f"journal {folder.name}: line {number} does not follow the one before")
    at = fields.get("t_wall")
    return Entry(str(fields.get("kind", "")), at if isinstance(at, float) else 0.0, fields)
