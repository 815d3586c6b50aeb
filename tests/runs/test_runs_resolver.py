"""What was left UNKNOWN is settled by the host's own record or by a person, on record, and never by a guess."""

import asyncio
import shutil
from pathlib import Path

import pytest
from runs_bench import Bench, MakeBench
from runs_fakes import Drop, Exit, Hang, make_snapshot

from opsconsole.actions.registry import Registry
from opsconsole.actions.steps import Action, Door, Request, Target
from opsconsole.actions.yaml_runbook import read_runbook
from opsconsole.errors import RefusedError
from opsconsole.model.action import PlannedStep, PlannedTarget
from opsconsole.model.calls import ControlRun, ResolveRun
from opsconsole.model.run import Run, RunTarget
from opsconsole.model.states import Effect, RunState, TargetState
from opsconsole.runs.chain import read_chain
from opsconsole.runs.late import Write, conclude, take_boot, take_report
from opsconsole.transport.spool import Known, Report

UNKNOWN = RunTarget("web1", TargetState.UNKNOWN, why="restart: lost")
READ, WRITE = Effect.READ, Effect.WRITE


def planned(*steps: tuple[str, Effect]) -> PlannedTarget:
    return PlannedTarget("web1", tuple(PlannedStep(name, effect, ("x",)) for name, effect in steps))


def done(step: str, code: int | None, ending: str = "exited", ok: tuple[int, ...] = (0,)) -> Write:
    return Write(step, ok=ok, ending=ending, code=code)


LOST = Write("restart", ending="lost")
CONCLUSIONS = {
    "nothing is concluded while a write is open": ([done("a", 0), LOST], (), "unknown"),
    "a bad exit is a failure": ([done("restart", 7)], (), "failed"),
    "an allowed exit is none": ([done("restart", 7, ok=(0, 7))], (), "changed"),
    "a read that was not run leaves it changed": (
        [done("restart", 0)], [("restart", WRITE), ("verify", READ)], "changed"
    ),
    "a write that was not run makes it a failure": (
        [done("drain", 0)], [("drain", WRITE), ("restart", WRITE)], "failed"
    ),
    "what never started was not started": ([done("restart", None, "unreachable")], (), "not-started"),
    "what never started after a write that did is a failure": (
        [done("a", 0), done("restart", None, "unreachable")], (), "failed"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CONCLUSIONS)
def test_what_is_proved_is_what_is_said(case: str) -> None:
    writes, steps, state = CONCLUSIONS[case]

    found = conclude(UNKNOWN, planned(*steps), writes, "seen")

    assert found.state == state
    assert found.evidence == "seen"


REPORTS = {
    "an exit code settles it": (Report(Known.RC, code=3, took=1), False),
    "an end by its time limit does not": (Report(Known.RC, code=124, took=30), True),
    "a process that runs does not": (Report(Known.ALIVE, pid=7, boot="b1", boot_now="b1"), True),
    "a process that is gone does not": (Report(Known.DIED, boot="b1", boot_now="b2"), True),
    "never started on the same boot settles it": (Report(Known.NEVER, boot_now="b1"), False),
    "never started on another boot does not": (Report(Known.NEVER, boot_now="b2"), True),
    "never started on who knows which boot does not": (Report(Known.NEVER), True),
    "a host that cannot be asked does not": (Report(Known.LOST, why="no answer"), True),
}


@pytest.mark.parametrize("case", REPORTS)
def test_a_hosts_word_settles_a_write_only_where_it_proves_it(case: str) -> None:
    report, is_open = REPORTS[case]
    write, evidence = take_report(Write("restart", boot="b1", limit=30.0, ending="lost"), report)

    assert write.is_open is is_open
    assert evidence


@pytest.mark.parametrize(
    ("before", "now", "is_open"), [("b1", "b2", False), ("b1", "b1", True), ("", "b2", True)]
)
def test_only_another_boot_id_settles_a_reboot(before: str, now: str, is_open: bool) -> None:
    write, _ = take_boot(Write("reboot", boot=before, reboots=True), now)

    assert write.is_open is is_open


async def lost(make_bench: MakeBench, state: Path) -> tuple[Bench, Run]:
    """A run whose restart was lost on web2."""
    bench = make_bench("web1", "web2", state=state)
    bench.remote.on("systemctl restart *", Drop(), host="web2")
    return bench, await bench.run("acme.restart", "web[1-2]")


def of(run: Run, name: str) -> RunTarget:
    return next(target for target in run.targets if target.name == name)


async def test_an_exit_code_in_the_spool_settles_the_run(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    bench, run = await lost(make_bench, tmp_path)
    bench.remote.spools["web2"] = "rc 0 3"

    answer = await bench.service.records.resolve(ResolveRun(run.id), "op2")

    settled = bench.engine.published[-1]
    assert (run.rollout.bad, settled.rollout.bad) == (1, 0)
    assert answer.text == "succeeded"
    assert settled.state is RunState.SUCCEEDED
    assert of(settled, "web2").why == "restart: exit 0; not finished: verify"
    assert of(settled, "web2").evidence == "exit 0 in the host's spool"
    assert await make_bench("web1", state=tmp_path).service.recover() == (settled,)


async def test_a_host_that_says_nothing_leaves_it_unknown(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    bench, run = await lost(make_bench, tmp_path)

    answer = await bench.service.records.resolve(ResolveRun(run.id), "op2")

    assert answer.text == "indeterminate; still unknown: web2"
    assert "cannot be asked" in of(bench.engine.published[-1], "web2").evidence


async def test_a_host_reached_in_another_way_is_not_believed(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    bench, run = await lost(make_bench, tmp_path)
    bench.remote.spools["web2"] = "rc 0 3"
    bench.engine.addresses["web2"] = "198.51.100.9"

    await bench.service.records.resolve(ResolveRun(run.id), "op2")

    assert of(bench.engine.published[-1], "web2").state is TargetState.UNKNOWN
    assert "another way" in of(bench.engine.published[-1], "web2").evidence
    assert [host for host, _ in bench.remote.asked if host == "web2"] == []


async def test_a_person_settles_it_with_a_reason_that_stays(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    bench, run = await lost(make_bench, tmp_path)
    call = ResolveRun(run.id, ("web2",), "failed", "seen on its console")

    await bench.service.records.resolve(call, "op2")

    settled = bench.engine.published[-1]
    last = read_chain(tmp_path / "runs" / run.id).entries[-2]
    assert settled.state is RunState.PARTIAL
    assert of(settled, "web2").evidence == "op2: seen on its console"
    assert (last.kind, last.text("actor"), last.text("state")) == (
        "human.resolve",
        "op2",
        "failed",
    )


REFUSALS = {
    "a reason is needed": (ResolveRun("RUN", (), "failed", " "), "param"),
    "settle as": (ResolveRun("RUN", (), "fine", "x"), "param"),
    "is not unknown": (ResolveRun("RUN", ("web1",)), "unknown-target"),
    "there is no run": (ResolveRun("../.."), "not-running"),
}


@pytest.mark.parametrize("words", REFUSALS)
async def test_what_cannot_be_settled_is_refused(
    make_bench: MakeBench, tmp_path: Path, words: str
) -> None:
    bench, run = await lost(make_bench, tmp_path)
    call, code = REFUSALS[words]
    call = ResolveRun(call.run.replace("RUN", run.id), call.targets, call.state, call.reason)

    with pytest.raises(RefusedError, match=words) as refused:
        await bench.service.records.resolve(call, "op2")

    assert refused.value.code == code


async def test_a_live_run_is_not_settled(make_bench: MakeBench, tmp_path: Path) -> None:
    bench = make_bench("web1", state=tmp_path)
    bench.remote.on("systemctl restart *", Hang())
    run_id = await bench.start(await bench.plan("acme.restart", "web1"))
    await bench.remote.hanging.wait()

    with pytest.raises(RefusedError, match="is live"):
        await bench.service.records.resolve(ResolveRun(run_id), "op2")
    await bench.service.control(ControlRun(run_id, "interrupt"), "op1")
    await bench.end(run_id)


async def test_the_next_engine_asks_the_hosts_by_itself(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    bench = make_bench("web1", "web2", state=tmp_path / "live")
    bench.remote.on("systemctl restart *", Hang(), host="web1")
    run_id = await bench.start(await bench.plan("acme.restart", "web1"))
    await bench.remote.hanging.wait()
    shutil.copytree(tmp_path / "live", tmp_path / "dead")
    await bench.service.control(ControlRun(run_id, "interrupt"), "op1")
    await bench.end(run_id)

    after = Bench(tmp_path / "dead", bench.service._registry, make_snapshot("web1"))
    after.remote.spools["web1"] = "rc 7 3"
    (found,) = await after.service.recover()
    serving = asyncio.create_task(after.service.records.keep(), name="keep")
    while not after.engine.published:
        await asyncio.sleep(0)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)

    assert of(found, "web1").state is TargetState.UNKNOWN
    assert (found.rollout.bad, after.engine.published[-1].rollout.bad) == (1, 1)
    assert of(after.engine.published[-1], "web1").state is TargetState.FAILED
    assert of(after.engine.published[-1], "web1").why == "restart: exit 7"


KILLS = {
    "a kill that was seen to work": ("sent TERM\nrc 143 2", "cancelled", "sent TERM; exit 143"),
    "a kill that did not work": ("sent TERM\nsent KILL\nalive 7 b1", "unknown", "still running"),
    "a host that says nothing": ("", "unknown", "cannot be asked"),
    "a step that was over already": ("rc 0 2", "cancelled", "exit 0"),
}


@pytest.mark.parametrize("case", KILLS)
async def test_only_a_death_that_was_seen_is_called_cancelled(
    make_bench: MakeBench, tmp_path: Path, case: str
) -> None:
    said, state, evidence = KILLS[case]
    bench = make_bench("web1", state=tmp_path)
    bench.remote.on("systemctl restart *", Hang())
    bench.remote.spools["web1"] = said
    run_id = await bench.start(await bench.plan("acme.restart", "web1"))
    await bench.remote.hanging.wait()

    await bench.service.control(ControlRun(run_id, "interrupt"), "op1")
    run = await bench.end(run_id)

    assert of(run, "web1").state == state
    assert evidence in of(run, "web1").evidence


REBOOT = """
api: 1
id: acme.reboot
title: Reboot
scope: host
effect: destructive
idempotent: false
needs: [ssh]
timeout: 60s
steps:
  - {id: reboot, run: [systemctl, reboot]}
"""
BOOTS = {
    "another boot id settles it": (["web1\nb1\n", "web1\nb1\n", "web1\nb2\n"], "changed"),
    "the same boot id does not": (["web1\nb1\n"], "unknown"),
    "another machine's does not": (["web1\nb1\n", "other\nb2\n"], "unknown"),
}


@pytest.mark.parametrize("case", BOOTS)
async def test_a_reboot_is_waited_for_and_settled_by_the_boot_id(
    make_bench: MakeBench, case: str
) -> None:
    class Reboot:
        async def run(self, door: Door, target: Target, values: object) -> None:
            await door.execute(
                Request(
                    "reboot", Effect.DESTRUCTIVE, ("systemctl", "reboot"), expect_disconnect=True
                )
            )

    said, state = BOOTS[case]
    read = read_runbook(REBOOT, "reboot.yaml")
    action = Action(read.spec, Reboot(), read.plugin)
    bench = make_bench(
        "web1", registry=Registry([action]), snapshot=make_snapshot("web1", hostname="web1")
    )
    bench.remote.on("sh: r=*", *(Exit(0, words) for words in said))
    bench.remote.on("systemctl reboot", Drop())
    run = await bench.run("acme.reboot", "web1", confirm="web1")

    states = {of(each, "web1").state for each in bench.engine.published}
    assert of(run, "web1").state == state
    assert TargetState.WAITING in states
