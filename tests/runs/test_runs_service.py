"""Runs over a scripted fleet: what each target is said to be, and what was sent to it."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from runs_bench import LOOK, RESTART, Bench, MakeBench
from runs_fakes import Drop, End, Exit, Hang, make_snapshot

from opsconsole.actions.registry import Registry
from opsconsole.actions.yaml_runbook import read_runbook
from opsconsole.errors import RefusedError
from opsconsole.model.calls import ControlRun
from opsconsole.model.run import Run
from opsconsole.model.snapshot import Access, Freeze, Unlock
from opsconsole.model.states import Confirm, RunState, TargetState
from opsconsole.runs.chain import read_chain
from opsconsole.runs.kept_output import read_kept_output
from opsconsole.transport.base import Ending


def states(run: Run) -> dict[str, str]:
    return {target.name: str(target.state) for target in run.targets}


def why(run: Run, name: str) -> str:
    return next(target.why for target in run.targets if target.name == name)


async def test_a_run_that_goes_well_is_changed_and_polled(make_bench: MakeBench) -> None:
    bench = make_bench("web1", "web2", "web10")

    run = await bench.run("acme.restart", "web[1-2],web10")

    assert run.state is RunState.SUCCEEDED
    assert states(run) == {"web1": "changed", "web2": "changed", "web10": "changed"}
    assert bench.engine.polled == ["host:web1", "host:web2", "host:web10"]


async def test_a_plan_shows_the_exact_argument_lists_and_sends_nothing(
    make_bench: MakeBench,
) -> None:
    bench = make_bench("web1")

    plan = await bench.plan("acme.restart", "web1", unit="shop.service")

    assert [step.argv for step in plan.targets[0].steps] == [
        ("systemctl", "restart", "--", "shop.service"),
        ("systemctl", "is-active", "--", "shop.service"),
    ]
    assert bench.remote.dispatched == []


async def test_a_lost_connection_after_dispatch_is_unknown_and_nothing_else(
    make_bench: MakeBench,
) -> None:
    bench = make_bench("web1", "web2", "web3")
    bench.remote.on("systemctl restart *", Drop(), host="web2")

    run = await bench.run("acme.restart", "web[1-3]")

    assert states(run) == {"web1": "changed", "web2": "unknown", "web3": "changed"}
    assert run.state is RunState.INDETERMINATE
    assert why(run, "web2") == "restart: connection lost"


ENDINGS = [
    (Exit(7, stderr="boom\n"), "failed", "restart: exit 7: boom"),
    (Drop(after_dispatch=False), "unreachable", "connection refused"),
    (Drop(), "unknown", "restart: connection lost"),
    (End(Ending.TIMED_OUT), "unknown", "restart: timed out after 3 s"),
    (End(Ending.FLOODED), "unknown", "restart: its output passed the limit, and it was cut off"),
    (End(Ending.SIGNALLED, "KILL"), "failed", "restart: killed by KILL"),
    (
        Exit(1, stderr="sudo: a password is required\n"),
        "failed",
        "restart: exit 1: sudo: a password is required",
    ),
]


@pytest.mark.parametrize(("behaviour", "state", "reason"), ENDINGS)
async def test_each_ending_of_a_write_has_its_own_state(
    make_bench: MakeBench, behaviour: Exit | Drop | End, state: str, reason: str
) -> None:
    bench = make_bench("web1")
    bench.remote.on("systemctl restart *", behaviour)

    run = await bench.run("acme.restart", "web1")

    assert (states(run)["web1"], why(run, "web1")) == (state, reason)


async def test_a_write_that_went_through_and_was_not_verified_is_unknown(
    make_bench: MakeBench,
) -> None:
    bench = make_bench("web1")
    bench.remote.on("systemctl is-active *", Drop())

    run = await bench.run("acme.restart", "web1")

    assert states(run) == {"web1": "unknown"}
    assert why(run, "web1") == "restart done, not verified: verify: connection lost"


async def test_a_verification_that_sees_something_else_is_a_failure(make_bench: MakeBench) -> None:
    bench = make_bench("web1")
    bench.remote.on("systemctl is-active *", Exit(0, "activating\n"))

    run = await bench.run("acme.restart", "web1")

    assert states(run) == {"web1": "failed"}
    assert run.state is RunState.FAILED


async def test_after_the_first_failure_nothing_new_is_dispatched(make_bench: MakeBench) -> None:
    bench = make_bench("web1", "web2", "web3", parallel=1, stop=True)
    bench.remote.on("systemctl restart *", Exit(1), host="web2")

    run = await bench.run("acme.restart", "web[1-3]")

    assert states(run) == {"web1": "changed", "web2": "failed", "web3": "not-started"}
    assert run.state is RunState.FAILED
    assert why(run, "web3") == "halted: web2 is failed: 1 bad, 0 allowed"
    assert bench.writes() == ["web1", "web2"]


async def test_a_stop_lets_what_runs_end_and_starts_nothing_new(make_bench: MakeBench) -> None:
    bench = make_bench("web1", "web2", parallel=1)
    stop: list[str] = []

    def before(host: str, line: str) -> None:
        if "is-active" in line and host == "web1":
            bench.service._runs[stop[0]].helm.stop("op2", interrupt=False)

    bench.remote.before = before
    plan = await bench.plan("acme.restart", "web[1-2]")
    stop.append(await bench.start(plan))

    run = await bench.end(stop[0])

    assert states(run) == {"web1": "changed", "web2": "not-started"}
    assert run.state is RunState.ABORTED
    assert run.note == "stopped by op2"


async def test_an_interrupted_write_is_unknown_and_an_interrupted_read_is_cancelled(
    make_bench: MakeBench,
) -> None:
    for action, line, expected in (
        ("acme.restart", "systemctl restart *", "unknown"),
        ("acme.look", "uptime*", "cancelled"),
    ):
        bench = make_bench("web1")
        bench.remote.on(line, Hang())
        run_id = await bench.start(await bench.plan(action, "web1"))
        await bench.remote.hanging.wait()

        await bench.service.control(ControlRun(run_id, "interrupt"), "op1")

        assert states(await bench.end(run_id)) == {"web1": expected}


async def test_a_plan_is_started_once(make_bench: MakeBench) -> None:
    bench = make_bench("web1")
    plan = await bench.plan("acme.restart", "web1")
    await bench.end(await bench.start(plan))

    with pytest.raises(RefusedError) as refused:
        await bench.start(plan)

    assert refused.value.code == "plan"
    assert bench.writes() == ["web1"]


@pytest.mark.parametrize("action", ["acme.restart", "acme.look"])
async def test_a_plan_that_is_started_twice_at_once_runs_once_and_is_gone_for_the_other(
    make_bench: MakeBench, action: str
) -> None:
    bench = make_bench("web1")
    plan = await bench.plan(action, "web1")

    first, second = await asyncio.gather(
        bench.start(plan), bench.start(plan), return_exceptions=True
    )

    assert isinstance(first, str)
    assert isinstance(second, RefusedError)
    assert second.code == "plan"
    await bench.end(first)


async def test_a_plan_refused_because_its_host_is_held_can_be_started_later(
    make_bench: MakeBench,
) -> None:
    bench = make_bench("web1")
    bench.remote.on("systemctl restart *", Hang(), Exit())
    first = await bench.start(await bench.plan("acme.restart", "web1"))
    await bench.remote.hanging.wait()
    plan = await bench.plan("acme.restart", "web1")
    with pytest.raises(RefusedError, match="held by"):
        await bench.start(plan)
    await bench.service.control(ControlRun(first, "interrupt"), "op1")
    await bench.end(first)

    run = await bench.end(await bench.start(plan))

    assert run.state is RunState.SUCCEEDED


async def test_a_reload_while_a_run_is_opened_neither_breaks_it_nor_keeps_its_host_held(
    make_bench: MakeBench,
) -> None:
    bench = make_bench("web1")
    plan = await bench.plan("acme.restart", "web1")
    starting = asyncio.create_task(bench.start(plan))
    await asyncio.sleep(0)
    again = Registry([read_runbook(RESTART.format(parallel=1, stop="false"), "restart.yaml")])

    bench.service.use(again)
    first = await bench.end(await starting)
    second = await bench.run("acme.restart", "web1")

    assert (first.state, second.state) == (RunState.SUCCEEDED, RunState.SUCCEEDED)


async def test_a_client_that_goes_while_its_run_is_opened_leaves_no_host_held(
    make_bench: MakeBench,
) -> None:
    bench = make_bench("web1")
    plan = await bench.plan("acme.restart", "web1")
    starting = asyncio.create_task(bench.start(plan))
    await asyncio.sleep(0)

    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    assert bench.service.live == 1
    while not (bench.engine.published and bench.engine.published[-1].state.is_over):
        await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert (await bench.run("acme.restart", "web1")).state is RunState.SUCCEEDED


async def test_a_plan_that_a_reload_overtook_is_refused(make_bench: MakeBench) -> None:
    bench = make_bench("web1")
    bench.remote.on("systemctl is-active *", Hang())
    planning = asyncio.create_task(bench.plan("acme.restart", "web1"))
    await asyncio.sleep(0)

    bench.service.use(Registry([read_runbook(LOOK, "look.yaml")]))

    with pytest.raises(RefusedError, match="configuration changed"):
        await planning


async def test_another_persons_plan_and_another_hash_are_refused(make_bench: MakeBench) -> None:
    bench = make_bench("web1")
    plan = await bench.plan("acme.restart", "web1")

    with pytest.raises(RefusedError):
        await bench.start(plan, actor="op2")

    assert bench.remote.dispatched == []


async def test_more_than_five_targets_are_confirmed_by_their_number(make_bench: MakeBench) -> None:
    bench = make_bench(*(f"web{n}" for n in range(6)))
    plan = await bench.plan("acme.restart", "role:web")
    assert (plan.confirm, plan.expect) == (Confirm.COUNT, "6")

    with pytest.raises(RefusedError) as refused:
        await bench.start(plan, confirm="5")
    run_id = await bench.start(plan, confirm="6")

    assert refused.value.code == "confirm"
    assert (await bench.end(run_id)).state is RunState.SUCCEEDED


ACCESSES = [
    (Access(environment="prod", locked=True), "locked"),
    (Access(read_only=True), "read-only"),
    (Access(freezes=(Freeze("f1", "op2", 2e9, "release"),)), "frozen"),
    (Access(freezes=(Freeze("f1", "op2", 2e9, "release", "role:web"),)), "frozen"),
    (Access(locked=True, unlocks=(Unlock("op2", 2e9, "other person"),)), "locked"),
    (Access(locked=True, unlocks=(Unlock("op1", 1e9, "over"),)), "locked"),
]


@pytest.mark.parametrize(("access", "code"), ACCESSES)
async def test_the_engine_refuses_what_is_locked_frozen_or_read_only(
    make_bench: MakeBench, access: Access, code: str
) -> None:
    bench = make_bench(snapshot=make_snapshot("web1", access=access))
    plan = await bench.plan("acme.restart", "web1")

    with pytest.raises(RefusedError) as refused:
        await bench.start(plan)

    assert refused.value.code == code
    assert plan.refusal != ""
    assert bench.remote.dispatched == []


async def test_a_host_that_is_named_fleet_is_frozen_and_held_as_any_other(
    make_bench: MakeBench,
) -> None:
    access = Access(freezes=(Freeze("f1", "op2", 2e9, "release", "role:db"),))
    bench = make_bench(snapshot=make_snapshot("fleet", access=access))

    with pytest.raises(RefusedError) as refused:
        await bench.start(await bench.plan("acme.restart", "fleet"))

    assert refused.value.code == "frozen"


ALLOWED = [
    Access(locked=True, unlocks=(Unlock("op1", 2e9, "mine"),)),
    Access(freezes=(Freeze("f1", "op2", 2e9, "release", "role:db"),)),
    Access(freezes=(Freeze("f1", "op2", 1e9, "over"),)),
]


@pytest.mark.parametrize("access", ALLOWED)
async def test_an_unlock_of_ones_own_and_a_freeze_elsewhere_allow_it(
    make_bench: MakeBench, access: Access
) -> None:
    bench = make_bench(snapshot=make_snapshot("web1", access=access))

    assert (await bench.run("acme.restart", "web1")).state is RunState.SUCCEEDED


async def test_a_locked_environment_reads_without_unlock_and_writes_with_one_on_the_line(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(snapshot=make_snapshot("web1", access=Access(locked=True)))

    assert (await bench.run("acme.look", "web1")).state is RunState.SUCCEEDED
    plan = await bench.plan("acme.restart", "web1")
    run = await bench.end(await bench.start(plan, unlock="INC-7"))

    assert run.state is RunState.SUCCEEDED
    assert run.reason == "INC-7"


async def test_a_freeze_that_comes_during_a_run_keeps_the_rest_from_being_written(
    make_bench: MakeBench,
) -> None:
    bench = make_bench("web1", "web2", parallel=1)

    def before(host: str, line: str) -> None:
        if "is-active" in line:
            bench.engine.access = Access(freezes=(Freeze("f1", "op2", 2e9, "stop all"),))

    bench.remote.before = before

    run = await bench.run("acme.restart", "web[1-2]")

    assert states(run)["web2"] == "not-started"
    assert bench.writes() == ["web1"]


def _moves(bench: Bench) -> None:
    bench.engine.addresses["web2"] = "192.0.2.99"


def _goes(bench: Bench) -> None:
    bench.engine.snapshot = make_snapshot("web1")


@pytest.mark.parametrize(("reload", "says"), [(_moves, "another way"), (_goes, "not in the inv")])
async def test_a_name_that_means_another_machine_by_now_is_not_written(
    make_bench: MakeBench, reload: Callable[[Bench], None], says: str
) -> None:
    bench = make_bench("web1", "web2", parallel=1)
    bench.remote.before = lambda _host, line: reload(bench) if "is-active" in line else None

    run = await bench.run("acme.restart", "web[1-2]")

    assert states(run) == {"web1": "changed", "web2": "not-started"}
    assert says in why(run, "web2")
    assert bench.writes() == ["web1"]


async def test_two_runs_never_write_the_same_host(make_bench: MakeBench) -> None:
    bench = make_bench("web1", "web2")
    bench.remote.on("systemctl restart *", Hang())
    first = await bench.start(await bench.plan("acme.restart", "web1"))
    await bench.remote.hanging.wait()
    plan = await bench.plan("acme.restart", "web[1-2]", actor="op2")

    with pytest.raises(RefusedError) as refused:
        await bench.start(plan, actor="op2")
    reading = await bench.start(await bench.plan("acme.look", "web1"))
    await bench.end(reading)
    await bench.service.control(ControlRun(first, "interrupt"), "op1")
    await bench.end(first)

    assert refused.value.code == "held"
    assert "web1 is held by op1: acme.restart" in str(refused.value)


async def test_a_host_that_calls_itself_otherwise_is_written_nothing(make_bench: MakeBench) -> None:
    bench = make_bench(snapshot=make_snapshot("web1", hostname="web1.example"))
    bench.remote.on("sh: *hostname*", Exit(0, "db9.example\n"))

    run = await bench.run("acme.restart", "web1")

    assert states(run) == {"web1": "wrong-host"}
    assert bench.writes() == []


async def test_a_host_that_calls_itself_as_before_is_written(make_bench: MakeBench) -> None:
    bench = make_bench(snapshot=make_snapshot("web1", hostname="web1.example"))
    bench.remote.on("sh: *hostname*", Exit(0, "web1.example\n"))

    assert states(await bench.run("acme.restart", "web1")) == {"web1": "changed"}


async def test_the_dispatch_is_on_disk_before_the_command_leaves(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    bench = make_bench("web1")
    seen: list[list[str]] = []
    bench.remote.on("systemctl restart *", Hang())
    run_id = await bench.start(await bench.plan("acme.restart", "web1"))

    await bench.remote.hanging.wait()
    seen.append([entry.kind for entry in read_chain(tmp_path / "runs" / run_id).entries])
    await bench.service.control(ControlRun(run_id, "interrupt"), "op1")
    await bench.end(run_id)

    assert seen == [["run.plan", "step.dispatch"]]


async def test_a_journal_that_cannot_be_written_sends_nothing_more(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    bench = make_bench("web1", "web2", parallel=1)

    def before(host: str, line: str) -> None:
        live = next(iter(bench.service._runs.values()))
        if host == "web1" and "is-active" in line and live.board.journal._fd >= 0:
            os.close(live.board.journal._fd)
            live.board.journal._fd = os.open("/dev/full", os.O_WRONLY)

    bench.remote.before = before

    run = await bench.run("acme.restart", "web[1-2]")

    assert bench.writes() == ["web1"]
    assert states(run)["web2"] == "not-started"
    assert "No space left" in bench.engine.troubles[0]
    assert not run.targets[0].state.is_good


SAID = b"\x1b[31mred\x1b[0m \x1b]0;evil\x07\nno end"
KEPT = {
    "short: in its line of the journal": (SAID, True),
    "long: in a file": (SAID + b"x" * 3_000, False),
    "no text: in a file": (SAID + b"\xff", False),
}


@pytest.mark.parametrize(("said", "in_line"), KEPT.values(), ids=KEPT)
async def test_output_is_cleaned_streamed_and_kept_as_it_came(
    make_bench: MakeBench, tmp_path: Path, said: bytes, *, in_line: bool
) -> None:
    bench = make_bench("web1")
    bench.remote.on("uptime", Exit(0, said))
    run_id = await bench.start(await bench.plan("acme.look", "web1"))

    await bench.end(run_id)

    shown = await bench.lines(run_id)
    assert shown[0] == "web1 out red ␛]0;evil␇"
    assert shown[1].startswith("web1 out no end")
    [settled] = [
        e for e in read_chain(tmp_path / "runs" / run_id).entries if e.kind == "step.settle"
    ]
    kept = tmp_path / "runs" / run_id / "out" / "web1.up.out"
    assert (settled.text("out").encode() == said) is in_line
    assert kept.exists() is not in_line
    assert in_line or (kept.read_bytes(), kept.stat().st_mode & 0o777) == (said, 0o600)
    earlier = read_kept_output(tmp_path / "runs", run_id) or ()
    assert [f"{line.target} {line.stream} {line.text}" for line in earlier[:2]] == shown


async def test_a_change_keeps_what_it_said_in_a_file_that_outlives_the_power(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    bench = make_bench("web1")
    bench.remote.on("systemctl restart *", Exit(0, "done\n"))

    run = await bench.run("acme.restart", "web1")

    assert (tmp_path / "runs" / run.id / "out" / "web1.restart.out").read_text() == "done\n"


async def test_a_journal_that_holds_much_output_already_takes_no_more(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    bench = make_bench(*(f"web{n}" for n in range(1, 6)))
    bench.remote.on("uptime", Exit(0, "x" * 1_999))
    plan = await bench.plan("acme.look", *(f"web{n}" for n in range(1, 6)))
    run_id = await bench.start(plan)
    bench.service._runs[run_id].board.journal.room = 6_000

    await bench.end(run_id)

    kept = read_kept_output(tmp_path / "runs", run_id) or ()
    assert len(list((tmp_path / "runs" / run_id / "out").iterdir())) == 2
    assert [line.text for line in kept if line.stream == "out"] == ["x" * 1_999] * 5


async def test_output_of_all_runs_together_is_bounded_and_the_oldest_is_read_from_its_files(
    make_bench: MakeBench,
) -> None:
    bench = make_bench("web1")
    long = "\n".join(f"{n} {'x' * 2_000}" for n in range(5_000))
    bench.remote.on("systemctl restart *", Exit(0, long))

    ended = [await bench.run("acme.restart", "web1") for _ in range(5)]
    last = await bench.run("acme.look", "web1")

    kept = bench.service._runs
    assert [run.id in kept for run in ended] == [False, True, True, True, True]
    assert last.id in kept
    assert (await bench.lines(ended[0].id))[0].startswith("web1 out 0 xxx")


async def test_an_engine_that_stops_writes_down_what_it_knows(tmp_path: Path) -> None:
    actions = [read_runbook(RESTART.format(parallel=1, stop="false"), "r"), read_runbook(LOOK, "l")]
    bench = Bench(tmp_path, Registry(actions), make_snapshot("web1", "web2"))
    bench.remote.on("systemctl restart *", Hang())
    serving = asyncio.create_task(bench.service.serve(), name="serve")
    run_id = await bench.start(await bench.plan("acme.restart", "web[1-2]"))
    await bench.remote.hanging.wait()

    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    later = Bench(tmp_path, Registry(actions), make_snapshot("web1", "web2"))
    (run,) = await later.service.recover()

    assert run.id == run_id
    assert run.state is RunState.INDETERMINATE
    assert states(run) == {"web1": "unknown", "web2": "not-started"}
    assert run.targets[0].state is TargetState.UNKNOWN


async def test_what_a_run_offers_is_worked_out_for_those_who_look_and_not_for_each_target(
    make_bench: MakeBench,
) -> None:
    names = [f"web{n}" for n in range(1, 121)]
    bench = make_bench(*names)
    run_id = await bench.start(await bench.plan("acme.look", *names))
    board = bench.service._runs[run_id].board
    asked: list[int] = []
    choices = board.choices

    def counted() -> tuple[str, ...]:
        asked.append(len(bench.engine.published))
        return choices()

    board.choices = counted
    run = await bench.end(run_id)

    assert len(run.targets) == 120
    assert len(asked) <= len(bench.engine.published) < 120
    assert run.choices == ()


async def test_a_plan_of_many_targets_keeps_their_order(make_bench: MakeBench) -> None:
    names = [f"web{n}" for n in range(1, 61)]
    bench = make_bench(*names)

    plan = await bench.plan("acme.look", *names)

    assert [target.name for target in plan.targets] == names
    assert all(len(target.steps) == 1 for target in plan.targets)
