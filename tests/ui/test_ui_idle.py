"""A screen nobody touches: what stands is not made again, and what differs is drawn."""

from msgspec.structs import replace
from ui_driving import console_of, settled
from ui_scene import ALERTS, HOSTS, FakeSource, snapshot

from opsconsole.model.states import HostState
from opsconsole.ui.screens.overview import Overview
from opsconsole.ui.tiles import FIRES, FLEET, TIMELINE
from opsconsole.ui.widgets.lines import Lines
from opsconsole.view.lazy_rows import LazyRows

WALL = (200, 60)


def lines_of(view: object, name: str) -> object:
    assert isinstance(view, Overview)
    pane = view.panes[name]
    assert isinstance(pane, Lines)
    return pane.lines


async def test_a_tick_makes_no_row_of_a_fire_that_is_out_of_sight(console):
    many = {f"e{n}": replace(ALERTS[0], episode=f"e{n}", name=f"Kind{n}") for n in range(2_000)}
    async with console(FakeSource(replace(snapshot(), alerts=many))) as pilot:
        main = console_of(pilot).main

        main.tick()
        await settled(pilot)

        table = main.view.panes[FIRES]
        assert isinstance(table.rows, LazyRows)
        assert len(table.rows) == 2_000
        assert 0 < table.rows.made <= table.outer_size.height


async def test_the_fleet_map_stands_while_samples_come_and_changes_with_a_state(console):
    source = FakeSource()
    async with console(source, size=WALL) as pilot:
        main = console_of(pilot).main
        before = lines_of(main.view, FLEET)
        one = HOSTS[0]

        fresh = replace(one, at=one.at + 1, metrics={"load.1m": 9.0})
        source.show(replace(source.snapshot, hosts={**source.snapshot.hosts, one.name: fresh}))
        main.source_changed()
        after_sample = lines_of(main.view, FLEET)
        other = HostState.OK if one.state is not HostState.OK else HostState.CRITICAL
        turned = replace(one, state=other)
        source.show(replace(source.snapshot, hosts={**source.snapshot.hosts, one.name: turned}))
        main.source_changed()

        assert after_sample is before
        assert lines_of(main.view, FLEET) != before


async def test_the_timeline_stands_until_something_happened(console):
    source = FakeSource()
    async with console(source, size=WALL) as pilot:
        main = console_of(pilot).main
        before = lines_of(main.view, TIMELINE)

        main.tick()
        after_a_tick = lines_of(main.view, TIMELINE)
        source.show(replace(source.snapshot, events={}))
        main.source_changed()

        assert after_a_tick is before
        assert lines_of(main.view, TIMELINE) != before
