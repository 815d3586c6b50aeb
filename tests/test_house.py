"""The house's measures: length of files and functions, the three bulkheads, words that stay out."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "opsconsole").rglob("*.py")) + sorted((ROOT / "plugins").rglob("*.py"))
BULKHEADS = {
    "opsconsole/collect/loop.py",
    "opsconsole/runs/boundary.py",
    "opsconsole/actions/loader.py",
}


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_one_idea_and_a_function_fits_a_screen(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)

    too_long = [f.name for f in _functions(tree) if (f.end_lineno or 0) - f.lineno >= 45]

    assert text.count("\n") <= 380
    assert too_long == []


def _cleans_up_and_raises(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_only_the_three_bulkheads_catch_everything() -> None:
    broad = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and not _cleans_up_and_raises(node)
        and (
            node.type is None
            or {"Exception", "BaseException"} & {getattr(n, "id", "") for n in ast.walk(node.type)}
        )
    }

    assert broad <= BULKHEADS


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "helpers", "common", "misc", "manager"}

    assert [path for path in SOURCES if path.stem in drawers] == []


def test_known_hosts_are_never_switched_off() -> None:
    offenders = [
        p
        for p in SOURCES
        if "testing" not in p.parts and re.search(r"known_hosts\s*=\s*None\b", p.read_text())
    ]

    assert offenders == []
