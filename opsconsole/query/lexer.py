"""Expression text to tokens, each with its column; units are folded into base units here."""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from opsconsole.errors import QueryError

LENGTH_LIMIT: Final = 2_000
"""Characters of an expression."""

DURATIONS: Final = {
    "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0,
}  # fmt: skip
SIZES: Final = {
    "B": 1.0, "K": 2.0**10, "M": 2.0**20, "G": 2.0**30, "T": 2.0**40,
    "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30, "TiB": 2.0**40, "PiB": 2.0**50,
    "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "PB": 1e15,
}  # fmt: skip


class TokenKind(StrEnum):
    """What a token is."""

    NUMBER = "number"
    STRING = "string"
    NAME = "name"
    JSON = "json path"
    OPERATOR = "operator"
    END = "end"


class Token(NamedTuple):
    """One token: `text` as written, `value` of a number or the unquoted string."""

    kind: TokenKind
    text: str
    column: int
    value: float | str = ""


_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_UNIT: Final = re.compile(r"[A-Za-z]+|%")
_NAME: Final = re.compile(
    r"[A-Za-z_][\w]*(?:-[A-Za-z_]\w*)*(?:\.[A-Za-z0-9_][\w]*(?:-[A-Za-z_]\w*)*)*(?:\{[^{}]*\})?"
)
_JSON: Final = re.compile(r"""\$(?:\.{1,2}(?:\w+|\*)|\[(?:"[^"]*"|'[^']*'|[\w*:,\- ]+)\])*""")
_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'', re.DOTALL)
_REGEX: Final = re.compile(r"/((?:[^/\\]|\\.)+)/")
_OPERATOR: Final = re.compile(r"==|!=|<=|>=|=~|!~|[<>+\-*/×÷(),\[\]]")
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}
_SPELLINGS: Final = {"×": "*", "÷": "/"}


def tokens(source: str) -> list[Token]:
    """Cut an expression into tokens, with an END at the end.

    Raises:
        QueryError: It is too long, or something in it is no token.
    """
    if len(source) > LENGTH_LIMIT:
        raise QueryError(f"longer than {LENGTH_LIMIT} characters", LENGTH_LIMIT, source)
    return list(_scan(source))


def _scan(source: str) -> Iterator[Token]:
    at = 0
    before: Token | None = None
    while at < len(source):
        if source[at].isspace():
            at += 1
            continue
        token, at = _next(source, at, before)
        yield token
        before = token
    yield Token(TokenKind.END, "", len(source))


def _next(source: str, at: int, before: Token | None) -> tuple[Token, int]:
    char = source[at]
    if char in "\"'":
        return _string(source, at)
    if char.isdigit():
        return _number(source, at)
    if char == "/" and before is not None and before.text in ("=~", "!~"):
        if found := _REGEX.match(source, at):
            return Token(TokenKind.STRING, found.group(), at, found.group(1)), found.end()
        raise QueryError("a pattern that does not end: / missing", at, source)
    if found := _NAME.match(source, at):
        return _name_or_json(source, found)
    if found := _OPERATOR.match(source, at):
        text = found.group()
        return Token(TokenKind.OPERATOR, _SPELLINGS.get(text, text), at), found.end()
    hint = ", did you mean ==?" if char == "=" else ""
    raise QueryError(f"{char!r} means nothing here{hint}", at, source)


def _name_or_json(source: str, found: re.Match[str]) -> tuple[Token, int]:
    end = found.end()
    if source.startswith(".$", end):
        path = _JSON.match(source, end + 1)
        if path is not None:
            return Token(TokenKind.JSON, found.group(), found.start(), path.group()), path.end()
    return Token(TokenKind.NAME, found.group(), found.start()), end


def _string(source: str, at: int) -> tuple[Token, int]:
    found = _STRING.match(source, at)
    if found is None:
        raise QueryError(f"a text that does not end: {source[at]} missing", at, source)
    inside = found.group(1) if found.group(1) is not None else found.group(2)
    value = _ESCAPE.sub(lambda match: _ESCAPES.get(match.group(1), match.group(1)), inside)
    return Token(TokenKind.STRING, found.group(), at, value), found.end()


def _number(source: str, at: int) -> tuple[Token, int]:
    """Read `5`, `0.5`, `10%`, `2GiB`, `500ms`, `1h30m`."""
    begin, total = at, 0.0
    while found := _NUMBER.match(source, at):
        at = found.end()
        unit = _UNIT.match(source, at)
        scale = 1.0
        if unit is not None:
            scale = _scale(source, unit)
            at = unit.end()
        total += float(found.group()) * scale
        if unit is None or unit.group() not in DURATIONS:
            break
    if at < len(source) and (source[at].isalnum() or source[at] == "_"):
        raise QueryError("a number runs into a word", at, source)
    return Token(TokenKind.NUMBER, source[begin:at], begin, total), at


def _scale(source: str, unit: re.Match[str]) -> float:
    word = unit.group()
    if word == "%":
        return 0.01
    if word in DURATIONS:
        return DURATIONS[word]
    if word in SIZES:
        return SIZES[word]
    known = "ms s m h d w, KiB MiB GiB TiB KB MB GB TB, %"
    raise QueryError(f"unknown unit {word!r}; units are {known}", unit.start(), source)
