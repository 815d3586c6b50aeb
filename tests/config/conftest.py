"""A folder of configuration files, and the mistakes that reading one of them brings."""

from collections.abc import Callable
from pathlib import Path

import pytest

from opsconsole.config.reader import read
from opsconsole.errors import ConfigError

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(text: str, name: str = "opsconsole.yaml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write_file


@pytest.fixture
def mistakes(write: Write, tmp_path: Path) -> Callable[[str], list[str]]:
    def of(text: str) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            read(write(text))
        return [str(mistake).replace(f"{tmp_path}/", "") for mistake in caught.value.mistakes]

    return of
