"""Plugins made on the spot, under a scripted fleet."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from plugin_bench import MakePlugin, OpenFleet

from opsconsole.testing.kit import Fleet


@pytest.fixture
def make_plugin(tmp_path: Path) -> MakePlugin:
    """Write a plugin's folder: its manifest's `contributes` and its files, by relative path."""

    def make(
        contributes: str = "",
        files: Mapping[str, str] | None = None,
        *,
        id: str = "acme",
        more: str = "",
    ) -> Path:
        place = tmp_path / "plugins" / id
        place.mkdir(parents=True, exist_ok=True)
        body = f"contributes:\n{contributes}" if contributes else ""
        (place / "opsconsole-plugin.yaml").write_text(
            f"api: 1\nid: {id}\nversion: 1.0.0\n{more}{body}"
        )
        for name, text in (files or {}).items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for path in (place, *place.rglob("*")):
            is_run = path.is_dir() or path.read_bytes().startswith(b"#!")
            path.chmod(0o755 if is_run else 0o644)
        return place

    return make


@pytest.fixture
async def open_fleet(tmp_path: Path) -> AsyncIterator[OpenFleet]:
    """Open a fleet with a plugin; closed with the test."""
    opened: list[Fleet] = []

    async def open_one(*places: Path) -> Fleet:
        fleet = Fleet(tmp_path / f"state{len(opened)}", places)
        await fleet.__aenter__()
        opened.append(fleet)
        return fleet

    yield open_one
    for fleet in opened:
        await fleet.__aexit__(None, None, None)
