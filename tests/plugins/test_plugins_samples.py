"""What the documentation shows a plugin author, as it is written there."""

from pathlib import Path

import pytest
from plugin_bench import MakePlugin

from opsconsole.testing import Drop, Exit, Fleet, Hang, Slow

RESTART = """
from dataclasses import dataclass
from opsconsole.actions.api import Plugin, Param, Duration, Unit, Host, Ctx, Outcome, Rollout

plugin = Plugin("acme")          # must equal the id in the static manifest


@dataclass(frozen=True, slots=True)
class RestartParams:
    unit: Unit = Param(title="Unit", choices_from="core.list-units")
    settle: Duration = Param("20s", help="how long it must stay active")


@plugin.action(
    "restart-unit",
    title="Restart a systemd unit",
    scope="host", arity="many", effect="write", idempotent=True,
    match='host.facts.init == "systemd"',
    needs=["ssh", "sudo:systemctl"],
    rollout=Rollout(canary=1, batches=["10%", "25%", "100%"], max_failures=0),
    timeout="90s",
)
async def restart_unit(ctx: Ctx, host: Host, p: RestartParams) -> Outcome:
    before = await ctx.ssh.read(["systemctl", "show", "-P", "ActiveState", "--", p.unit])
    await ctx.ssh.write(["systemctl", "restart", "--", p.unit], sudo="systemctl")
    async for tick in ctx.until(p.settle, every=2.0):
        state = await ctx.ssh.read(["systemctl", "is-active", "--", p.unit], ok=(0, 3))
        tick.note(state.text)
        if state.text != "active":
            return Outcome.failed(f"{p.unit} is {state.text}", evidence=state)
    return Outcome.changed(before=before.text, after="active")
"""


@pytest.fixture
async def fleet(make_plugin: MakePlugin, open_fleet) -> Fleet:
    opened = await open_fleet(make_plugin("", {"actions/restart.py": RESTART}))
    opened.on("systemctl is-active *", then=Exit(0, stdout="active\n"))
    return opened


async def test_restart_stops_after_bad_canary(fleet: Fleet):
    fleet.add("web[01-20]", labels={"rack": lambda i: f"r{i % 4}"}, init="systemd")
    fleet.on("systemctl restart -- nginx.service", host="web01", then=Exit(1, stderr="boom"))
    run = await fleet.run(
        "acme.restart-unit", unit="nginx.service", targets="web[01-20]", confirm="20"
    )
    assert run.state == "FAILED" and run.failed == {"web01"}  # noqa: PT018 - as it is documented
    assert run.touched == {"web01"}  # blast radius is an assertion


async def test_lost_connection_is_unknown(fleet: Fleet):
    fleet.add("db1", init="systemd")
    fleet.on("systemctl restart *", then=Drop(after="dispatch", really_ran=True))
    run = await fleet.run("acme.restart-unit", unit="pg.service", targets="db1", confirm=True)
    assert run["db1"].state == "UNKNOWN"
    await fleet.reconnect("db1")
    assert (await run.resolve())["db1"].state == "CHANGED"


async def test_plan_has_no_side_effects(fleet: Fleet):
    fleet.add("web1", init="systemd")
    plan = await fleet.plan("acme.restart-unit", unit="nginx.service", targets="web1")
    assert plan["web1"].writes == [["systemctl", "restart", "--", "nginx.service"]]
    fleet.assert_no_writes()


async def test_a_quarter_of_an_hour_passes_in_no_time(fleet: Fleet):
    fleet.add("web[1-3]", init="systemd")
    fleet.on("systemctl restart *", then=Slow(60.0))
    began = fleet.clock.now()

    run = await fleet.run(
        "acme.restart-unit", unit="nginx.service", settle="4m", targets="web[1-3]"
    )

    assert run.state in ("SUCCEEDED", "FAILED")
    assert fleet.clock.now() - began >= 60.0


@pytest.mark.parametrize("then", [Hang(), Drop(after="dispatch", really_ran=False)])
async def test_what_never_ran_is_not_called_changed_by_the_resolver(fleet: Fleet, then: object):
    fleet.add("db1", init="systemd")
    fleet.on("systemctl restart *", then=then)
    run = await fleet.run("acme.restart-unit", unit="pg.service", targets="db1")
    await fleet.reconnect("db1")

    settled = await run.resolve()

    assert settled["db1"].state != "CHANGED"


async def test_chaos_by_a_seed_is_the_same_each_time(make_plugin, open_fleet):
    place: Path = make_plugin("", {"actions/restart.py": RESTART})
    states = []
    for _ in range(2):
        fleet = await open_fleet(place)
        fleet.add("web[1-4]", init="systemd")
        fleet.chaos(seed=11)
        run = await fleet.run("acme.restart-unit", unit="nginx.service", targets="web[1-4]")
        states.append([(one.name, one.state) for one in run])
        assert run.unsettled & run.good == set()

    assert states[0] == states[1]
