"""The real program with its state in a temporary folder, and the demo fleet for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.demofleet import DemoFleet
from tests.program import Program


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path)
    yield made
    made.end()


@pytest.fixture
def fleet(program: Program) -> Iterator[DemoFleet]:
    with DemoFleet(program) as served:
        yield served
