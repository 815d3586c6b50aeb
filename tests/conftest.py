"""What every test gets: a temporary folder with a short name, and examples without a deadline."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no finding: examples are counted, never timed.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder of its own, gone afterwards; short, because a socket's path may have 107 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="oc-", ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve()
