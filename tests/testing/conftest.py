"""A small fleet, and the real transport and collector to ask it with."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsconsole.testing.fleet import Fleet


@pytest.fixture
async def quiet_fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    """Twelve hosts where nothing happens by itself."""
    async with Fleet(tmp_path / "fleet", hosts=12, story=False) as fleet:
        yield fleet
