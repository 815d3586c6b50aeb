"""Gatus' spelling of a condition, `[STATUS] == any(200, 204)`, read as ours.

One condition is one comparison there: `and` and `or` do not exist, and texts stand without quotes
(https://github.com/TwiN/gatus, README, "Conditions"). A mistake is shown in the words that were written.
"""

import re
from typing import Final, NamedTuple

from opsconsole.errors import QueryError
from opsconsole.query.fields import Context, did_you_mean
from opsconsole.query.nodes import Expr
from opsconsole.query.parser import parse
from opsconsole.query.rendering import quoted

NAMES: Final = {
    "STATUS": "status",
    "RESPONSE_TIME": "latency",
    "BODY": "body",
    "IP": "ip",
    "CONNECTED": "connected",
    "CERTIFICATE_EXPIRATION": "cert.expires_in",
    "DNS_RCODE": "rcode",
}
_NOT_HERE: Final = {
    "DOMAIN_EXPIRATION": "no registry is asked here when a domain ends; cert.expires_in is known",
}
_NUMBERS: Final = ("STATUS", "RESPONSE_TIME", "CERTIFICATE_EXPIRATION")
_IS: Final = re.compile(r"\s*(?:(?:len|has)\(\s*)?\[[A-Z][A-Z_]+\]")
_COMPARISON: Final = re.compile(r"\s*(==|!=|<=|>=|<|>)\s*")
_PLACE: Final = re.compile(r"\[([A-Z][A-Z_]+)\]((?:\.[\w-]+|\[\d+\])*)")
_CALL: Final = re.compile(r"(len|has|any|pat)\((.*)\)", re.DOTALL)
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|h|m|s))+")
_WORDS: Final = ("true", "false")


class _Side(NamedTuple):
    """One operand as written, and where it stands."""

    text: str
    column: int

    @property
    def place(self) -> str:
        """The placeholder it is about, empty for a value."""
        found = _PLACE.search(self.text) if self.text.startswith(("[", "len(", "has(")) else None
        return found.group(1) if found else ""


class _Out:
    """Our spelling as it grows, and which character of theirs each piece came from."""

    def __init__(self) -> None:
        self.text = ""
        self._from: list[tuple[int, int]] = []

    def add(self, text: str, column: int) -> None:
        """Write a piece that stands for what begins at a column of theirs."""
        self._from.append((len(self.text), column))
        self.text += text

    def column(self, ours: int) -> int:
        """Give the column of theirs behind one of ours."""
        return max((pair for pair in self._from if pair[0] <= ours), default=(0, 0))[1]


def parse_condition(source: str, context: Context) -> Expr:
    """Read an assertion in either spelling.

    Raises:
        QueryError: It is wrong; the column is one of `source`.
    """
    if not _IS.match(source):
        return parse(source, context)
    out = _translated(source)
    try:
        return parse(out.text, context)
    except QueryError as error:
        raise QueryError(error.text, out.column(error.column), source) from None


def _translated(source: str) -> _Out:
    end = _operand_end(source)
    found = _COMPARISON.match(source, end)
    if found is None:
        raise QueryError("a comparison is wanted: [STATUS] == 200", end, source)
    begin = len(source) - len(source.lstrip())
    left = _Side(source[begin:end].rstrip(), begin)
    right = _Side(source[found.end() :].rstrip(), found.end())
    if not right.text:
        raise QueryError("the end where a value is wanted", found.end(), source)
    out = _Out()
    operator = (found.group(1), found.start(1))
    if left.text.startswith("has("):
        _has(out, source, left, operator, right)
    elif call := _CALL.fullmatch(right.text):
        _called(out, source, left, operator, (call.group(1), call.group(2), right))
    else:
        _operand(out, source, left, right.place)
        out.add(f" {operator[0]} ", operator[1])
        _operand(out, source, right, left.place)
    return out


def _operand_end(source: str) -> int:
    """Find the end of the first operand: behind its placeholder, its path and its closing bracket."""
    found = _PLACE.search(source)
    end = found.end() if found else 0
    closing = re.compile(r"\s*\)").match(source, end)
    return closing.end() if closing else end


def _has(out: _Out, source: str, left: _Side, operator: tuple[str, int], right: _Side) -> None:
    if right.text not in _WORDS or operator[0] not in ("==", "!="):
        raise QueryError("has() is compared with true or false", operator[1], source)
    wanted = (right.text == "true") == (operator[0] == "==")
    _operand(out, source, _inside(left), "")
    out.add(" != none" if wanted else " == none", operator[1])


def _called(
    out: _Out,
    source: str,
    left: _Side,
    operator: tuple[str, int],
    call: tuple[str, str, _Side],
) -> None:
    name, inside, right = call
    if name in ("len", "has") or operator[0] not in ("==", "!="):
        what = (
            f"{name}() goes with == and !=" if name in ("any", "pat") else f"{name}() stands first"
        )
        raise QueryError(what, right.column if name in ("len", "has") else operator[1], source)
    negated = operator[0] == "!="
    if name == "pat":
        out.add("not glob(" if negated else "glob(", left.column)
        _operand(out, source, left, "")
        out.add(f", {quoted(inside)})", right.column)
        return
    _operand(out, source, left, "")
    out.add(" not in [" if negated else " in [", operator[1])
    column = right.column + len("any(")
    for number, part in enumerate(inside.split(",")):
        out.add(", " if number else "", column)
        lead = len(part) - len(part.lstrip())
        _operand(out, source, _Side(part.strip(), column + lead), left.place)
        column += len(part) + 1
    out.add("]", right.column + len(right.text) - 1)


def _operand(out: _Out, source: str, side: _Side, beside: str) -> None:
    if side.text.startswith("len("):
        out.add("len(", side.column)
        _operand(out, source, _inside(side), "")
        out.add(")", side.column + len(side.text) - 1)
        return
    found = _PLACE.fullmatch(side.text)
    if found is not None:
        out.add(_name(source, side, found), side.column)
    elif side.text.startswith("[") and side.place:
        raise QueryError("not a path: [BODY].name[0]", side.column + len(side.place) + 2, source)
    else:
        out.add(_value(source, side, beside), side.column)


def _inside(side: _Side) -> _Side:
    """Take `len(` and `has(` off."""
    inner = side.text[4:].rstrip(")")
    return _Side(inner.strip(), side.column + 4 + len(inner) - len(inner.lstrip()))


def _name(source: str, side: _Side, found: re.Match[str]) -> str:
    word, path = found.groups()
    if word in _NOT_HERE:
        raise QueryError(_NOT_HERE[word], side.column, source)
    if word not in NAMES:
        hint = did_you_mean(word, NAMES)
        raise QueryError(f"unknown name [{word}]{hint}", side.column, source)
    if path and word != "BODY":
        raise QueryError(f"[{word}] has no parts", side.column + len(word) + 2, source)
    return f"{NAMES[word]}.${_quoted_parts(path)}" if path else NAMES[word]


def _quoted_parts(path: str) -> str:
    """Write a path's names that our JSONPath does not take bare as `["a-b"]`."""
    return re.sub(r"\.([\w]*-[\w-]*)", r'["\1"]', path)


def _value(source: str, side: _Side, beside: str) -> str:
    text = side.text.strip()
    if _NUMBER.fullmatch(text):
        return f"{text}ms" if beside == "RESPONSE_TIME" else text
    if _DURATION.fullmatch(text) and beside in _NUMBERS[1:]:
        return text
    if beside in _NUMBERS:
        raise QueryError(f"a number is wanted, not {text[:40]!r}", side.column, source)
    if text in _WORDS or beside == "DNS_RCODE" or text.startswith('"'):
        return text
    return quoted(text)
