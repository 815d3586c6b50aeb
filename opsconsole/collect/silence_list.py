"""Alertmanager's JSON of silences (API v2), both ways."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec import Struct

from opsconsole.errors import ParseError
from opsconsole.model.silence import Matcher, Silence, SilenceDraft
from opsconsole.model.text import LABEL_LIMIT, MESSAGE_LIMIT, NAME_LIMIT, clean

_MOST: Final = 20_000
_SHOWN: Final = 80


class _Matcher(Struct, rename="camel"):
    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True


class _State(Struct):
    state: str = "active"


class _Silence(Struct, rename="camel"):
    id: str
    matchers: list[_Matcher]
    starts_at: datetime
    ends_at: datetime
    created_by: str = ""
    comment: str = ""
    status: _State = msgspec.field(default_factory=_State)


class _Made(Struct):
    silence_id: str = msgspec.field(name="silenceID")


_OPS: Final[Mapping[tuple[bool, bool], str]] = {
    (False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~",
}  # fmt: skip


def read_silences(body: bytes, source: str) -> tuple[Silence, ...]:
    """Read `GET /api/v2/silences`.

    Raises:
        ParseError: It is not what Alertmanager says.
    """
    try:
        told = msgspec.json.decode(body, type=list[_Silence])
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise ParseError("alertmanager silences", clean(body[:_SHOWN])) from None
    return tuple(_silence(each, source) for each in told[:_MOST])


def _silence(told: _Silence, source: str) -> Silence:
    return Silence(
        id=clean(told.id, NAME_LIMIT),
        source=source,
        matchers=tuple(
            Matcher(clean(m.name, NAME_LIMIT), _OPS[m.is_regex, m.is_equal], clean(m.value, LABEL_LIMIT))
            for m in told.matchers
        ),
        starts=told.starts_at.timestamp(),
        ends=told.ends_at.timestamp(),
        author=clean(told.created_by, NAME_LIMIT),
        comment=clean(told.comment, MESSAGE_LIMIT),
        state=clean(told.status.state, NAME_LIMIT),
    )  # fmt: skip


def read_made(body: bytes) -> str:
    """Read the id that a new silence was given.

    Raises:
        ParseError: It is not what Alertmanager says.
    """
    try:
        return clean(msgspec.json.decode(body, type=_Made).silence_id, NAME_LIMIT)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise ParseError("alertmanager silence", clean(body[:_SHOWN])) from None


def write_silence(
    draft: SilenceDraft, *, author: str, starts: float, ends: float, id: str = ""
) -> bytes:
    """Write the body of a POST; with an id, unchanged matchers and start it extends that silence."""
    document: dict[str, object] = {
        "matchers": _write_matchers(draft.matchers),
        "startsAt": _moment(starts),
        "endsAt": _moment(ends),
        "createdBy": author,
        "comment": draft.comment,
    }
    if id:
        document["id"] = id
    return msgspec.json.encode(document)


def _write_matchers(matchers: Sequence[Matcher]) -> list[dict[str, object]]:
    return [
        {
            "name": m.name,
            "value": m.value,
            "isRegex": "~" in m.op,
            "isEqual": not m.op.startswith("!"),
        }
        for m in matchers
    ]


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
