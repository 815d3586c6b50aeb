"""People at a live run: pause, resume, continue, retry, roll back, stop, interrupt, take over, answer, go away."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from runs_virtual import states, virtual

from opsconsole.actions.api import Rollout
from opsconsole.actions.params import Values
from opsconsole.actions.steps import Door, Request, Target
from opsconsole.errors import RefusedError
from opsconsole.model.calls import AnswerRun, ControlRun, PlanRun
from opsconsole.model.states import Effect, HostState, Reach, RunState
from opsconsole.runs.kept_output import read_kept_output
from opsconsole.testing.scripted import Drop, Exit, Hang, Slow
from opsconsole.testing.virtual import run_virtually

Test = Callable[[Path], Coroutine[Any, Any, None]]


def virtually(test: Test) -> Callable[[Path], None]:
    """Run a test's coroutine in virtual time."""

    @wraps(test)
    def run(tmp_path: Path) -> None:
        run_virtually(test(tmp_path))

    return run


WEB = ("web1", "web2", "web3", "web4")


@virtually
async def test_a_halted_run_dispatches_nothing_until_somebody_goes_on(tmp_path: Path) -> None:
    async with virtual(tmp_path, *WEB, rollout=Rollout(canary=1)) as bench:
        bench.remote.on("restart", Exit(1), host="web1")
        run_id = await bench.start()
        halted = await bench.until(run_id, RunState.HALTED)
        await asyncio.sleep(600)
        while_halted = list(bench.sent("drain"))

        await bench.press(run_id, "continue")
        run = await bench.end(run_id)

    assert halted.choices == ("continue", "retry", "rollback", "stop", "take-over")
    assert halted.targets[0].left == "drain stands; undo: undrain"
    assert while_halted == ["web1"]
    assert run.state is RunState.PARTIAL
    assert states(run) == {
        "web1": "failed",
        "web2": "changed",
        "web3": "changed",
        "web4": "changed",
    }


@virtually
async def test_a_run_says_how_much_may_go_bad_in_it_and_how_much_did(tmp_path: Path) -> None:
    rollout = Rollout(batches=[1, 4], max_failures={"count": 3, "percent": 50})
    async with virtual(tmp_path, *WEB, rollout=rollout) as bench:
        bench.remote.on("restart", Exit(1), host="web2")

        run = await bench.end(await bench.start())

    assert run.rollout is not None
    assert (run.rollout.bad, run.rollout.limit) == (1, 2)


@virtually
async def test_a_large_batch_is_told_by_its_size_and_its_first_names(tmp_path: Path) -> None:
    names = tuple(f"web{number}" for number in range(1, 31))
    async with virtual(tmp_path, *names, rollout=Rollout(batches=[1, 30])) as bench:
        run_id = await bench.start()
        await bench.end(run_id)

        said = [text for text in await bench.lines(run_id) if text.startswith("batch")]

    assert said == [
        "batch 1 of 2: web1",
        "batch 2 of 2, 29 targets: web2, web3, web4, web5, web6 and 24 more",
    ]


@virtually
async def test_a_rollback_takes_back_what_was_done_newest_first_and_only_where_it_is_well(
    tmp_path: Path,
) -> None:
    rollout = Rollout(batches=[1, 2, 3], max_failures=0)
    async with virtual(tmp_path, *WEB, rollout=rollout) as bench:
        run_id = await bench.halt_at("verify", Exit(1), host="web3")

        await bench.press(run_id, "rollback")
        run = await bench.end(run_id)

    assert bench.sent("undrain") == ["web2", "web1"]
    assert states(run) == {
        "web1": "undone", "web2": "undone", "web3": "failed", "web4": "not-started"
    }  # fmt: skip
    assert "did not pass its verification" in run.targets[2].left
    assert run.state is RunState.FAILED


@virtually
async def test_a_half_done_drain_is_taken_back_on_a_host_that_is_seen_well_since(
    tmp_path: Path,
) -> None:
    async with virtual(tmp_path, *WEB, rollout=Rollout(canary=1)) as bench:
        run_id = await bench.halt_at("drain", Exit(1), host="web1")
        await asyncio.sleep(5)

        await bench.press(run_id, "rollback")
        run = await bench.end(run_id)

    assert (states(run)["web1"], run.state) == ("undone", RunState.ROLLED_BACK)
    assert run.targets[0].left == ""


@virtually
async def test_a_host_whose_restart_failed_stays_drained_however_well_it_looks(
    tmp_path: Path,
) -> None:
    async with virtual(tmp_path, *WEB, rollout=Rollout(canary=1)) as bench:
        run_id = await bench.halt_at("restart", Exit(1), host="web1")
        await asyncio.sleep(5)

        await bench.press(run_id, "rollback")
        run = await bench.end(run_id)

    assert bench.sent("undrain") == []
    assert (states(run)["web1"], run.state) == ("failed", RunState.FAILED)
    assert "not taken back: restart failed and cannot be taken back" in run.targets[0].left


@virtually
async def test_a_rollback_that_fails_says_so_and_what_still_stands(tmp_path: Path) -> None:
    async with virtual(
        tmp_path, "web1", "web2", rollout=Rollout(canary=1, rollback="auto"), undo_policy="always"
    ) as bench:
        bench.remote.on("restart", Exit(1), host="web1")
        bench.remote.on("undrain", Exit(9))
        run = await bench.end(await bench.start())

    assert run.state is RunState.ROLLBACK_FAILED
    assert states(run) == {"web1": "undo-failed", "web2": "not-started"}
    assert run.targets[0].left == "drain stands; undo: undrain"


@virtually
async def test_an_unknown_outcome_is_never_taken_back_blindly(tmp_path: Path) -> None:
    async with virtual(
        tmp_path, "web1", "web2", rollout=Rollout(canary=1, rollback="auto"), undo_policy="always"
    ) as bench:
        bench.remote.on("restart", Hang(), host="web1")
        run = await bench.end(await bench.start())

    assert bench.sent("undrain") == []
    assert run.state is RunState.INDETERMINATE
    assert "its outcome is not known" in run.targets[0].left


@virtually
async def test_a_pause_holds_what_runs_at_its_next_step_and_its_time_stands_still(
    tmp_path: Path,
) -> None:
    async with virtual(tmp_path, "web1", rollout=Rollout()) as bench:
        bench.remote.on("drain", Slow(5))
        run_id = await bench.start()
        await asyncio.sleep(2)
        await bench.press(run_id, "pause")
        await asyncio.sleep(1_000)
        while_paused = (bench.run_of(run_id).state, list(bench.sent("restart")))

        await bench.press(run_id, "resume")
        run = await bench.end(run_id)

    assert while_paused == (RunState.PAUSED, [])
    assert run.state is RunState.SUCCEEDED


@virtually
async def test_one_target_is_interrupted_and_the_others_go_on(tmp_path: Path) -> None:
    async with virtual(tmp_path, *WEB, rollout=Rollout(max_failures="100%")) as bench:
        bench.remote.on("restart", Slow(40), host="web2")
        run_id = await bench.start()
        await asyncio.sleep(5)

        await bench.press(run_id, "interrupt", "web2")
        run = await bench.end(run_id)

    assert states(run) == {
        "web1": "changed",
        "web2": "cancelled",
        "web3": "changed",
        "web4": "changed",
    }


@virtually
async def test_what_is_not_among_the_choices_is_refused_and_not_in_the_journal(
    tmp_path: Path,
) -> None:
    async with virtual(tmp_path, "web1") as bench:
        bench.remote.on("restart", Slow(5))
        run_id = await bench.start()
        for verb in ("continue", "resume", "explode"):
            with pytest.raises(RefusedError, match="cannot"):
                await bench.press(run_id, verb)
        with pytest.raises(RefusedError, match="no target"):
            await bench.press(run_id, "interrupt", "db9")
        await bench.end(run_id)
        with pytest.raises(RefusedError, match="it is over"):
            await bench.press(run_id, "stop")

    assert "signal" not in [entry.kind for entry in bench.journal(run_id)]


@virtually
async def test_a_run_asks_after_its_canary_and_no_answer_never_means_yes(tmp_path: Path) -> None:
    rollout = Rollout(canary=1, between="ask_after_canary")
    async with virtual(tmp_path, "web1", "web2", rollout=rollout) as bench:
        yes = await bench.start()
        while (question := bench.run_of(yes).question) is None:
            await asyncio.sleep(1)
        await bench.service.answer(AnswerRun(yes, question.id), "op1", bench.snapshot)
        first = await bench.end(yes)
        silent = await bench.end(await bench.start())

    assert question.text == "go on with batch 2 of 2 (1 targets left)?"
    assert first.state is RunState.SUCCEEDED
    assert silent.state is RunState.ABORTED
    assert states(silent) == {"web1": "changed", "web2": "not-started"}
    assert "nobody answered" in silent.note


@virtually
async def test_an_inconclusive_gate_pauses_and_resuming_asks_it_again(tmp_path: Path) -> None:
    gate = {"check": "core.peer-errors", "every": "5s", "for": "20s"}
    async with virtual(tmp_path, *WEB, rollout=Rollout(canary=1, gate=[gate])) as bench:
        bench.alter = _stale
        run_id = await bench.start()
        paused = await bench.until(run_id, RunState.PAUSED)
        bench.alter = lambda snapshot: snapshot

        await bench.press(run_id, "resume")
        run = await bench.end(run_id)

    assert paused.note == "paused: gate 1-peer-errors: web1 was not looked at since (inconclusive)"
    assert paused.rollout is not None
    assert paused.rollout.gates[0].verdict == "inconclusive"
    assert run.state is RunState.SUCCEEDED
    verdicts = [e.text("verdict") for e in bench.journal(run_id) if e.kind == "gate.verdict"]
    assert verdicts == ["inconclusive", "pass", "pass"]


def _stale(snapshot: Any) -> Any:
    hosts = {name: replace(record, at=1.0) for name, record in snapshot.hosts.items()}
    return replace(snapshot, hosts=hosts)


@virtually
async def test_a_failed_gate_halts_and_a_person_may_go_on_in_spite(tmp_path: Path) -> None:
    gate = {"check": "core.peer-errors", "every": "5s", "for": "20s"}
    async with virtual(
        tmp_path, *WEB, rollout=Rollout(canary=1, batches=[4], gate=[gate])
    ) as bench:

        def sick(snapshot: Any) -> Any:
            web1 = replace(snapshot.hosts["web1"], state=HostState.CRITICAL)
            touched = "web1" in bench.sent("restart")
            return (
                replace(snapshot, hosts={**snapshot.hosts, "web1": web1}) if touched else snapshot
            )

        bench.alter = sick
        run_id = await bench.start()
        halted = await bench.until(run_id, RunState.HALTED)
        await bench.press(run_id, "continue")
        run = await bench.end(run_id)

    assert (
        halted.note
        == "halted: gate 1-peer-errors: 100% of touched hosts not healthy, 0% of the others"
    )
    assert "retry" in halted.choices
    assert states(run)["web4"] == "changed"


@virtually
async def test_min_healthy_waits_for_live_data_and_pauses_after_ten_minutes(tmp_path: Path) -> None:
    rollout = Rollout(min_healthy={"count": 3, "of": "targets"})
    async with virtual(tmp_path, *WEB, rollout=rollout) as bench:
        bench.alter = _stale
        run_id = await bench.start()
        await asyncio.sleep(5)
        waiting = bench.run_of(run_id)
        await bench.until(run_id, RunState.PAUSED)
        bench.alter = lambda snapshot: snapshot
        await bench.press(run_id, "resume")
        run = await bench.end(run_id)

    assert waiting.note == "0 of 4 healthy, 4 not seen lately; 3 must stay"
    assert run.state is RunState.SUCCEEDED
    assert run.rollout is not None
    assert (run.rollout.healthy, run.rollout.healthy_limit) == (4, 3)


@virtually
async def test_a_run_whose_operator_is_gone_pauses_behind_its_batch_until_somebody_takes_over(
    tmp_path: Path,
) -> None:
    async with virtual(tmp_path, "web1", "web2", rollout=Rollout(canary={"bake": "60s"})) as bench:
        bench.service.present({"op1"})
        run_id = await bench.start()
        bench.service.present({"op2"})
        paused = await bench.until(run_id, RunState.PAUSED)
        await bench.press(run_id, "take-over")
        await bench.press(run_id, "resume")
        run = await bench.end(run_id)

    assert paused.note == "paused: op1 has no console any more"
    assert states(paused) == {"web1": "changed", "web2": "pending"}
    assert (run.state, run.operator) == (RunState.SUCCEEDED, "op2")
    kinds = [entry.kind for entry in bench.journal(run_id)]
    assert kinds.index("detach") < kinds.index("takeover") < kinds.index("run.end")


@virtually
async def test_a_run_that_is_held_for_half_an_hour_asks_and_stops_when_nobody_answers(
    tmp_path: Path,
) -> None:
    async with virtual(tmp_path, *WEB, rollout=Rollout(canary=1)) as bench:
        run_id = await bench.halt_at("restart", Exit(1), host="web1")
        await asyncio.sleep(1_900)
        asked = bench.run_of(run_id).question
        run = await bench.end(run_id)

    assert asked is not None
    assert run.state is RunState.FAILED
    assert run.note.startswith("stopped: nobody went on")


@virtually
async def test_a_rerun_takes_the_targets_of_one_kind_and_the_same_parameters(
    tmp_path: Path,
) -> None:
    async with virtual(tmp_path, *WEB, rollout=Rollout(canary=1)) as bench:
        bench.remote.on("restart", Exit(1), Exit(0), host="web1")
        first = await bench.end(await bench.start(on_halt="stop"))
        shown = replace(bench.snapshot, runs={first.id: first})
        plans = {
            kind: await bench.service.plan(
                PlanRun("", (), rerun=f"{first.id}:{kind}"), "op1", shown
            )
            for kind in ("failed", "not-started", "all")
        }
        with pytest.raises(RefusedError, match="no target that is unknown"):
            await bench.service.plan(PlanRun("", (), rerun=f"{first.id}:unknown"), "op1", shown)

    names = {kind: [target.name for target in plan.targets] for kind, plan in plans.items()}
    assert names == {"failed": ["web1"], "not-started": ["web2", "web3", "web4"], "all": list(WEB)}


@virtually
async def test_a_retry_writes_again_only_where_that_is_safe(tmp_path: Path) -> None:
    async with virtual(tmp_path, "web1", "web2", rollout=Rollout(canary=1)) as bench:
        run_id = await bench.halt_at("restart", Hang(), host="web1")
        choices = bench.run_of(run_id).choices
        await bench.press(run_id, "stop")
        await bench.end(run_id)
    async with virtual(
        tmp_path, "web1", "web2", rollout=Rollout(canary=1), idempotent=True
    ) as bench:
        bench.remote.on("restart", Hang(), Exit(0), host="web1")
        again_id = await bench.start()
        await bench.until(again_id, RunState.HALTED)
        await bench.press(again_id, "retry")
        run = await bench.end(again_id)

    assert "retry" not in choices
    assert run.state is RunState.SUCCEEDED
    assert run.targets[0].attempt == 2


class Asking:
    """Reads something before it would write."""

    async def run(self, door: Door, target: Target, values: Values) -> None:
        await door.execute(Request("look", Effect.READ, argv=("look",), preflight=True))
        await door.ssh.write(["restart"])


@virtually
async def test_planning_two_thousand_silent_hosts_is_bounded(tmp_path: Path) -> None:
    names = tuple(f"web{n}" for n in range(2_000))
    async with virtual(tmp_path, *names, impl=Asking()) as bench:
        bench.remote.on("look", Hang())
        began = bench.clock.now()
        plan = await bench.service.plan(PlanRun("acme.rolling", names), "op1", bench.snapshot)

    assert {target.steps[-1].note for target in plan.targets} <= {
        "cannot tell: no answer in 5 s", "cannot tell: no answer in 0 s"
    }  # fmt: skip
    assert bench.clock.now() - began < 30


@virtually
async def test_a_host_that_polling_cannot_reach_is_not_asked_while_planning(tmp_path: Path) -> None:
    async with virtual(tmp_path, "web1", "web2", impl=Asking()) as bench:
        gone = replace(bench.snapshot.hosts["web1"], reach=Reach.NO_ANSWER)
        shown = replace(bench.snapshot, hosts={**bench.snapshot.hosts, "web1": gone})
        plan = await bench.service.plan(PlanRun("acme.rolling", ("web1", "web2")), "op1", shown)

    assert plan.targets[0].steps[-1].note == "cannot tell: not reachable: no-answer"
    assert bench.sent("look") == ["web2"]


@virtually
async def test_a_control_of_a_run_nobody_knows_is_refused(tmp_path: Path) -> None:
    async with virtual(tmp_path, "web1") as bench:
        with pytest.raises(RefusedError):
            await bench.service.control(ControlRun("20260101-000000-abcdef", "stop"), "op1")


@virtually
async def test_what_a_first_try_left_is_still_said_when_the_second_never_gets_there(
    tmp_path: Path,
) -> None:
    async with virtual(tmp_path, "web1", "web2", rollout=Rollout(canary=1)) as bench:
        bench.remote.on("restart", Exit(1), host="web1")
        bench.remote.on("drain", Exit(0), Drop("connect"), host="web1")
        run_id = await bench.start()
        await bench.until(run_id, RunState.HALTED)
        await bench.press(run_id, "retry")
        halted = await bench.until(run_id, RunState.HALTED)
        await bench.press(run_id, "stop")
        run = await bench.end(run_id)

    assert halted.targets[0].attempt == 2
    assert states(run)["web1"] == "unreachable"
    assert run.targets[0].left == "drain stands; undo: undrain"


class Together:
    """Does one thing for all targets before each does its own."""

    async def run(self, door: Door, target: Target, values: Values) -> None:
        await door.once("notice", lambda: door.ssh.write(["notice"]))
        await door.ssh.write(["restart"])


@virtually
async def test_what_is_done_once_is_done_by_the_next_target_where_the_first_is_interrupted(
    tmp_path: Path,
) -> None:
    rollout = Rollout(max_failures="100%")
    async with virtual(tmp_path, "web1", "web2", rollout=rollout, impl=Together()) as bench:
        bench.remote.on("notice", Slow(40), Exit(0))
        run_id = await bench.start()
        await asyncio.sleep(5)
        first = list(bench.sent("notice"))
        await bench.press(run_id, "interrupt", first[0])
        run = await bench.end(run_id)

    (other,) = {"web1", "web2"} - set(first)
    assert bench.sent("notice") == [*first, other]
    assert bench.sent("restart") == [other]
    assert states(run)[other] == "changed"


@virtually
async def test_whoever_takes_over_answers_for_it_by_their_whole_name(tmp_path: Path) -> None:
    async with virtual(tmp_path, "web1", "web2", rollout=Rollout(canary={"bake": "60s"})) as bench:
        run_id = await bench.start()
        await asyncio.sleep(5)
        await bench.press(run_id, "take-over", actor="trigger:heal")
        taken = bench.run_of(run_id).operator
        await bench.end(run_id)

    assert taken == "trigger:heal"


class Bundling:
    """Keeps a file with the run, then restarts."""

    async def run(self, door: Door, target: Target, values: Values) -> None:
        await door.artifact("bundle", b"logs")
        await door.ssh.write(["restart"])


@virtually
async def test_a_second_try_keeps_what_it_said_and_took_beside_what_the_first_did(
    tmp_path: Path,
) -> None:
    async with virtual(
        tmp_path, "web1", "web2", rollout=Rollout(canary=1), impl=Bundling()
    ) as bench:
        bench.remote.on("restart", Exit(1, stdout="first"), Exit(0, stdout="second"), host="web1")
        run_id = await bench.start()
        await bench.until(run_id, RunState.HALTED)
        await bench.press(run_id, "retry")
        run = await bench.end(run_id)
        said = await bench.lines(run_id)

    kept = read_kept_output(tmp_path / "runs", run_id) or ()
    assert run.state is RunState.SUCCEEDED
    assert not [line for line in said if "journal" in line]
    assert [line.text for line in kept if line.step == "restart"] == ["first", "second"]
    assert {path.name for path in (tmp_path / "runs" / run_id / "out").glob("web1.*")} == {
        "web1.bundle", "web1.restart.out", "web1.try2.bundle", "web1.try2.restart.out",
    }  # fmt: skip
