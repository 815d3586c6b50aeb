"""The texts of a rule's annotations: `{mount} full in {eta}`, filled from a fixed table; data, never code.

What stands between brackets is left out when a value inside is missing: `{used} used[, {fs.available} left]`.
`{{`, `}}`, `[[` and `]]` are the signs themselves.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec import Struct

from opsconsole.errors import QueryError
from opsconsole.model.metrics import METRICS
from opsconsole.query.fields import did_you_mean
from opsconsole.query.rule_names import LABELS

NAMES: Final = (
    "host", "service", "check", "on", "alert", *LABELS, "value", "limit", "used", "eta", "ends",
    "side", "reason",
)  # fmt: skip
"""What a template may name beside metrics and `labels.*`: `used` is one less the value, `eta` when a forecast
is met, `ends` the day that is a value away, `side` whether it is `ahead of` or `behind`."""
LENGTH_LIMIT: Final = 1_000
_PARTS: Final = re.compile(r"\{\{|\}\}|\[\[|\]\]|\{([^{}]*)\}|[{}\[\]]|[^{}\[\]]+")
_DOUBLED: Final = {"{{": "{", "}}": "}", "[[": "[", "]]": "]"}

Find = Callable[[str], str | None]
"""Gives the text of a name, None when there is none."""


class Part(Struct, frozen=True):
    """A piece of a template: words, or a name in braces."""

    text: str
    is_name: bool = False
    optional: int = 0
    """Which pair of brackets it stands in, from 1; 0 for none."""


Template = tuple[Part, ...]


def read_template(text: str) -> Template:
    """Read a template.

    Raises:
        QueryError: A name it cannot have, or a sign that is not closed.
    """
    if len(text) > LENGTH_LIMIT:
        raise QueryError(f"longer than {LENGTH_LIMIT} characters", LENGTH_LIMIT, text)
    parts: list[Part] = []
    inside, pairs, opened = 0, 0, 0
    for found in _PARTS.finditer(text):
        piece = found.group()
        if piece == "[" and not inside:
            pairs += 1
            inside, opened = pairs, found.start()
        elif piece == "]" and inside:
            inside = 0
        elif piece in ("{", "}", "[", "]"):
            raise QueryError(f"a lone {piece}; write {piece * 2} for the sign", found.start(), text)
        elif found.group(1) is not None:
            name = found.group(1).strip()
            _check_name(name, found.start() + 1, text)
            parts.append(Part(name, is_name=True, optional=inside))
        else:
            parts.append(Part(_DOUBLED.get(piece, piece), optional=inside))
    if inside:
        raise QueryError("] missing", opened, text)
    return tuple(parts)


def fill(template: Sequence[Part], find: Find) -> str:
    """Write a template's text; a name with no value is left as `?`."""
    values = {part.text: find(part.text) for part in template if part.is_name}
    left_out = {p.optional for p in template if p.is_name and p.optional and not values[p.text]}
    return "".join(
        (values[part.text] or "?") if part.is_name else part.text
        for part in template
        if part.optional not in left_out
    )


def names_in(templates: Iterable[Template]) -> frozenset[str]:
    """Name everything that templates want filled."""
    return frozenset(part.text for parts in templates for part in parts if part.is_name)


def _check_name(name: str, column: int, text: str) -> None:
    plain = name.partition("{")[0]
    if name in NAMES or plain in METRICS or name.startswith("labels."):
        return
    hint = did_you_mean(name, (*NAMES, *METRICS))
    raise QueryError(f"a template has no name {name!r}{hint}", column, text)
