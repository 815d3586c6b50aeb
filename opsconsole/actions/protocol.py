"""The lines between the engine and an executable plugin: one JSON object each, UTF-8, at most 1 MiB.

The engine says hello, invoke, line, data, result and cancel; the plugin says hello, call, stop, progress, log
and outcome.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec
from msgspec import Struct, field

from opsconsole.errors import OpsConsoleError
from opsconsole.model.text import clean

LINE_LIMIT: Final = 1 << 20
"""Bytes of one line, both ways."""
_TEXT_LIMIT: Final = 160 * 1024
"""Characters of one output in a result: JSON may need six bytes for each."""


class ProtocolError(OpsConsoleError):
    """An executable plugin did not keep to the protocol; the message says how."""


class _Line(Struct, frozen=True, tag_field="op", omit_defaults=True):
    """What every line is: an object with `op`."""


class HostHello(_Line, frozen=True, tag="hello"):
    """The engine's first line."""

    api: int
    features: tuple[str, ...]
    lang: str


class Invoke(_Line, frozen=True, tag="invoke"):
    """Do it."""

    id: int
    action: str
    """`<plugin>.<name>`."""
    mode: str
    """plan, run or rollback."""
    target: Mapping[str, object]
    params: Mapping[str, object]
    run: str
    deadline_ms: int
    kind: str = "action"
    """action, or the kind of another contribution."""
    alert: Mapping[str, object] = {}
    """The fire the person stood on: name, severity, on, since, summary, labels, annotations; empty: none."""
    targets: tuple[str, ...] = ()
    """Names of all that the run goes to."""
    now: float = 0.0
    """Epoch seconds of the engine."""


class Reply(_Line, frozen=True, tag="result"):
    """The answer to a call."""

    id: str | int
    r: Mapping[str, object]


class StreamLine(_Line, frozen=True, tag="line"):
    """One line of what a call follows; its result comes behind the last one."""

    id: str | int
    text: str


class Data(_Line, frozen=True, tag="data"):
    """A piece of a file that a call fetches; its result comes behind the last one."""

    id: str | int
    base64: str


class Cancel(_Line, frozen=True, tag="cancel"):
    """End it: the process is killed after the grace."""

    id: int
    grace_ms: int


class PluginHello(_Line, frozen=True, tag="hello"):
    """The plugin's first line."""

    api: int
    plugin: str
    version: str = ""
    requires: tuple[str, ...] = ()


class Call(_Line, frozen=True, tag="call"):
    """Wish for something only the engine does."""

    id: str | int
    m: str
    """`ssh.read`, `ssh.write`, `secret.get`, `ask` ..."""
    p: Mapping[str, object] = {}


class Stop(_Line, frozen=True, tag="stop"):
    """Enough of what a call follows: it is ended, and its result says `stopped`."""

    id: str | int


class Progress(_Line, frozen=True, tag="progress"):
    """How far it is."""

    id: int
    done: int = 0
    total: int = 0
    note: str = ""


class LogLine(_Line, frozen=True, tag="log"):
    """A line for people."""

    text: str
    id: int = 0
    level: str = "info"


class OutcomeLine(_Line, frozen=True, tag="outcome"):
    """The end; nothing after it is read."""

    id: int
    state: str
    """An action's: changed, unchanged or failed; a check's: ok, warning, critical or unknown."""
    summary: str = ""
    data: Mapping[str, object] = {}
    shows: str | int = field(default="", name="from")
    """The id of the call whose output is the answer."""


FromPlugin = PluginHello | Call | Stop | Progress | LogLine | OutcomeLine
ToPlugin = HostHello | Invoke | StreamLine | Data | Reply | Cancel

Answer = Mapping[str, object]
"""What a result says of a call."""
Tell = Callable[[StreamLine | Data], Awaitable[None]]
"""Says something of a call before its result; waits while the plugin does not read."""
Serve = Callable[[Call, Tell], Awaitable[Answer]]
"""Does what a call asks for."""

_DECODER: Final[msgspec.json.Decoder[FromPlugin]] = msgspec.json.Decoder(FromPlugin)
_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)  # a Given is text


def encode_line(line: ToPlugin) -> bytes:
    """Make one line's bytes; the engine's own are never too long, see `fit_text`."""
    return _ENCODER.encode(line) + b"\n"


def decode_line(data: bytes) -> FromPlugin:
    """Read one line.

    Raises:
        ProtocolError: It is no object of the protocol.
    """
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        seen = clean(data[:80])
        raise ProtocolError(f"said {seen!r}, which is no line of the protocol: {error}") from None


def fit_text(text: str) -> tuple[str, bool]:
    """Cut a text so that a line can carry it; True: it was cut."""
    return text[:_TEXT_LIMIT], len(text) > _TEXT_LIMIT
