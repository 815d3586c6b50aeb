<<<<<<< HEAD
"""The documentation's own configuration is right."""
=======
"""The documentation's example is a file that loads, and it shows every key there is."""
>>>>>>> room/config

import re
from pathlib import Path

<<<<<<< HEAD
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
    for folder in ("conf.d", "my-themes", "team-runbooks"):
        (tmp_path / folder).mkdir()
    (tmp_path / "opsconsole.yaml").write_text(text)

    inventory = load(SourceSpec(tmp_path / "opsconsole.yaml"))

    assert {"web20", "cache3", "db-02", "mail-1"} <= {host.name for host in inventory.hosts}
    assert [service.name for service in inventory.services] == ["shop-api", "sql"]
    assert inventory.settings.locked


def test_the_readmes_first_file_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "opsconsole.yaml").write_text(_yaml_of(DOCS.parent / "README.md"))

    inventory = load(SourceSpec(tmp_path / "opsconsole.yaml"))

    assert "web20" in {host.name for host in inventory.hosts}
=======
import pytest

from opsconsole.config import alert_sources, hosts, reader, services, settings
from opsconsole.config.fields import Table
from opsconsole.inventory.sources import SourceSpec, load

DOCS = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_example_loads(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL)
    path = tmp_path / "opsconsole.yaml"
    path.write_text(example.replace("~/.ssh/config", str(tmp_path / "config")))
    (tmp_path / "config").write_text("Host box\n")

    inventory = load(SourceSpec(config=path, home=tmp_path))

    assert {"web20", "cache3", "db-02", "here", "box"} < {host.name for host in inventory.hosts}
    assert {check.name for check in inventory.checks} >= {"web01/raid", "db-02/ssh"}


@pytest.mark.parametrize(
    "table",
    [reader.FILE, hosts.HOST, hosts.DEFAULTS, hosts.IMPORT, services.SERVICE, services.CHECK,
     alert_sources.SOURCE, settings.RULE, settings.ENGINE],
    ids=lambda table: table.what,
)  # fmt: skip
def test_every_key_is_told_of(table: Table) -> None:
    text = DOCS.read_text()

    unspoken = [f.name for f in table.fields if not re.search(rf"\b{f.name}\b", text)]

    assert set(unspoken) <= {"method", "keymap"}
>>>>>>> room/config
