"""Locks: all or none, by target and service, shared by readers, held by the kernel, told by name."""

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace
from runs_bench import LOOK, RESTART, MakeBench
from runs_fakes import FakeClock, Hang, make_snapshot

from opsconsole.actions.registry import Registry
from opsconsole.actions.steps import Action
from opsconsole.actions.yaml_runbook import read_runbook
from opsconsole.errors import RefusedError
from opsconsole.model.calls import ControlRun
from opsconsole.model.states import RunState
from opsconsole.runs.locks import Holder, Locksmith, find_holder, take_locks

ME = Holder("op1", "r1", "acme.restart", 100.0, 7)
OTHER = Holder("op2", "r2", "acme.look", 130.0, 8)


def test_all_are_taken_or_none(tmp_path: Path) -> None:
    first = take_locks(tmp_path, ["target:b"], ME, 100.0)

    with pytest.raises(
        RefusedError, match=r"b is held by op1: acme.restart, since 40 s \(run r1\)"
    ):
        take_locks(tmp_path, ["target:a", "target:b", "target:c"], OTHER, 140.0)

    take_locks(tmp_path, ["target:a", "target:c"], OTHER, 140.0).release()
    first.release()
    take_locks(tmp_path, ["target:a", "target:b"], OTHER, 140.0).release()


def test_readers_share_and_a_writer_does_not(tmp_path: Path) -> None:
    readers = [take_locks(tmp_path, ["target:a"], who, 1.0, shared=True) for who in (ME, OTHER)]

    assert find_holder(tmp_path, ["target:a"], 1.0, shared=True) == ""
    with pytest.raises(RefusedError):
        take_locks(tmp_path, ["target:a"], ME, 1.0)
    readers[0].release()
    with pytest.raises(RefusedError, match="op2"):
        take_locks(tmp_path, ["target:a"], ME, 1.0)
    readers[1].release()
    take_locks(tmp_path, ["target:a"], ME, 1.0).release()


def test_a_holder_that_died_holds_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from opsconsole.runs.locks import Holder, take_locks\n"
        "take_locks(Path(sys.argv[1]), ['target:a'], Holder('op9', 'r', 'x', 1.0, 1), 1.0)\n"
        "import os; os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)

    assert find_holder(tmp_path, ["target:a"], 2.0) == ""
    take_locks(tmp_path, ["target:a"], ME, 2.0).release()


async def test_who_waits_is_served_in_the_order_they_came(tmp_path: Path) -> None:
    order: list[str] = []
    with ThreadPoolExecutor(1) as disk:
        smith = Locksmith(tmp_path, FakeClock(), disk)
        held = await smith.take(("target:a",), ME, shared=False)

        async def wait(name: str, *keys: str) -> None:
            got = await smith.take(keys, ME, shared=False, wait=1e9)
            order.append(name)
            got.release()

        waiting = [
            asyncio.create_task(wait(name, *keys), name=name)
            for name, *keys in (("1", "target:a"), ("2", "target:a", "target:b"), ("3", "target:b"))
        ]
        await asyncio.sleep(0.05)
        assert order == []
        held.release()
        await asyncio.gather(*waiting)

    assert order == ["1", "2", "3"]


async def test_engines_of_other_names_exclude_one_another(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    ours, theirs = (
        make_bench("web1", state=tmp_path / name, locks=tmp_path / "locks") for name in "ab"
    )
    theirs.remote.on("systemctl restart *", Hang())
    run_id = await theirs.start(await theirs.plan("acme.restart", "web1", actor="op2"), actor="op2")
    await theirs.remote.hanging.wait()
    plan = await ours.plan("acme.restart", "web1")

    assert plan.locks == ("target:web1",)
    assert plan.held_by.startswith("web1 is held by op2: acme.restart, since")
    with pytest.raises(RefusedError, match="held by op2"):
        await ours.start(plan)
    await theirs.service.control(ControlRun(run_id, "interrupt"), "op2")
    await theirs.end(run_id)
    assert (await ours.end(await ours.start(plan))).state is RunState.SUCCEEDED


KEYS = {
    "a change takes its hosts": ("acme.restart", (), ("target:web1",)),
    "a read takes nothing": ("acme.look", (), ()),
    "a read that asks takes its target": ("acme.look", ("target",), ("target:web1",)),
    "a key's references are resolved": (
        "acme.restart",
        ("pool:${target.labels.role}", "unit:${params.unit}"),
        ("pool:web", "target:web1", "unit:nginx.service"),
    ),
}


@pytest.mark.parametrize("case", KEYS)
async def test_a_plan_names_every_lock_it_takes(make_bench: MakeBench, case: str) -> None:
    action, locks, keys = KEYS[case]
    texts = [RESTART.format(parallel=1, stop="false"), LOOK]
    actions = [read_runbook(text, "x") for text in texts]
    bench = make_bench(
        registry=Registry(
            [Action(replace(a.spec, locks=locks), a.impl, a.plugin) for a in actions]
        ),
        snapshot=make_snapshot("web1"),
    )

    assert (await bench.plan(action, "web1")).locks == keys


async def test_a_lock_key_without_a_value_is_refused(make_bench: MakeBench) -> None:
    action = read_runbook(LOOK, "x")
    spec = replace(action.spec, locks=("pool:${target.labels.pool}",))
    bench = make_bench(
        registry=Registry([Action(spec, action.impl, "acme")]), snapshot=make_snapshot("web1")
    )

    with pytest.raises(RefusedError, match="has no value here"):
        await bench.plan("acme.look", "web1")


async def test_a_plan_says_where_a_lost_outcome_could_not_be_settled(make_bench: MakeBench) -> None:
    bench = make_bench("web1", "web2")
    bench.remote.spool_says = "no setsid there\n"

    changing, looking = (
        await bench.plan("acme.restart", "web[1-2]"),
        await bench.plan("acme.look", "web1"),
    )

    assert changing.spool == "resolver: none on web1, web2: no setsid there"
    assert looking.spool == ""
