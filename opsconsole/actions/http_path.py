"""Paths, queries and bodies of HTTP calls: built of parts, so that no value can become another path."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlencode

import msgspec

from opsconsole.actions.argv import has_control
from opsconsole.actions.secret import Secret
from opsconsole.actions.steps import HttpCall, Request
from opsconsole.model.states import Effect

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
READING: Final = ("GET", "HEAD")
BODY_LIMIT: Final = 1 << 20
SUCCESS: Final = tuple(range(200, 300))
"""HTTP statuses that are no failure, unless a call says otherwise."""
_LITERAL: Final = "/-._~!$&'()*+,;=:@%"


def build_path(path: str | Sequence[str | int]) -> str:
    """Make a path that begins with `/`: of text as the author wrote it, or of segments, each encoded.

    Raises:
        ValueError: It has an empty, `.` or `..` segment, a control character, `?` or `#`.
    """
    if not isinstance(path, str):
        segments = [_segment(str(part)) for part in path]
        return "/" + "/".join(segments)
    if not path.startswith("/"):
        raise ValueError(f"{path[:60]!r}: a path begins with /")
    if has_control(path) or any(char in path for char in "?#\\ "):
        raise ValueError(
            f"{path[:60]!r}: a path holds no space, ?, # or \\; a query has its own key"
        )
    if any(part in (".", "..") for part in path.lower().replace("%2e", ".").split("/")):
        raise ValueError(f"{path[:60]!r}: a path does not go up")
    if "//" in path:
        raise ValueError(f"{path[:60]!r}: an empty part; a value may be missing")
    return quote(path, safe=_LITERAL)


def _segment(text: str) -> str:
    if text in ("", ".", "..") or has_control(text):
        raise ValueError(f"{text[:60]!r} cannot be a part of a path")
    return quote(text, safe="")


def quote_segment(text: str) -> str:
    """Encode a value that stands inside one segment of a path.

    Raises:
        ValueError: It is empty, goes up, or holds a control character.
    """
    return _segment(text)


def build_query(query: Mapping[str, str | int] | None) -> tuple[tuple[str, str], ...]:
    """Make a query's pairs, encoded.

    Raises:
        ValueError: A value holds a control character.
    """
    pairs = []
    for name, value in (query or {}).items():
        if has_control(str(value)):
            raise ValueError(f"{name}: {str(value)[:60]!r} holds a control character")
        encoded = urlencode([(name, str(value))]).split("=", 1)
        pairs.append((encoded[0], encoded[1]))
    return tuple(pairs)


def build_body(value: object) -> bytes:
    """Make a JSON body; None is none.

    Raises:
        ValueError: It is no JSON (a secret is not), or too large.
    """
    if value is None:
        return b""
    try:
        body = msgspec.json.encode(value, enc_hook=_refuse)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"no JSON: {error}") from None
    if len(body) > BODY_LIMIT:
        raise ValueError(f"a body has at most {BODY_LIMIT >> 20} MiB")
    return body


def _refuse(value: object) -> object:
    if isinstance(value, str):  # given by somebody; its type is no matter of the far side
        return str(value)
    if isinstance(value, Secret):
        raise TypeError("a secret does not travel in a body; the client has its own credentials")
    raise TypeError(f"{type(value).__name__} is no JSON")


def http_request(
    step: str, call: HttpCall, ok: Sequence[int], timeout: float | None, *, show: bool
) -> Request:
    """Make the request of a call: only GET and HEAD read."""
    effect = Effect.READ if call.method in READING else Effect.WRITE
    return Request(
        step, effect, http=call, ok=tuple(ok) or SUCCESS, timeout=timeout, show=show,
        shown=call.words,
    )  # fmt: skip
