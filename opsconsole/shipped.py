"""Where the themes and plugins that come with the program are: in the wheel, or in the checkout."""

from collections.abc import Sequence
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped_dir(kind: str) -> Path:
    """Find the folder `themes` or `plugins` that belongs to this installation."""
    in_wheel = _PACKAGE / "_data" / kind
    return in_wheel if in_wheel.is_dir() else _PACKAGE.parent / kind


def shipped_beside(folders: Sequence[Path]) -> Path | None:
    """Give the shipped plugins' folder, unless one of these is of it: nothing is loaded twice."""
    ours = shipped_dir("plugins").resolve()
    return None if any(one.resolve().is_relative_to(ours) for one in folders) else ours
