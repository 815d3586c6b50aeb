"""What the WHAT column says of our own alerts: numbers rounded, so that a text changes only when it matters.

No ages here: they would change every second. Where a time matters it is written as a time of day.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from opsconsole.model.states import Reach

REACH_WORDS: Final[Mapping[Reach, str]] = {
    Reach.UP: "its answer cannot be read",
    Reach.REFUSED: "connection refused",
    Reach.NO_ANSWER: "no answer",
    Reach.SILENT: "connected, then silent",
    Reach.AUTH_REFUSED: "login refused",
    Reach.AUTH_LOCKED: "login refused twice, no longer tried",
    Reach.LOCKED_KEY: "our key is locked and no agent holds it",
    Reach.KEY_UNKNOWN: "host key not trusted yet",
    Reach.KEY_CHANGED: "host key changed",
    Reach.KEY_REVOKED: "host key revoked",
    Reach.DNS: "name does not resolve",
    Reach.NOT_SSH: "what answers is not SSH",
    Reach.DROPPED_US: "accepted and hung up",
    Reach.FLOODED: "its answer was too long",
    Reach.SLOW: "too slow",
    Reach.VIA_DOWN: "its jump host is down",
}


def size(amount: float) -> str:
    """Write bytes shortly, as `df -h` does: 1.2G, 340M, 12T."""
    for unit in ("", "K", "M", "G", "T", "P"):
        if amount < 1024 or unit == "P":
            return f"{amount:.1f}{unit}" if amount < 10 and unit else f"{amount:.0f}{unit}"
        amount /= 1024
    raise AssertionError("unreachable: the last unit always returns")


def percent(ratio: float) -> str:
    """Write a share as a whole percentage; 100% only when it is full."""
    return f"{min(99, round(ratio * 100))}%" if ratio < 1 else "100%"


def time_of_day(at: float) -> str:
    """Write a time as 03:06:12Z."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%SZ")


def day(at: float) -> str:
    """Write a time as 2026-12-06."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def cannot_see(name: str, reach: Reach | None, last_good: float) -> str:
    """Say that we cannot see a host, why, and what was seen last."""
    why = REACH_WORDS[reach] if reach else "never answered"
    seen = f"last good sample {time_of_day(last_good)}" if last_good else "no good sample yet"
    return f"we cannot see {name}: {why}; {seen}"


def mount_name(mount: str) -> str:
    """Name a file system: `/` is root."""
    return "root" if mount == "/" else mount
