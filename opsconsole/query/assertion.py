"""A check's `must` and `should`: judged, and explained with what was seen.

`latency < 500ms` that fails reads `latency 812ms, must be < 500ms`.
"""

from collections.abc import Iterable, Sequence
from typing import Final, TypeGuard

from msgspec import Struct

from opsconsole.model.states import ServiceState
from opsconsole.query.evaluator import evaluate, holds
from opsconsole.query.fields import Context, Kind
from opsconsole.query.gatus import parse_condition
from opsconsole.query.nodes import Binary, Call, Expr, JsonPath, Literal, Name, Word
from opsconsole.query.rendering import show_value, unparse
from opsconsole.query.values import UNKNOWN, Env, Truth

_COMPARISONS: Final = ("==", "!=", "<", "<=", ">", ">=")


class Verdict(Struct, frozen=True):
    """What an assertion came to; `text` is empty where it holds."""

    holds: Truth
    text: str = ""


class Assertions(Struct, frozen=True):
    """A check's assertions, read."""

    must: tuple[Expr, ...] = ()
    should: tuple[Expr, ...] = ()


def read_assertions(must: Sequence[str], should: Sequence[str], context: Context) -> Assertions:
    """Read a check's assertions, in our spelling or in gatus'.

    Raises:
        QueryError: The first one that is wrong; `source` tells which.
    """
    return Assertions(
        tuple(parse_condition(each, context) for each in must),
        tuple(parse_condition(each, context) for each in should),
    )


def judge(expr: Expr, env: Env, word: str = "must") -> Verdict:
    """Evaluate one assertion, and say why it does not hold; `word` is must or should."""
    outcome = holds(expr, env)
    if outcome is True:
        return Verdict(holds=True)
    text = explain(expr, env, word)
    return Verdict(outcome, f"cannot tell: {text}" if outcome is UNKNOWN else text)


def judge_all(assertions: Assertions, env: Env) -> tuple[ServiceState, str]:
    """Give a check's state and reason: a failed must is down, a failed should degraded.

    A must that cannot be told makes it unknown; a should that cannot be told is not met.
    """
    musts = [judge(each, env) for each in assertions.must]
    if failed := _texts(verdict for verdict in musts if verdict.holds is False):
        return ServiceState.DOWN, failed
    if untold := _texts(verdict for verdict in musts if verdict.holds is UNKNOWN):
        return ServiceState.UNKNOWN, untold
    shoulds = (judge(each, env, "should") for each in assertions.should)
    if missed := _texts(verdict for verdict in shoulds if verdict.holds is not True):
        return ServiceState.DEGRADED, missed
    return ServiceState.UP, ""


def explain(expr: Expr, env: Env, word: str = "must") -> str:
    """Write an assertion with what was observed: `status 502, must be == 200`; of an `and`, only what failed."""
    if isinstance(expr, Binary) and expr.operator == "and":
        sides = (expr.left, expr.right)
        failed = (side for side in sides if holds(side, env) is not True)
        return ", ".join(explain(side, env, word) for side in failed)
    if _is_plain(expr):
        seen = f"{unparse(expr.left)} {_observed(expr.left, env)}"
        return f"{seen}, {word} be {expr.operator} {unparse(expr.right)}"
    return unparse(expr, lambda node: f" ({_observed(node, env)})")


def _is_plain(expr: Expr) -> TypeGuard[Binary]:
    """One thing that was looked at, compared with something written down: that reads as a sentence."""
    return (
        isinstance(expr, Binary)
        and expr.operator in _COMPARISONS
        and isinstance(expr.left, JsonPath | Name | Call)
        and isinstance(expr.right, Literal | Word)
    )


def _observed(node: Expr, env: Env) -> str:
    kind = node.kind if isinstance(node, Name) else Kind.TEXT
    if isinstance(node, Call) and node.arguments and isinstance(node.arguments[0], Name):
        kind = (
            node.arguments[0].kind if node.function not in ("len", "count", "age") else Kind.NUMBER
        )
        kind = Kind.SECONDS if node.function == "age" else kind
    if isinstance(node, JsonPath | Name | Call):
        return show_value(evaluate(node, env), kind)
    return ""


def _texts(verdicts: Iterable[Verdict]) -> str:
    return "; ".join(verdict.text for verdict in verdicts)
