"""A rolling restart over the demo fleet, as a person types it: one bad canary, and it stops there."""

import json

import pytest

from tests.e2e.demofleet import DemoFleet
from tests.program import Program

RUNBOOK = """
api: 1
id: team.rolling
title: Rolling restart
scope: host
effect: write
idempotent: true
needs: [ssh]
timeout: 60s
rollout:
  canary: {count: 1, bake: 1s}
  batches: [50%, 100%]
  max_failures: 0
  gate: [{check: core.peer-errors, every: 2s, for: 40s}]
steps:
  - id: drain
    run: [systemctl, stop, --, lb-member.service]
    undo: [{id: undrain-on-undo, run: [systemctl, start, --, lb-member.service]}]
  - {id: restart, run: [systemctl, restart, --, checkout.service], ok: [0, 1]}
  - id: verify
    effect: read
    run: [systemctl, is-active, --, checkout.service]
    ok: [0, 3]
    expect: {equals: active}
  - {id: undrain, run: [systemctl, start, --, lb-member.service]}
"""


@pytest.mark.timeout(120)
def test_one_bad_canary_stops_the_rollout_stays_drained_and_says_how_to_undo_it(
    program: Program, fleet: DemoFleet
) -> None:
    (fleet.folder / "team").mkdir()
    (fleet.folder / "team" / "rolling.yaml").write_text(RUNBOOK)
    with fleet.config.open("a") as config:
        config.write("plugins: [team]\n")
    hosts = sorted(path for path in (fleet.folder / "hosts").iterdir() if path.is_dir())[:3]
    members = [host / "opsc" / "units" / "lb-member.service" for host in hosts]
    for host, member in zip(hosts, members, strict=True):
        member.parent.mkdir(parents=True, exist_ok=True)
        member.write_text("active running 1 0 0\n")
        (host / "opsc" / "broken").mkdir(exist_ok=True)
        (host / "opsc" / "broken" / "checkout.service").touch()
    program.line = ("-c", str(fleet.config), "-E", "e2e")
    program.verb("status", "--wait", "30")

    names = ",".join(host.name for host in hosts)
    answer = program.verb("run", "rolling", "-t", names, "--yes", "--unlock", "try", "--json")

    run = json.loads(answer.stdout)["run"]
    (canary,) = [target for target in run["targets"] if target["state"] != "not-started"]
    drained = [path.parents[2].name for path in members if path.read_text().startswith("inactive")]
    assert (answer.returncode, run["state"]) == (1, "failed"), answer.stderr
    assert canary["state"] == "failed"
    assert canary["left"] == "drain stands; undo: undrain-on-undo"
    assert run["note"] == f"halted: the canary {canary['name']} is failed"
    assert drained == [canary["name"]]
