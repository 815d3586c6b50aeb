"""Assertions checked while they are read: the one place where configuration meets the query language."""

from opsconsole.config.fields import Kind, describe
from opsconsole.config.loader import Node, Scalar
from opsconsole.config.problems import Problems


def assertion() -> Kind[str]:
    """An expression over one answer of a check; its names depend on the check's kind."""

    def read(node: Node, problems: Problems) -> str | None:
        if not isinstance(node, Scalar) or not node.text.strip():
            problems.add(node.mark, f"must be an expression, not {describe(node)}")
            return None
        return node.text.strip()

    return Kind(read, {"type": "string"})


def check_assertions(kind: str, node: Node | None, problems: Problems) -> None:
    """Parse the assertions under `must:` or `should:` with the names a kind of check has."""
