"""Reads an answer's sections one by one: a missing one is unsupported, a broken one is told, neither is zero."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from opsconsole.errors import ParseError

T = TypeVar("T")
D = TypeVar("D")


class SectionReader:
    """One answer's sections, and the names of those that could not be read."""

    def __init__(self, sections: Mapping[str, bytes]) -> None:
        self.sections = sections
        self.unreadable: list[str] = []

    def read(self, name: str, parse: Callable[[bytes], T], missing: D) -> T | D:
        """Parse one section; `missing` when it is absent, empty or broken."""
        text = self.sections.get(name)
        if not text:
            return missing
        try:
            return parse(text)
        except ParseError:
            self.unreadable.append(name)
            return missing
