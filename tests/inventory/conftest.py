"""A home folder with files in it, and inventories loaded from there."""

from collections.abc import Callable
from pathlib import Path

import pytest

from opsconsole.inventory.sources import SourceSpec, load
from opsconsole.model.inventory import Inventory

Write = Callable[[str, str], Path]
Yaml = Callable[[str], Inventory]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home/.ssh").mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture
def write(home: Path) -> Write:
    def write_file(name: str, text: str) -> Path:
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write_file


@pytest.fixture
def from_yaml(home: Path, write: Write) -> Yaml:
    return lambda text: load(SourceSpec(config=write("opsconsole.yaml", text), home=home))
