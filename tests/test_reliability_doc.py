"""docs/reliability.md keeps its word: every fault due stands there, with tests that exist and carry its id."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
DOCUMENT = TESTS.parent / "docs" / "reliability.md"
DUE = {
    "N01", *(f"N{n:02}" for n in range(5, 11)), *(f"A{n:02}" for n in range(1, 12)),
    *(f"{letter}{n:02}" for letter in "CHD" for n in range(1, 10)), *(f"T{n:02}" for n in range(1, 11)),
    *(f"S{n:02}" for n in range(1, 7)), *(f"I{n:02}" for n in range(1, 4)),
}  # fmt: skip
TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def rows() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Give each row's id with its tests as file and name."""
    for line in DOCUMENT.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if re.fullmatch(r"[A-Z]\d\d", cells[0]):
            yield cells[0], TEST.findall(cells[-1])


def names_in(path: Path) -> set[str]:
    """Give the functions of a test file."""
    nodes = ast.walk(ast.parse(path.read_text()))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


ROWS = dict(rows())


def test_every_fault_that_is_due_is_listed_once() -> None:
    listed = [row for row, _ in rows()]

    assert DUE - set(listed) == set()
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("row", sorted(ROWS))
def test_a_row_names_tests_that_exist_and_one_that_carries_its_id(row: str) -> None:
    missing = [(file, name) for file, name in ROWS[row] if name not in names_in(TESTS / file)]

    assert missing == []
    assert any(f"_{row.lower()}_" in name for _, name in ROWS[row])
