"""A rack's switch dies under the demo fleet: forty fires, one line on top, everything within reach."""

import asyncio
import json
from typing import Any

import pytest
import yaml

from opsconsole.testing.fleet import Fleet
from tests.program import Program

SWITCH = "bastion-prod-01"
BEHIND = 39


async def _verb(program: Program, fleet: Fleet, *verb: str) -> str:
    line = ("-c", str(fleet.config), "-E", "storm", *verb)
    return (await asyncio.to_thread(program.run, *line)).stdout


async def _fires(program: Program, fleet: Fleet) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(await _verb(program, fleet, "status", "--json"))[
        "alerts"
    ]
    return [one for one in found if one["name"] == "HostUnreachable"]


def _put_behind_the_switch(fleet: Fleet) -> list[str]:
    """Declare what stands behind the switch, as a person would write it."""
    document = yaml.safe_load(fleet.config.read_text())
    hosts = [one for one in document["hosts"] if one["name"].startswith("web-")][:BEHIND]
    for one in hosts:
        one["depends_on"] = [f"host:{SWITCH}"]
    fleet.config.write_text(yaml.safe_dump(document))
    return [one["name"] for one in hosts]


@pytest.mark.timeout(240)
async def test_a_dead_rack_switch_is_one_line_with_thirty_nine_folded_under_it(
    program: Program,
) -> None:
    async with Fleet(program.folder / "fleet", hosts=150, story=False) as fleet:
        behind = _put_behind_the_switch(fleet)
        await _verb(program, fleet, "engine", "start")
        await _verb(program, fleet, "status", "--wait", "60")

        fleet.world.silent.update((SWITCH, *behind))
        async with asyncio.timeout(120):
            fires: list[dict[str, Any]] = []
            while len(fires) < BEHIND + 1:
                fires = await _fires(program, fleet)
        text = await _verb(program, fleet, "status")
        blast = await _verb(program, fleet, "blast", SWITCH)

    away = [line for line in text.splitlines() if "HostUnrea" in line]
    assert len(away) == 1, text
    assert f"+{BEHIND}" in away[0]
    assert SWITCH in away[0]
    assert {one["on"] for one in fires} == {f"host:{name}" for name in (SWITCH, *behind)}
    assert sum(f"depends:host:{SWITCH}" in one["suppressed_by"] for one in fires) == BEHIND
    assert blast.startswith("down: "), blast
