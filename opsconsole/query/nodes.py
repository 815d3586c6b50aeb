"""The tree of an expression: frozen, with the column each part began at."""

from msgspec import Struct

from opsconsole.query.fields import Kind


class Literal(Struct, frozen=True):
    """A constant; `text` is how it was written."""

    value: bool | float | str | None
    text: str
    column: int = 0


class Word(Struct, frozen=True):
    """A keyword of a field's type; `scale` are the field's words in rising order."""

    value: str
    scale: tuple[str, ...]
    column: int = 0


class Name(Struct, frozen=True):
    """A field; `kind` says how its value is shown."""

    name: str
    kind: Kind = Kind.TEXT
    column: int = 0


class JsonPath(Struct, frozen=True):
    """A JSONPath below a field: `body.$.db`."""

    name: str
    path: str
    singular: bool = True
    column: int = 0


class Pattern(Struct, frozen=True):
    """A regular expression; anchored when it was written in quotes, searched when between slashes."""

    source: str
    anchored: bool
    column: int = 0


class Items(Struct, frozen=True):
    """A list of values."""

    items: "tuple[Expr, ...]"
    column: int = 0


class Unary(Struct, frozen=True):
    """`not x` or `-x`."""

    operator: str
    operand: "Expr"
    column: int = 0


class Binary(Struct, frozen=True):
    """Two operands and an operator: or, and, a comparison, arithmetic."""

    operator: str
    left: "Expr"
    right: "Expr"
    column: int = 0


class Call(Struct, frozen=True):
    """A function of the context."""

    function: str
    arguments: "tuple[Expr, ...]"
    column: int = 0


Expr = Literal | Word | Name | JsonPath | Pattern | Items | Unary | Binary | Call
