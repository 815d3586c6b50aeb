"""Runs on hosts of `transport: plain`: what is planned, what is refused, and that a lost end stays unknown."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from opsconsole.errors import RefusedError
from opsconsole.model.inventory import Host
from opsconsole.testing import Drop, Exit, Fleet
from opsconsole.transport.plain_line import KEEPS_NOTHING

RUNBOOK = """
api: 1
id: acme.restart
title: Restart
scope: host
effect: write
idempotent: true
needs: [ssh]
params: {word: {type: str, default: nginx.service}}
steps:
  - {id: restart, run: [systemctl, restart, --, "${params.word}"]}
"""
SCRIPT = RUNBOOK.replace("acme.restart", "acme.script").replace(
    'run: [systemctl, restart, --, "${params.word}"]', "sh: systemctl restart nginx"
)


class PlainFleet(Fleet):
    """Every host takes plain lines only."""

    def _machine(self, name: str) -> Host | None:
        host = super()._machine(name)
        return None if host is None else replace(host, transport="plain", user="op1")


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    for name, text in (("restart", RUNBOOK), ("script", SCRIPT)):
        path = tmp_path / "plugins" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    async with PlainFleet(tmp_path / "state", [tmp_path / "plugins"]) as opened:
        opened.add("gate1")
        yield opened


async def test_a_plan_says_that_a_lost_end_will_stay_unknown_there(fleet: Fleet) -> None:
    plan = await fleet.plan("acme.restart", targets="gate1")
    run = await fleet.run("acme.restart", targets="gate1")

    assert plan["gate1"].writes == [["systemctl", "restart", "--", "nginx.service"]]
    assert plan.record.spool == f"resolver: none on gate1: {KEEPS_NOTHING}"
    assert run["gate1"].state == "CHANGED"
    assert [each.command.spool for each in fleet.remote.dispatched] == [None]


async def test_a_write_whose_end_was_not_seen_stays_unknown_and_nothing_settles_it(
    fleet: Fleet,
) -> None:
    fleet.on("systemctl restart *", then=[Drop(), Exit()])

    run = await fleet.run("acme.restart", targets="gate1")
    await fleet.reconnect("gate1")
    settled = await run.resolve()

    assert run["gate1"].state == settled["gate1"].state == "UNKNOWN"
    assert len(fleet.remote.dispatched) == 1


@pytest.mark.parametrize(
    ("action", "params", "why"),
    [
        ("acme.script", {}, "gate1 is asked by transport: plain: a script cannot be sent"),
        ("acme.restart", {"word": "a b"}, "'a b' has more than letters, digits and _@%+=:,./-"),
        ("core.reboot-wait", {}, "transport: plain"),
    ],
)
async def test_what_cannot_go_as_a_plain_line_is_refused_in_the_plan(
    fleet: Fleet, action: str, params: dict[str, str], why: str
) -> None:
    with pytest.raises(RefusedError, match="gate1") as refused:
        await fleet.plan(action, targets="gate1", **params)

    assert why in str(refused.value)
    fleet.assert_no_writes()
