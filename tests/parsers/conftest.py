"""Captured texts, without the line that says where they come from."""

from collections.abc import Callable
from pathlib import Path

import pytest

DATA = Path(__file__).parent.parent / "data" / "parsers"


@pytest.fixture(scope="session")
def captured() -> Callable[[str], bytes]:
    """Read one captured text; its first line tells its origin and is left out."""

    def read(name: str) -> bytes:
        origin, _, text = (DATA / f"{name}.txt").read_bytes().partition(b"\n")
        assert origin.startswith(b"# origin: ")
        return text

    return read
