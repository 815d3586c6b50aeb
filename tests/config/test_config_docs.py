"""The documentation's own configuration is right."""

import re
from pathlib import Path

from opsconsole.inventory.sources import SourceSpec, load

DOCS = Path(__file__).parents[2] / "docs"


def _yaml_of(page: Path) -> str:
    found = re.search(r"```yaml\n(version: 1\n.*?)```", page.read_text(), re.S)
    assert found is not None
    return found.group(1)


def test_the_file_that_shows_most_of_it_is_accepted(tmp_path: Path) -> None:
    text = _yaml_of(DOCS / "configuration.md").replace("~/", f"{tmp_path}/")
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text("Host mail-1\n  User ops\n")
    (tmp_path / "inventory.ini").write_text("[cache]\ncache-1\n")
    (tmp_path / "opsconsole.yaml").write_text(text)

    inventory = load(SourceSpec(tmp_path / "opsconsole.yaml"))

    assert len(inventory.hosts) == 24
    assert [service.name for service in inventory.services] == ["shop-api", "edge-lb"]
    assert inventory.settings.locked


def test_the_readmes_first_file_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "opsconsole.yaml").write_text(_yaml_of(DOCS.parent / "README.md"))

    inventory = load(SourceSpec(tmp_path / "opsconsole.yaml"))

    assert "web20" in {host.name for host in inventory.hosts}
