"""What pytest finds in plugin authors' projects: the fixture `fleet`, with the plugin under test loaded."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from opsconsole.testing.kit import Fleet

_MANIFEST: Final = "opsconsole-plugin.yaml"
_LEVELS: Final = 5


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the plugin."""
    group = parser.getgroup("opsconsole")
    group.addoption(
        "--opsconsole-plugin",
        metavar="DIR",
        help="The plugin under test; by default the nearest folder with a manifest.",
    )


@pytest.fixture
async def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator["Fleet"]:
    """Give a scripted fleet under the engine's own run service, with the plugin under test loaded."""
    from opsconsole.testing.kit import Fleet  # pytest loads this module for everybody's tests

    said = request.config.getoption("--opsconsole-plugin", default=None)
    place = Path(said) if said else find_plugin(request.path.parent)
    plugins = [place] if place is not None else []
    async with Fleet(tmp_path / "state", plugins, packages=place is None) as made:
        broken = [one for one in made.registry.plugins.values() if one.error]
        assert not broken, f"{broken[0].id}: {broken[0].error}"
        yield made


def find_plugin(start: Path) -> Path | None:
    """Find the nearest folder with a manifest: of a parent, or one or two levels below it."""
    for folder in [start, *start.parents][:_LEVELS]:
        found = [folder, *sorted(folder.glob("*/")), *sorted(folder.glob("src/*/"))]
        for place in found:
            if (place / _MANIFEST).is_file():
                return place
    return None
