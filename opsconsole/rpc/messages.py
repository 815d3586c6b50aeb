"""What travels on the socket: a 4-byte big-endian length, then one MessagePack record of these."""

from typing import Final

from msgspec import Raw, Struct

from opsconsole.model.calls import AnyCall
from opsconsole.model.snapshot import Delta, Snapshot

PROTOCOL: Final = 2
CLIENT_FRAME_LIMIT: Final = 1 << 20
"""Bytes a client may send in one frame."""
SERVER_FRAME_LIMIT: Final = 64 << 20


class Hello(Struct, frozen=True, tag="hello"):
    """The first frame of both sides; versions that differ are told, not guessed around."""

    protocol: int
    version: str
    role: str = "console"
    """console, cli or engine; a console counts as an attached person."""
    engine: str = ""
    pid: int = 0
    actor: str = ""
    """Server to client: who you are, from the socket's credentials."""
    agent: str = ""
    """Client to server: SSH_AUTH_SOCK of this attach."""
    read_only: bool = False
    """Client to server: this attach only looks; the engine refuses it every change."""
    subscribe: bool = True
    """False: no snapshot and no deltas, only calls."""


class SnapshotFrame(Struct, frozen=True, tag="snapshot"):
    """Everything, once after hello and after a gap."""

    snapshot: Snapshot


class DeltaFrame(Struct, frozen=True, tag="delta"):
    """What changed since the revision the client has."""

    delta: Delta


class CallFrame(Struct, frozen=True, tag="call"):
    """A request; `id` comes back in the reply."""

    id: int
    call: AnyCall


class ReplyFrame(Struct, frozen=True, tag="reply"):
    """The answer to a call: `result` holds the record its call names, or `code` and `error` are set."""

    id: int
    result: Raw = Raw(b"\xc0")
    code: str = ""
    error: str = ""


class EventFrame(Struct, frozen=True, tag="notice"):
    """A word to one client outside calls (`resync`, `stopping`)."""

    kind: str
    text: str = ""


class Bye(Struct, frozen=True, tag="bye"):
    """The last frame, with a reason a person can read."""

    reason: str


FromClient = Hello | CallFrame | Bye
FromServer = Hello | SnapshotFrame | DeltaFrame | ReplyFrame | EventFrame | Bye
