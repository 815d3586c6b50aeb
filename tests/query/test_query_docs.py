"""The page about filters says what is so."""

import re
from pathlib import Path

import pytest

from opsconsole.errors import QueryError
from opsconsole.query.check_contexts import CHECKS
from opsconsole.query.contexts import ALERTS, EVENTS, HOSTS, SERVICES
from opsconsole.query.fields import Context
from opsconsole.query.filter_line import compile_filter
from opsconsole.query.functions import FUNCTIONS

PAGE = (Path(__file__).parents[2] / "docs" / "filters.md").read_text()


def _names(heading: str) -> set[str]:
    paragraph = PAGE.split(f"**{heading}**: ")[1].split("\n\n")[0]
    return set(re.findall(r"`([a-z][\w.*]*)(?:\{[^`]*)?`", paragraph))


@pytest.mark.parametrize(
    ("heading", "contexts"),
    [
        ("Hosts", [HOSTS]),
        ("Services", [SERVICES]),
        ("Fires", [ALERTS]),
        ("Events", [EVENTS]),
        ("Checks", list(CHECKS.values())),
    ],
)
def test_every_name_of_the_page_is_a_field(heading: str, contexts: list[Context]) -> None:
    named = _names(heading)

    assert len(named) > 5
    assert [
        name for name in named if not any(c.find(name.replace("*", "x")) for c in contexts)
    ] == []


def test_every_function_is_on_the_page() -> None:
    told = set(re.findall(r"\b([a-z_0-9]+)\b", PAGE.split("Functions:")[1].split("\n\n")[0]))

    assert set(FUNCTIONS) - told == {"fuzzy"}


def test_every_example_of_the_filter_line_is_read() -> None:
    table = PAGE.split("| Type | To see |")[1].split("\n\n")[0]
    examples = [
        example.replace("\\|", "|")
        for row in table.splitlines()[2:]
        for example in re.findall(
            r"`([^`]+)`", row.replace("\\|", "\x00").split("|")[1].replace("\x00", "|")
        )
    ]

    assert len(examples) > 12
    for example in examples:
        read = [c for c in (HOSTS, ALERTS) if _reads(example, c)]
        assert read, example


def _reads(example: str, context: Context) -> bool:
    try:
        compile_filter(example, context)
    except QueryError:
        return False
    return True
