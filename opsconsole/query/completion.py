"""What could stand at the cursor of a filter line: fields, their words, values that exist."""

import re
from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from opsconsole.query.fields import Context, Field, Kind

LIMIT: Final = 12
_TERM: Final = re.compile(r'(?:"[^"]*"?|[^\s|"])*$')
_VALUE: Final = re.compile(
    r"(?P<name>[A-Za-z_][\w.-]*)(?P<operator>:|==|=~|!~|!=|>=|<=|=|>|<)(?P<value>.*)$", re.DOTALL
)
_COMPARED: Final = (Kind.NUMBER, Kind.RATIO, Kind.SECONDS, Kind.BYTES)
_EXAMPLES: Final = {
    Kind.RATIO: ("90%", "95%"),
    Kind.SECONDS: ("5m", "10m", "1h"),
    Kind.BYTES: ("1GiB", "10GiB"),
}


class Completion(Struct, frozen=True):
    """One offer: put `text` in the place of `start` to the cursor."""

    text: str
    start: int
    title: str = ""


def complete(
    line: str,
    cursor: int,
    context: Context,
    values: Callable[[str], Iterable[str]] = lambda _: (),
) -> tuple[Completion, ...]:
    """Offer what may stand at the cursor, best first.

    Args:
        line: The filter line.
        cursor: Characters before the cursor.
        context: The fields of the table.
        values: Gives the values that exist for a field's name (`labels.role`), in any order.
    """
    before = line[: max(0, cursor)]
    found = _TERM.search(before)
    start = found.start() if found else len(before)
    while before[start : start + 1] == "!":
        start += 1
    term = before[start:]
    named = _VALUE.match(term)
    if named is None:
        return _ranked(term, _fields(context), start)
    field = context.find(named["name"]) or Field(f"labels.{named['name']}")
    last = named["value"].rpartition(",")[2]
    offers = dict.fromkeys((*field.words, *_EXAMPLES.get(field.kind, ())), "")
    if field.name == "owner":
        offers |= {"me": "what I have", "none": "what nobody has"}
    offers |= {_guarded(text): "" for text in values(field.name) if text}
    return _ranked(last, offers, len(before) - len(last))


def _fields(context: Context) -> dict[str, str]:
    """List a context's fields as one types them, with the operator that usually follows."""
    offers = {}
    for name, field in context.fields.items():
        if name.endswith("*") or name in ("text", "exact", "me", "now"):
            continue
        target = context.fields[field.alias_of] if field.alias_of else field
        sign = ">" if target.kind in _COMPARED else ":"
        offers[f"{name}{sign}"] = target.title
    return offers


def _guarded(text: str) -> str:
    return f'"{text}"' if re.search(r"[\s|,]", text) else text


def _ranked(typed: str, offers: dict[str, str], start: int) -> tuple[Completion, ...]:
    """Order offers: those that begin as typed, then those that hold it; never what is already there."""
    wanted = typed.lower()
    begin = [text for text in offers if text.lower().startswith(wanted) and text != typed]
    inside = [t for t in offers if wanted in t.lower() and t not in begin and t != typed]
    return tuple(Completion(text, start, offers[text]) for text in (begin + inside)[:LIMIT])
