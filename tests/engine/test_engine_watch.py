"""Reloading the configuration: a mistake keeps the old one, a large loss asks first."""

from pathlib import Path

import pytest

from opsconsole.clock import SystemClock
from opsconsole.engine.watch import Configuration, as_seen
from opsconsole.inventory.changes import Changes
from opsconsole.inventory.sources import SourceSpec, load
from opsconsole.model.inventory import Inventory
from opsconsole.state.store import Store


class Fleet:
    """A configuration file, and what was taken over from it."""

    def __init__(self, folder: Path, hosts: str) -> None:
        self.file = folder / "opsconsole.yaml"
        self.write(f"version: 1\nhosts: [{{name: '{hosts}'}}]\n")
        self.sources = SourceSpec(config=self.file)
        self.store = Store(SystemClock())
        self.taken: list[tuple[int, Changes]] = []
        self.watch = Configuration(
            self.sources, load(self.sources), self.store, SystemClock(), self._apply
        )

    def write(self, text: str) -> None:
        self.file.write_text(text)

    async def _apply(self, inventory: Inventory, change: Changes) -> None:
        self.taken.append((len(inventory.hosts), change))

    @property
    def banners(self) -> dict[str, str]:
        return {key: one.text for key, one in self.store.snapshot.banners.items()}


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path, "web[01-40]")


async def test_a_good_change_is_taken_over(fleet: Fleet) -> None:
    fleet.write("version: 1\nhosts: [{name: 'web[01-41]'}]\n")

    said = await fleet.watch.reload(force=False)

    assert said == "configuration taken over: 1 hosts added"
    assert [count for count, _change in fleet.taken] == [41]
    assert fleet.banners == {}


async def test_s05_a_mistake_keeps_the_old_configuration_and_is_shown(fleet: Fleet) -> None:
    fleet.write("version: 1\nhosts: [{name: 'web[01-40]', prot: 22}]\n")

    said = await fleet.watch.reload(force=False)

    assert fleet.taken == []
    assert len(fleet.watch.inventory.hosts) == 40
    assert f"{fleet.file}:2:" in said
    assert "did you mean" in said
    assert fleet.banners["config"].startswith(f"the old configuration stays: {fleet.file}:2:")


async def test_s05_the_banner_goes_with_the_mistake(fleet: Fleet) -> None:
    fleet.write("version: 1\nhosts: [")
    await fleet.watch.reload(force=False)
    fleet.write("version: 1\nhosts: [{name: 'web[01-40]'}]\n")

    await fleet.watch.reload(force=False)

    assert fleet.banners == {}


async def test_s06_a_change_that_takes_many_hosts_away_asks_first(fleet: Fleet) -> None:
    fleet.write("version: 1\nhosts: [{name: 'web[01-03]'}]\n")

    said = await fleet.watch.reload(force=False)

    assert said == "37 hosts would go: opsconsole engine reload --yes"
    assert fleet.taken == []
    assert "37 hosts would go" in fleet.banners["config"]


async def test_s06_a_person_who_says_yes_gets_it(fleet: Fleet) -> None:
    fleet.write("version: 1\nhosts: [{name: 'web[01-03]'}]\n")

    await fleet.watch.reload(force=True)

    assert [count for count, _change in fleet.taken] == [3]
    assert fleet.banners == {}


def test_a_file_that_changes_while_it_is_read_is_read_again_and_a_new_one_is_not() -> None:
    before = (("/a", 1, 10), ("/gone", 1, 1))
    after = (("/a", 2, 11), ("/new", 3, 5))

    assert as_seen(before, after) == (("/a", 1, 10), ("/new", 3, 5))
