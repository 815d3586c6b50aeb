"""What the screen remembers between sessions: named layouts and the theme; never anything of the fleet."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

DEFAULT: Final = "default"
_SIZE_LIMIT: Final = 256 * 1024


class Sort(Struct, frozen=True):
    """A pane's order: by a column's id; empty for the order of triage."""

    column: str = ""
    reverse: bool = False


class Layout(Struct, frozen=True):
    """How the panes stand and what they leave out."""

    hidden: tuple[str, ...] = ()
    focused: str = "fires"
    grown: str = "normal"
    sorts: Mapping[str, Sort] = {}
    faults: bool = False
    wide: bool = False


class Prefs(Struct, frozen=True):
    """Everything in the file."""

    layouts: Mapping[str, Layout] = {}
    layout: str = DEFAULT
    theme: str | None = None
    left_at: float = 0.0
    """Epoch seconds by the engine's clock when the console last went; 0: never."""


def prefs_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Give the place of the file, `$XDG_STATE_HOME/opsconsole/console.json`, there or not."""
    given = Path(environ.get("XDG_STATE_HOME", ""))
    base = (
        given
        if given.is_absolute()
        else Path(environ.get("HOME", "/nonexistent")) / ".local" / "state"
    )
    return base / "opsconsole" / "console.json"


def read_prefs(file: Path) -> Prefs:
    """Read the file; one that is missing or spoiled counts as empty."""
    try:
        return msgspec.json.decode(file.read_bytes()[:_SIZE_LIMIT], type=Prefs)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return Prefs()


def write_prefs(file: Path, prefs: Prefs) -> str:
    """Write the file whole or not at all; a sentence says why not, and the session goes on."""
    fresh = file.with_suffix(".new")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh.write_bytes(msgspec.json.format(msgspec.json.encode(prefs)))
        fresh.replace(file)
    except OSError as error:
        return f"kept for this session only: {file}: {error.strerror}"
    return ""


def note_leaving(file: Path, at: float) -> None:
    """Note when the console went (epoch seconds); what another console wrote there meanwhile stays."""
    write_prefs(file, replace(read_prefs(file), left_at=at))


def save_text(folder: Path, kind: str, text: str, at: float, ending: str = "txt") -> str:
    """Write a text to a new file of its own; a sentence says where, or why not."""
    name = datetime.fromtimestamp(at, UTC).strftime(f"{kind}-%Y%m%dT%H%M%SZ.{ending}")
    file = folder / name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        return f"not saved: {file}: {error.strerror}"
    return f"saved as {file}"
