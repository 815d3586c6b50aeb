"""Who may change things now: locked environments, unlocks, freezes; pure, and kept over a restart."""

import os
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from opsconsole.errors import RefusedError
from opsconsole.model.snapshot import Access, Freeze, Unlock
from opsconsole.model.text import clean

UNLOCK_AT_MOST: Final = 8 * 3600.0
FREEZE_AT_MOST: Final = 31 * 86400.0
_REASON_LIMIT: Final = 200


class Kept(Struct, frozen=True):
    """What of access survives a restart."""

    unlocks: tuple[Unlock, ...] = ()
    freezes: tuple[Freeze, ...] = ()


def unlock(access: Access, actor: str, seconds: float, reason: str, now: float) -> Access:
    """Turn changes on for one person.

    Raises:
        RefusedError: No reason, a span outside 0 to 8 hours, or a read-only engine.
    """
    if access.read_only:
        raise RefusedError("read-only", "this engine is read-only: start it without --read-only")
    granted = Unlock(actor, now + _span(seconds, UNLOCK_AT_MOST), _reason(reason))
    others = tuple(one for one in access.unlocks if one.actor != actor)
    return replace(access, unlocks=(*others, granted))


def lock(access: Access, actor: str) -> Access:
    """End one person's unlock."""
    return replace(access, unlocks=tuple(one for one in access.unlocks if one.actor != actor))


def freeze(
    access: Access, actor: str, seconds: float, reason: str, scope: str, now: float
) -> Access:
    """Forbid changes for everybody on what `scope` covers.

    Raises:
        RefusedError: No reason, or a span outside 0 to 31 days.
    """
    number = max((int(one.id[1:]) for one in access.freezes), default=0) + 1
    until = now + _span(seconds, FREEZE_AT_MOST)
    laid = Freeze(f"f{number}", actor, until, _reason(reason), scope)
    return replace(access, freezes=(*access.freezes, laid))


def thaw(access: Access, identity: str) -> tuple[Access, Freeze]:
    """End a freeze and give it back.

    Raises:
        RefusedError: There is no such freeze.
    """
    for one in access.freezes:
        if one.id == identity:
            return replace(access, freezes=tuple(f for f in access.freezes if f is not one)), one
    known = ", ".join(one.id for one in access.freezes) or "there is none"
    raise RefusedError("unknown-target", f"no freeze {identity}: {known}")


def expire(access: Access, now: float) -> Access:
    """Drop what is over; the same object when nothing is."""
    unlocks = tuple(one for one in access.unlocks if one.until > now)
    freezes = tuple(one for one in access.freezes if one.until > now)
    if len(unlocks) == len(access.unlocks) and len(freezes) == len(access.freezes):
        return access
    return replace(access, unlocks=unlocks, freezes=freezes)


def load(path: Path, base: Access, now: float) -> Access:
    """Take up what an earlier engine kept, as far as it still holds.

    Freezes that cannot be read make nothing freer: `closed` is what holds then.

    Raises:
        ValueError: The file is there and cannot be read, or is damaged.
    """
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=Kept)
    except FileNotFoundError:
        return base
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: {error}") from error
    return expire(replace(base, unlocks=kept.unlocks, freezes=kept.freezes), now)


def closed(base: Access, now: float) -> Access:
    """Freeze everything: what was frozen is not known, and a person has to say that nothing is."""
    reason = "what was frozen before could not be read; thaw this when you know it"
    return replace(base, freezes=(Freeze("f1", "engine", now + FREEZE_AT_MOST, reason, "*"),))


def save(path: Path, access: Access) -> None:
    """Write unlocks and freezes so that either the old or the new file is there, whole.

    Raises:
        OSError: The disk refused.
    """
    partial = path.with_suffix(".new")
    fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(msgspec.json.encode(Kept(access.unlocks, access.freezes)))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _span(seconds: float, longest: float) -> float:
    if not 0 < seconds <= longest:
        raise RefusedError("param", f"the time must be between 1 s and {longest / 3600:g} h")
    return seconds


def _reason(reason: str) -> str:
    said = clean(reason.strip(), _REASON_LIMIT)
    if not said:
        raise RefusedError("param", "a reason is needed: it is shown to everybody")
    return said
