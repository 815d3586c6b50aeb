"""What every test gets: a temporary folder with a short name."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder of its own, gone afterwards; short, because a socket's path may have 107 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="oc-", ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve()
