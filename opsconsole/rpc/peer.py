"""Who is at the other end of the socket: the kernel's word, never the peer's."""

import pwd
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec import Struct

from opsconsole.errors import RpcError
from opsconsole.model.policy import Person

_CREDENTIALS: Final = struct.Struct("=iII")
_UNSET: Final = 0xFFFFFFFF
"""What the kernel shows as loginuid of a process that no login started."""


class Credentials(Struct, frozen=True):
    """What the kernel says of a peer when it connected."""

    pid: int
    uid: int


class Peer(Struct, frozen=True):
    """One attached client."""

    id: int
    """Unique while the server lives; later attaches have higher ones."""
    uid: int
    pid: int
    actor: str
    """The person: the audit login's name when set, else the uid's."""
    role: str = "cli"
    agent: str = ""
    """The SSH_AUTH_SOCK of this attach, empty for none."""
    read_only: bool = False
    """True: it may only look."""
    login: int | None = None
    """The audit login uid; None: not set, or the kernel has none."""

    @property
    def person(self) -> Person:
        """Who it is, for what is decided by persons."""
        return Person(self.actor, self.uid, self.login)


def credentials(sock: socket.socket, own_uid: int) -> Credentials:
    """Read SO_PEERCRED (unix(7)); where there is none, the 0600 socket itself vouches for our own uid."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return Credentials(0, own_uid)
    raw = sock.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    pid, uid, _gid = _CREDENTIALS.unpack(raw)
    return Credentials(pid, uid)


def person_of(who: Credentials, proc: Path = Path("/proc")) -> Person:
    """Say who is behind a process: the audit loginuid survives su and sudo, so it comes first in the name.

    Raises:
        RpcError: The kernel keeps logins and does not tell this one: a process that has gone would have shed it.
    """
    try:
        login = _login_uid(proc / str(who.pid) / "loginuid")
    except OSError:
        if (proc / "self" / "loginuid").exists():
            raise RpcError(
                f"refused: process {who.pid} is gone or hidden: who is behind it is not known"
            ) from None
        login = None
    return Person(name_of(who.uid if login is None else login), who.uid, login)


def name_of(uid: int, lookup: Callable[[int], pwd.struct_passwd] = pwd.getpwuid) -> str:
    """Name an account, or show its number where the machine has no name for it."""
    try:
        return lookup(uid).pw_name
    except KeyError:
        return f"uid:{uid}"


def _login_uid(path: Path) -> int | None:
    try:
        uid = int(path.read_text())
    except ValueError:
        return None
    return None if uid == _UNSET else uid
