"""Puts secrets into headers at the moment they are sent; files hold references only, never values."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_MARK: Final = "secret:"
_LIMIT: Final = 16 * 1024


def reveal(value: str, secrets: Mapping[str, str]) -> str:
    """Replace `secret:NAME` at a value's end by the secret.

    Args:
        value: A header's value as configured: `Bearer secret:api` or plain text.
        secrets: Name to provider reference, `env:NAME` or `file:PATH`.

    Returns:
        The value to send; where a secret cannot be had its place stays empty, and the far side refuses us.
    """
    before, mark, name = value.partition(_MARK)
    if not mark:
        return value
    kind, _, where = secrets.get(name.strip(), "").partition(":")
    if kind == "env":
        return before + os.environ.get(where, "")
    return before + (_from_file(Path(where)) if kind == "file" else "")


def _from_file(path: Path) -> str:
    try:
        with path.expanduser().open(encoding="utf-8", errors="replace") as file:
            return file.read(_LIMIT).strip()
    except OSError:
        return ""
