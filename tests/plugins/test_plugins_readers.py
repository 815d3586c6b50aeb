"""What a contribution may not do with its `ctx`, and what becomes of it: an error of its own, told in a sentence."""

import pytest
from plugin_bench import MakePlugin, OpenFleet

from opsconsole.actions.wards import Wards
from opsconsole.clock import SystemClock
from opsconsole.runs.contributions import Contributions

COLLECTOR = """
from opsconsole.actions.api import Plugin, Samples

plugin = Plugin("acme")


@plugin.collector("lag")
async def lag(ctx, host):
    {body}
    return Samples({{"pg.lag": 1.0}})
"""
ENTRY = "  collectors: [{id: lag, every: 15s, emits: [pg.lag]}]\n"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('await ctx.ask("How many?")', "only an action may ask a person"),
        ('await ctx.confirm("Sure?")', "only an action may ask a person"),
        ("async for _ in ctx.until(5, every=1):\n        pass", ""),
        ("await ctx.checks()", "only an action"),
        ('await ctx.lock("x")', "only an action may take a lock"),
        ('await ctx.ssh.write(["true"])', "only an action may change something"),
        ('await ctx.ssh.put("x", "/etc/x")', "only an action may change something"),
    ],
)
async def test_a_contribution_that_does_what_only_actions_may_is_told_so_and_ends_nobody_else(
    make_plugin: MakePlugin, open_fleet: OpenFleet, body: str, words: str
) -> None:
    place = make_plugin(ENTRY, {"actions/main.py": COLLECTOR.format(body=body)})
    fleet = await open_fleet(place)
    fleet.add("web1")
    calls = Contributions(
        fleet.registry, Wards(fleet.clock.now), fleet.remote, lambda _: None, SystemClock()
    )
    spec = calls.find("collector", "acme.lag")
    assert spec is not None

    call = await calls.call(spec)

    assert words in call.error
