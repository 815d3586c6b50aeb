"""`df -P` (POSIX df): space with -k, inodes with -i."""

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from opsconsole.model.text import LABEL_LIMIT, clean
from opsconsole.parsers.mounts import Mount
from opsconsole.parsers.reading import reads, whole_numbers

_LINE: Final = re.compile(rb"(.+?) +(\d+) +(\d+) +(-?\d+) +(?:-|\d+%?) +(/.*)")
_KIB: Final = 1024
_PSEUDO: Final = frozenset(
    (b"tmpfs", b"devtmpfs", b"devfs", b"udev", b"none", b"overlay", b"shm", b"map", b"procfs")
)
_MOST: Final = 64


class FileSystem(NamedTuple):
    """One line of df: blocks of 1 KiB, or inodes."""

    mount: str
    device: bytes
    total: int
    used: int
    available: int


@reads("df")
def parse_df(text: bytes) -> tuple[FileSystem, ...]:
    """Read df's lines; the mount point may hold spaces, and available may be below zero (then 0).

    Raises:
        ParseError: There is no heading, or a line below it is no file system.
    """
    heading, *lines = text.strip().splitlines()
    if not heading.startswith(b"Filesystem"):
        raise ValueError("no heading")
    return tuple(_file_system(line) for line in lines if line.strip())


def _file_system(line: bytes) -> FileSystem:
    match = _LINE.fullmatch(line.rstrip())
    if match is None:
        raise ValueError("not a file system")
    total, used = whole_numbers(match.group(2, 3))
    available = max(0, int(match[4]))
    return FileSystem(clean(match[5], LABEL_LIMIT), match[1], total, used, available)


def space_metrics(found: Iterable[FileSystem], mounts: Mapping[str, Mount]) -> Mapping[str, float]:
    """Tell size and space of the file systems that hold data.

    Args:
        found: Lines of `df -P -k`.
        mounts: What is mounted where, memory and image file systems already left out; empty where
            the host cannot tell, and then the device's name decides.
    """
    metrics: dict[str, float] = {}
    worst = -1.0
    for fs in _with_data(found, mounts):
        size = fs.used + fs.available
        share = fs.available / size if size else 0.0
        metrics[f"fs.size{{mount={fs.mount}}}"] = float(fs.total * _KIB)
        metrics[f"fs.available{{mount={fs.mount}}}"] = float(fs.available * _KIB)
        metrics[f"fs.available_ratio{{mount={fs.mount}}}"] = share
        metrics[f"fs.used_ratio{{mount={fs.mount}}}"] = 1.0 - share
        mount = mounts.get(fs.mount)
        if mount is not None:
            metrics[f"fs.readonly{{mount={fs.mount}}}"] = float(mount.readonly)
        if mount is None or not mount.readonly:
            worst = max(worst, 1.0 - share)
    if worst >= 0:
        metrics["fs.worst_used_ratio"] = worst
    return metrics


def inode_metrics(found: Iterable[FileSystem], mounts: Mapping[str, Mount]) -> Mapping[str, float]:
    """Tell the share of inodes available; file systems without a fixed number (btrfs) say 0 and are left out."""
    return {
        f"fs.inodes_available_ratio{{mount={fs.mount}}}": min(1.0, fs.available / fs.total)
        for fs in _with_data(found, mounts)
        if fs.total
    }


def _with_data(found: Iterable[FileSystem], mounts: Mapping[str, Mount]) -> tuple[FileSystem, ...]:
    if mounts:
        kept = [fs for fs in found if fs.mount in mounts]
    else:
        kept = [fs for fs in found if fs.device not in _PSEUDO]
    return tuple(fs for fs in kept if fs.total)[:_MOST]
