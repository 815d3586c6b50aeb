"""The documentation's example is a file that loads, and it shows every key there is."""

import re
from pathlib import Path

import pytest

from opsconsole.config import (
    alert_sources,
    checks,
    hosts,
    http_clients,
    oncall,
    reader,
    rules,
    services,
    settings,
    triggers,
)
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
    [reader.FILE, hosts.HOST, hosts.DEFAULTS, hosts.IMPORT, services.SERVICE, checks.CHECK,
     alert_sources.SOURCE, http_clients.CLIENT, rules.RULE, rules.BEND, settings.ENGINE,
     triggers.TRIGGER, oncall.SCHEDULE, oncall.ROTATION, oncall.STEP, oncall.NOTIFIER],
    ids=lambda table: table.what,
)  # fmt: skip
def test_every_key_is_told_of(table: Table) -> None:
    text = DOCS.read_text() + (DOCS.parent / "alerts.md").read_text()

    unspoken = [f.name for f in table.fields if not re.search(rf"\b{f.name}\b", text)]

    assert set(unspoken) <= {"method", "keymap", "built_in"}


def test_the_readmes_first_file_is_accepted(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    found = re.search(r"```yaml\n(version: 1\n.*?)```", readme, re.S)
    assert found is not None
    (tmp_path / "opsconsole.yaml").write_text(found.group(1))

    inventory = load(SourceSpec(tmp_path / "opsconsole.yaml"))

    assert "web20" in {host.name for host in inventory.hosts}
