"""Tree back to text, with or without the values that were seen."""

from collections.abc import Callable
from typing import Final

from opsconsole.model.text import clean
from opsconsole.query.fields import Kind
from opsconsole.query.nodes import (
    Binary,
    Call,
    Expr,
    Items,
    JsonPath,
    Literal,
    Name,
    Pattern,
    Unary,
    Word,
)
from opsconsole.query.values import Unknown, Value, as_number

_POWERS: Final = {"or": 10, "and": 20, "not": 30, "+": 50, "-": 50, "*": 60, "/": 60}
_COMPARISON: Final = 40
_MINUS: Final = 70
_ATOM: Final = 100
_SHOWN: Final = 80
_DURATIONS: Final = ((604800.0 * 2, 86400.0, "d"), (7200.0, 3600.0, "h"), (120.0, 60.0, "m"))

Observe = Callable[[Expr], str]
"""Gives the text in parentheses behind an operand, or nothing."""


def unparse(expr: Expr, observe: Observe = lambda _: "") -> str:
    """Write an expression; reading it again gives an equal tree (columns aside)."""
    return _write(expr, observe)[0]


def _write(expr: Expr, observe: Observe) -> tuple[str, int]:
    match expr:
        case Binary():
            return _binary(expr, observe)
        case Unary(operator="not"):
            return f"not {_inside(expr.operand, _POWERS['not'], observe)}", _POWERS["not"]
        case Unary():
            return f"-{_inside(expr.operand, _MINUS, observe)}", _MINUS
        case _:
            return _atom(expr, observe), _ATOM


def _atom(expr: Items | Call | Name | JsonPath | Literal | Word | Pattern, observe: Observe) -> str:
    match expr:
        case Items():
            return f"[{', '.join(unparse(each, observe) for each in expr.items)}]"
        case Call():
            arguments = ", ".join(unparse(each) for each in expr.arguments)
            return f"{expr.function}({arguments}){observe(expr)}"
        case Name():
            return f"{expr.name}{observe(expr)}"
        case JsonPath():
            return f"{expr.name}.{expr.path}{observe(expr)}"
        case Literal():
            return expr.text
        case Word():
            return expr.value
        case Pattern():
            return quoted(expr.source) if expr.anchored else f"/{expr.source}/"


def _binary(expr: Binary, observe: Observe) -> tuple[str, int]:
    power = _POWERS.get(expr.operator, _COMPARISON)
    comparing = power == _COMPARISON
    left = _inside(expr.left, power + comparing, observe)
    right = _inside(expr.right, power + 1, observe)
    return f"{left} {expr.operator} {right}", power


def _inside(expr: Expr, power: int, observe: Observe) -> str:
    text, own = _write(expr, observe)
    return text if own >= power else f"({text})"


def quoted(text: str) -> str:
    """Write a text as a literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    for char, letter in (("\n", "n"), ("\t", "t"), ("\r", "r")):
        escaped = escaped.replace(char, f"\\{letter}")
    return f'"{escaped}"'


def show_value(value: Value, kind: Kind) -> str:
    """Write a value as a person reads it: `812ms`, `97%`, `"up"`, `none`; cleaned and short."""
    if isinstance(value, Unknown):
        return "unknown"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        short = clean(value, _SHOWN)
        return short if kind in (Kind.WORD, Kind.FLAGS) else quoted(short)
    number = as_number(value)
    if number is not None:
        return _show_number(number, kind)
    return clean(str(value), _SHOWN)


def _show_number(number: float, kind: Kind) -> str:
    match kind:
        case Kind.SECONDS:
            return show_seconds(number)
        case Kind.RATIO:
            return f"{number * 100:.3g}%"
        case Kind.BYTES:
            return _show_bytes(number)
        case _:
            return f"{number:.6g}" if abs(number) < 1e15 else f"{number:g}"


def show_seconds(seconds: float) -> str:
    """Write a duration with one unit: `812ms`, `4.1s`, `17m`, `5h`, `21d`."""
    size = abs(seconds)
    if size < 1:
        return f"{seconds * 1000:.3g}ms"
    for least, unit, letter in _DURATIONS:
        if size >= least:
            return f"{seconds / unit:.0f}{letter}"
    return f"{seconds:.3g}s"


def _show_bytes(number: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(number) < 1024:
            return f"{number:.4g}{unit}"
        number /= 1024
    return f"{number:.4g}TiB"
