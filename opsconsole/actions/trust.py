"""Whose files a plugin may be made of: ours or root's, and nobody else may write them; the jump host is shared."""

import grp
import os
import pwd
import stat
from pathlib import Path
from typing import Final

from opsconsole.errors import OpsConsoleError

FILE_LIMIT: Final = 1 << 20
"""Bytes of one plugin file."""


class TrustError(OpsConsoleError):
    """A plugin's file cannot be used; the message says how to mend it."""


def check_folder(folder: Path) -> None:
    """Check a folder's owner and mode.

    Raises:
        TrustError: Others could put files into it.
    """
    try:
        found = folder.stat()
    except OSError as error:
        raise TrustError(f"{folder}: {error.strerror}") from None
    if not stat.S_ISDIR(found.st_mode):
        raise TrustError(f"{folder} is not a folder")
    _check(folder, found)


def read_trusted(path: Path, *, checked: bool = True) -> bytes:
    """Read a file whose owner and mode are checked on the descriptor that is read.

    Args:
        path: A regular file; a symbolic link is refused.
        checked: False for what came with the program.

    Raises:
        TrustError: It is not ours, too large, or cannot be read.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(fd, "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise TrustError(f"{path} is not a regular file")
            if checked:
                _check(path, found)
            content = file.read(FILE_LIMIT + 1)
    except OSError as error:
        raise TrustError(f"{path}: {error.strerror}") from None
    if len(content) > FILE_LIMIT:
        raise TrustError(f"{path} is larger than {FILE_LIMIT >> 20} MiB")
    return content


def _check(path: Path, found: os.stat_result) -> None:
    if found.st_uid not in (0, os.getuid()):
        raise TrustError(f"{path} belongs to {_user(found.st_uid)}; it must be yours or root's")
    if found.st_mode & stat.S_IWOTH:
        raise TrustError(f"{path} can be written by everybody; chmod o-w {path}")
    if found.st_mode & stat.S_IWGRP and not _is_private_group(found):
        raise TrustError(f"{path} can be written by a group; chmod g-w {path}")


def _is_private_group(found: os.stat_result) -> bool:
    """Many systems give each user a group of the same name and umask 002."""
    try:
        group = grp.getgrgid(found.st_gid)
    except KeyError:
        return False
    return group.gr_name == _user(found.st_uid) and not set(group.gr_mem) - {group.gr_name}


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
