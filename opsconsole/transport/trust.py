"""Write a trusted key into a known hosts file: whole or not at all, private, never through a planted link."""

import base64
import hmac
import os
import re
import secrets
import stat
from datetime import UTC, datetime
from pathlib import Path

from opsconsole.errors import TransportError
from opsconsole.model.calls import HostKey
from opsconsole.model.states import Reach

_WORD = re.compile(r"[^\w.@-]+")


def trust(path: str, key: HostKey, *, who: str, at: float, replace: bool = False) -> None:
    """Add the key's line, with person and time as its comment; the file stays or becomes 0600.

    Args:
        path: A known hosts file, made when it is missing.
        key: As `scan` brought it.
        who: The person.
        at: Epoch seconds.
        replace: Take out other lines of exactly this host first; lines with patterns stay.

    Raises:
        TransportError: The file is a symbolic link, another's, or cannot be written.
    """
    try:
        _write(Path(path), _edited(_read(Path(path)), key, who=who, at=at, replace=replace))
    except OSError as error:
        raise TransportError(
            key.host, Reach.KEY_UNKNOWN, f"cannot write {path}: {error.strerror or error}"
        ) from error


def _edited(text: str, key: HostKey, *, who: str, at: float, replace: bool) -> str:
    place = key.line.split()[0]
    lines = text.splitlines()
    if replace:
        lines = [kept for line in lines if (kept := _without(line, place)) is not None]
    when = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines.append(f"{key.line} trusted-by-{_WORD.sub('-', who)[:64]}-{when}")
    return "\n".join(lines) + "\n"


def _without(line: str, place: str) -> str | None:
    """Take the place out of a line's names; None when no name is left. Patterns and marked lines stay."""
    names, _, rest = line.strip().partition(" ")
    if names.startswith("|"):
        return None if _is_hash_of(names, place) else line
    if not names or names[0] in "#@" or place not in names.split(","):
        return line
    left = ",".join(name for name in names.split(",") if name != place)
    return f"{left} {rest}" if left else None


def _is_hash_of(pattern: str, place: str) -> bool:
    """Tell whether a hashed name, `|1|salt|hash` in base64, is this one (HMAC-SHA1, as in sshd(8))."""
    parts = pattern.split("|")
    try:
        salt, digest = (base64.b64decode(part, validate=True) for part in parts[2:])
    except ValueError:
        return False
    return hmac.digest(salt, place.encode(), "sha1") == digest


def _read(path: Path) -> str:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_uid not in (os.getuid(), 0):
            raise OSError(0, "not a plain file of ours")
        return file.read().decode("utf-8", errors="surrogateescape")


def _write(path: Path, text: str) -> None:
    """Replace the file in one step: a reader sees the old or the new, a full disk leaves the old."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8", "surrogateescape"))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
