"""I01: hostile values in parameters, labels and targets go through as data; nothing of them is run."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace
from runs_bench import Bench
from runs_fakes import Engine, FakeRemote, make_snapshot

from opsconsole.actions.registry import Registry
from opsconsole.actions.yaml_runbook import read_runbook
from opsconsole.clock import SystemClock
from opsconsole.errors import RefusedError
from opsconsole.model.calls import PlanRun
from opsconsole.model.inventory import Host
from opsconsole.model.states import RunState
from opsconsole.runs.chain import read_chain
from opsconsole.runs.service import RunService
from opsconsole.transport.local import LocalTransport

ECHO = """
api: 1
id: acme.echo
title: Echo
scope: host
effect: read
idempotent: true
needs: [ssh]
params: {word: {type: str}}
steps:
  - {id: argv, run: [printf, --, "%s\\n", "${params.word}"]}
  - {id: script, sh: 'printf "%s\\n" "$1" "$WORD"', args: ["${params.word}"], env: {WORD: "${params.word}"}}
  - {id: label, run: [printf, --, "%s\\n", "${target.labels.note}"]}
"""
HOSTILE = [
    "; touch {0}",
    "$(touch {0})",
    "`touch {0}`",
    "' ; touch {0} ; '",
    '" ; touch {0} ; "',
    "\\'; touch {0}; \\'",
    "-rf",
    "--help",
    "${{params.word}}",
    "%s%n",
    "a\\nb",
    "* ? [a-z]",
    "~root",
    "!! !$",
    "| tee {0}",
    "&& touch {0}",
    "> {0}",
    "ключ 鍵 🔑",
]


class LocalBench(Bench):
    """The same bench over this machine itself."""

    def __init__(self, state: Path, note: str) -> None:
        snapshot = make_snapshot("web1")
        super().__init__(state, Registry([read_runbook(ECHO, "echo.yaml")]), snapshot)
        record = snapshot.hosts["web1"]
        labels = {**record.labels, "note": note}
        self.engine = Engine(
            FakeRemote(), replace(snapshot, hosts={"web1": replace(record, labels=labels)})
        )


@pytest.mark.parametrize("value", HOSTILE)
async def test_i01_a_hostile_value_arrives_as_it_is_and_runs_nothing(
    tmp_path: Path, value: str
) -> None:
    marker = tmp_path / "ran"
    value = value.format(marker)
    bench = LocalBench(tmp_path / "state", value)
    ports = bench.engine.ports()
    local = LocalTransport(SystemClock())
    values = {name: getattr(ports, name) for name in ports.__slots__} | {
        "remote": local,
        "host": lambda name: Host(name, "127.0.0.1", transport="local"),
    }
    bench.service = RunService(
        Registry([read_runbook(ECHO, "echo.yaml")]),
        type(ports)(**values),
        bench.state,
        SystemClock(),
    )
    serving = asyncio.create_task(bench.service.serve(), name="serve")
    plan = await bench.service.plan(
        PlanRun("acme.echo", ("web1",), {"word": value}), "op1", bench.snapshot
    )
    run_id = await bench.start(plan)
    run = await bench.end(run_id)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    await local.close()

    entries = read_chain(bench.state / "runs" / run_id).entries
    said = {e.text("step"): e.text("out") for e in entries if e.kind == "step.settle"}
    assert run.state is RunState.SUCCEEDED, run.targets
    assert said == {
        "argv": value + "\n",
        "script": f"{value}\n{value}\n",
        "label": value + "\n",
    }
    assert not marker.exists()


TARGETS = [
    "web1; id",
    "$(id)",
    "-oProxyCommand=id",
    "web[1-999999999]",
    "web1\nweb2",
    "../etc",
    "*",
    "",
]


@pytest.mark.parametrize("target", TARGETS)
async def test_i01_a_hostile_target_means_no_host(tmp_path: Path, target: str) -> None:
    bench = LocalBench(tmp_path, "x")
    text = ECHO.replace("effect: read", "effect: write")
    service = RunService(
        Registry([read_runbook(text, "e")]), bench.engine.ports(), tmp_path, bench.clock
    )

    with pytest.raises(RefusedError) as refused:
        await service.plan(PlanRun("echo", (target,), {"word": "x"}), "op1", bench.snapshot)

    assert refused.value.code in ("unknown-target", "empty")
