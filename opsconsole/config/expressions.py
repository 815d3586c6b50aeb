"""Assertions checked while they are read: the one place where configuration meets the query language."""

from opsconsole.config.fields import Kind, describe
from opsconsole.config.loader import Node, Scalar, Seq
from opsconsole.config.problems import Mark, Problems
from opsconsole.errors import QueryError
from opsconsole.query.check_contexts import CHECKS
from opsconsole.query.contexts import ALERTS, HOSTS
from opsconsole.query.fields import Context
from opsconsole.query.filter_line import compile_filter
from opsconsole.query.gatus import parse_condition


def assertion() -> Kind[str]:
    """An expression over one answer of a check; its names depend on the check's kind."""

    def read(node: Node, problems: Problems) -> str | None:
        if not isinstance(node, Scalar) or not node.text.strip():
            problems.add(node.mark, f"must be an expression, not {describe(node)}")
            return None
        return node.text.strip()

    return Kind(read, {"type": "string"})


def host_filter() -> Kind[str]:
    """A filter over hosts as it is typed behind `/`; `*` means all."""
    return _filter(HOSTS, "role:db")


def fire_filter() -> Kind[str]:
    """A filter over fires; `*` means all."""
    return _filter(ALERTS, "sev:critical")


def _filter(context: Context, example: str) -> Kind[str]:

    def read(node: Node, problems: Problems) -> str | None:
        text = node.text.strip() if isinstance(node, Scalar) else ""
        if not text:
            problems.add(node.mark, f"must be a filter such as {example}, not {describe(node)}")
            return None
        if text != "*":
            try:
                compile_filter(text, context)
            except QueryError as error:
                problems.add(node.mark, f"{text[:80]}: {error.text}")
                return None
        return text

    return Kind(read, {"type": "string"})


def check_assertions(kind: str, node: Node | None, problems: Problems) -> None:
    """Parse the assertions under `must:` or `should:` with the names that a kind of check has."""
    items = node.items if isinstance(node, Seq) else (node,)
    for item in items:
        if isinstance(item, Scalar) and item.text.strip():
            _check(item, CHECKS[kind], problems)


def _check(item: Scalar, context: Context, problems: Problems) -> None:
    text = item.text.strip()
    try:
        parse_condition(text, context)
    except QueryError as error:
        cut = text.count("(") != text.count(")")
        hint = "; put quotes around an expression with a comma" if cut else ""
        problems.add(place_in(item, error.column), f"{text[:80]}: {error.text}{hint}")


def place_in(item: Scalar, column: int) -> Mark:
    """Find a character of an expression in the file; a block's text begins on a line of its own."""
    if item.inset < 0:
        return item.mark
    return item.mark._replace(column=item.mark.column + item.inset + column)
