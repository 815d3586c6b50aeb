"""All that a plugin may import, to the last keyword: it changes on purpose or not at all."""

import inspect
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from opsconsole.actions import api

KEPT = Path(__file__).parent / "data" / "api.txt"
_OURS = ("opsconsole.actions", "opsconsole.model.sample", "opsconsole.errors")


def told() -> str:
    """Write every public name with its members and their signatures, a line each."""
    return "".join(f"{line}\n" for name in sorted(api.__all__) for line in lines_of(name))


def lines_of(name: str) -> Iterator[str]:
    thing = getattr(api, name)
    if inspect.isclass(thing):
        yield f"class {name}"
        if issubclass(thing, Enum):
            yield f"  {' '.join(str(word) for word in thing)}"
        elif thing.__module__.startswith(_OURS):
            yield from (f"  {line}" for line in members_of(thing))
    elif inspect.isfunction(thing):
        yield f"def {name}{inspect.signature(thing)}"
    else:
        yield f"{name} = {thing!r}" if isinstance(thing, int) else f"{name}"


def members_of(thing: type) -> Iterator[str]:
    yield from getattr(thing, "__annotations__", {})
    for name, member in sorted(vars(thing).items()):
        if name.startswith("_") and name not in ("__getattr__", "__getitem__"):
            continue
        bare = member.__func__ if isinstance(member, classmethod | staticmethod) else member
        if isinstance(bare, property):
            yield f"{name}: property"
        elif inspect.isfunction(bare):
            yield f"{name}{inspect.signature(bare)}"


def test_the_public_names_and_signatures_do_not_change_unnoticed() -> None:
    """Where this fails on purpose: `python -m pytest` cannot mend it, write `told()` to the file and say so."""
    assert told() == KEPT.read_text()


def test_options_are_keywords_everywhere() -> None:
    """Beside what a call is about, nothing is said by its place: a later option cannot push another aside."""
    for line in told().splitlines():
        name = line.strip().partition("(")[0]
        if line.startswith("  ") and "(" in line and "=" in line:
            before = line.partition("*")[0]
            assert "=" not in before or name in ALSO_BY_PLACE, line


ALSO_BY_PLACE = frozenset(
    {
        "script",
        "progress",
        "table",
        "health",
        "peers",
        "history",
        "unchanged",
        "Param",
        "ok",
        "warning",
        "critical",
        "unknown",
    }
)
"""Calls whose second or third word everybody reads right."""
