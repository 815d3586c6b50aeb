"""A run that is over is taken back by a later one: what its journal kept word for word, and nothing else."""

import asyncio
import fcntl
import shutil
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from runs_bench import give_ports
from runs_fakes import make_snapshot

from opsconsole.actions.api import Outcome
from opsconsole.actions.argv import Given
from opsconsole.actions.file_steps import PUT_BACK
from opsconsole.actions.params import Values
from opsconsole.actions.registry import Registry
from opsconsole.actions.steps import Action, Door, HttpCall, Impl, Request, Target
from opsconsole.actions.yaml_runbook import read_runbook
from opsconsole.errors import RefusedError
from opsconsole.model.action import Plan
from opsconsole.model.approval_calls import ApproveRun, ReadPlan
from opsconsole.model.calls import ControlRun, PlanRun, ResolveRun, Started, StartRun
from opsconsole.model.inventory import Host
from opsconsole.model.policy import Asking, Person, Ruling
from opsconsole.model.run import Run
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import Effect, RunState, TargetState
from opsconsole.runs.chain import read_chain
from opsconsole.runs.inspection import verify
from opsconsole.runs.later_undo import KEPT_LIMIT, TAKE_BACK, keep
from opsconsole.runs.ports import Ports
from opsconsole.runs.redaction import Redactor
from opsconsole.runs.retention import drop_old_runs
from opsconsole.runs.service import RunService
from opsconsole.testing.scripted import Drop, Exit, ScriptedRemote, Slow
from opsconsole.testing.virtual import LoopClock, run_virtually

DRAIN = """
api: 1
id: acme.drain
title: Drain
scope: host
effect: write
idempotent: true
needs: [ssh]
timeout: 60s
locks: ["pool:web"]
undo_policy: {policy}
params: {{pool: {{type: str, default: web}}}}
steps:
  - id: drain
    run: [drain, "--pool=${{params.pool}}"]
    undo: [{{id: undrain, run: [undrain, "--pool=${{params.pool}}"]}}]
  - {{id: restart, run: [restart], undo: [{{id: stop, run: [stop]{more}}}]}}
  - {{id: verify, effect: read, run: [verify]}}
"""
NAMES = ("web1", "web2")
OP1 = Person("op1", 1001, 1001)
OP2 = Person("op2", 1002, 1002)


class TwoFiles:
    """Puts two files and names neither step."""

    async def run(self, door: Door, target: Target, values: Values) -> Outcome | None:
        await door.ssh.put("a", "/etc/a.conf")
        await door.ssh.put("b", "/etc/b.conf")
        return None


class World:
    """One folder, and engines on it one after the other."""

    def __init__(
        self,
        folder: Path,
        more: str = "",
        policy: str = "if_healthy",
        impl: Impl | None = None,
    ) -> None:
        self.folder = folder
        self.clock = LoopClock()
        self.remote = ScriptedRemote(self.clock)  # type: ignore[arg-type]  # any clock will do
        self.published: dict[str, Run] = {}
        action = read_runbook(DRAIN.format(more=more, policy=policy), "drain.yaml")
        if impl is not None:
            action = Action(replace(action.spec, params=()), impl, "acme")
        ports = Ports(
            remote=self.remote,
            host=lambda name: Host(name, name) if name in NAMES else None,
            records=lambda: self.snapshot.hosts,
            snapshot=lambda: self.snapshot,
            publish=self._publish,
        )
        self.service = RunService(Registry([action]), ports, folder, self.clock)
        self.serving = asyncio.create_task(self.service.serve(), name="serve")

    @property
    def snapshot(self) -> Snapshot:
        now = self.clock.now()
        base = make_snapshot(*NAMES)
        hosts = {name: replace(r, at=now - 0.5, tried=now) for name, r in base.hosts.items()}
        return replace(base, now=now, hosts=hosts, runs=self.published)

    def _publish(self, run: Run) -> None:
        self.published[run.id] = run

    async def die(self) -> None:
        self.serving.cancel()
        await asyncio.gather(self.serving, return_exceptions=True)

    async def plan(self, action: str = "acme.drain", rerun: str = "") -> Plan:
        targets = () if rerun else NAMES
        call = PlanRun("" if rerun else action, targets, rerun=rerun, rollout={"on_halt": "stop"})
        return await self.service.plan(call, "op1", self.snapshot)

    async def run(self, plan: Plan) -> Run:
        call = StartRun(plan.id, plan.hash, confirm=plan.expect)
        run_id = (await self.service.start(call, "op1", self.snapshot)).run
        while run_id not in self.published or not self.published[run_id].state.is_over:
            await asyncio.sleep(1)
        await asyncio.sleep(0.5)
        return self.published[run_id]

    async def agree(self, run_id: str) -> None:
        plan = await self.service.read_plan(ReadPlan(run_id), OP2)
        await self.service.approve(ApproveRun(run_id, plan.hash), OP2)

    def sent(self) -> list[tuple[str, str]]:
        return [(each.host, each.line) for each in self.remote.dispatched]


Story = Callable[[World], Coroutine[Any, Any, None]]


def tell(folder: Path, story: Story, **made: Any) -> None:
    async def work() -> None:
        world = World(folder, **made)
        try:
            await story(world)
        finally:
            await world.die()

    run_virtually(work())


def test_a_later_engine_takes_back_what_an_earlier_one_did(tmp_path: Path) -> None:
    async def story(first: World) -> None:
        done = await first.run(await first.plan())
        await first.die()
        later = World(tmp_path)
        plan = await later.plan(rerun=f"{done.id}:undo")
        back = await later.run(plan)
        await later.die()

        assert "rollback" in done.choices
        assert (plan.action, plan.title) == (TAKE_BACK, "Take back: Drain")
        assert [step.argv for step in plan.targets[0].steps] == [
            ("stop",),
            ("undrain", "--pool=web"),
        ]
        assert "pool:web" in plan.locks
        assert back.state is RunState.SUCCEEDED
        assert back.rerun_of == done.id
        per_host = {host: [line for h, line in later.sent() if h == host] for host in NAMES}
        assert per_host == {host: ["stop", "undrain --pool=web"] for host in NAMES}

    tell(tmp_path, story)


def test_of_two_files_put_without_a_step_both_are_put_back(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        done = await world.run(await world.plan())
        back = await world.run(await world.plan(rerun=f"{done.id}:undo"))

        assert back.state is RunState.SUCCEEDED
        put_back = [
            each.command.args[0]
            for each in world.remote.dispatched
            if each.host == "web1" and each.command.script == PUT_BACK
        ]
        assert put_back == ["/etc/b.conf", "/etc/a.conf"]

    tell(tmp_path, story, impl=TwoFiles())


def test_nothing_is_taken_back_twice(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        done = await world.run(await world.plan())
        shown = await world.plan(rerun=f"{done.id}:undo")
        again = await world.plan(rerun=f"{done.id}:undo")
        back = await world.run(shown)

        with pytest.raises(RefusedError, match=f"taken back by {back.id}"):
            await world.plan(rerun=f"{done.id}:undo")
        with pytest.raises(RefusedError, match="taken back by"):
            await world.run(again)

    tell(tmp_path, story)


def test_of_two_who_wait_for_the_locks_one_takes_it_back(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        done = await world.run(await world.plan())
        plans = [await world.plan(rerun=f"{done.id}:undo") for _ in range(2)]
        world.remote.on("verify", Slow(20.0))
        held = await world.plan()
        call = StartRun(held.id, held.hash, confirm=held.expect)
        await world.service.start(call, "op1", world.snapshot)
        calls = [StartRun(p.id, p.hash, confirm=p.expect, wait_lock=60.0) for p in plans]
        got = await asyncio.gather(
            *(world.service.start(each, "op1", world.snapshot) for each in calls),
            return_exceptions=True,
        )
        await asyncio.sleep(60)

        assert isinstance(got[0], Started)
        assert isinstance(got[1], RefusedError)
        assert f"taken back by {got[0].run}" in str(got[1])
        assert world.sent().count(("web1", "undrain --pool=web")) == 1
        assert len(list((tmp_path / "runs").iterdir())) == 3, "who came second left no run behind"

    tell(tmp_path, story)


def test_a_way_back_that_was_let_go_since_was_gone_all_the_same(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        done = await world.run(await world.plan())
        back = await world.run(await world.plan(rerun=f"{done.id}:undo"))
        shutil.rmtree(tmp_path / "runs" / back.id)

        with pytest.raises(RefusedError, match=f"taken back by {back.id}"):
            await world.plan(rerun=f"{done.id}:undo")

    tell(tmp_path, story)


def test_where_the_first_run_cannot_be_marked_nothing_begins_and_it_may_be_tried_again(
    tmp_path: Path,
) -> None:
    async def story(world: World) -> None:
        done = await world.run(await world.plan())
        plan = await world.plan(rerun=f"{done.id}:undo")
        with (tmp_path / "runs" / done.id / "lock").open("ab") as somebody:
            fcntl.flock(somebody, fcntl.LOCK_EX)
            with pytest.raises(RefusedError, match="somebody is just at it"):
                await world.run(plan)
        ended = [run for run in world.published.values() if run.rerun_of == done.id]

        assert [run.state for run in ended] == [RunState.ABORTED]
        assert {target.state for target in ended[0].targets} == {TargetState.NOT_STARTED}
        assert ("web1", "undrain --pool=web") not in world.sent()
        assert verify(tmp_path / "runs" / ended[0].id).ended == "aborted"
        assert (await world.run(plan)).state is RunState.SUCCEEDED

    tell(tmp_path, story)


def test_what_is_added_to_a_sealed_journal_is_sealed_again(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        told: list[str] = []
        give_ports(world.service, syslog=told.append)
        done = await world.run(await world.plan())
        back = await world.run(await world.plan(rerun=f"{done.id}:undo"))
        marked = read_chain(tmp_path / "runs" / done.id).head
        world.remote.on("drain *", Drop("dispatch"), host="web1")
        lost = await world.run(await world.plan())
        await world.service.control(ControlRun(lost.id, "close", "the host burnt"), "op2")
        closed = read_chain(tmp_path / "runs" / lost.id).head

        last = {
            run: [line for line in told if line.startswith(f"run {run} ")][-1]
            for run in (done.id, lost.id)
        }
        assert last[done.id].endswith(f"head {marked}")
        assert f"taken back by {back.id}" in last[done.id]
        assert last[lost.id].endswith(f"head {closed}")

    tell(tmp_path, story)


def test_a_way_back_that_waits_for_a_second_person_is_not_taken_twice(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        async def judge(_asking: Asking) -> Ruling:
            return Ruling(peer="two-persons: databases")

        done = await world.run(await world.plan())
        give_ports(world.service, judge=judge)
        waiting = []
        for _ in range(2):
            plan = await world.plan(rerun=f"{done.id}:undo")
            call = StartRun(plan.id, plan.hash, confirm=plan.expect)
            started = await world.service.start(call, "op1", world.snapshot, who=OP1)
            waiting.append(started.run)

        await world.agree(waiting[0])
        await asyncio.sleep(60)
        with pytest.raises(RefusedError, match=f"taken back by {waiting[0]}"):
            await world.agree(waiting[1])

        assert world.published[waiting[0]].state is RunState.SUCCEEDED
        assert world.published[waiting[1]].state is RunState.ABORTED
        assert world.sent().count(("web1", "undrain --pool=web")) == 1

    tell(tmp_path, story)


def test_where_a_later_run_reached_nobody_it_may_be_tried_again(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        done = await world.run(await world.plan())
        world.remote.on("stop", Drop("connect"), host="web1")
        first = await world.run(await world.plan(rerun=f"{done.id}:undo"))
        world.remote.on("stop", Exit(0), host="web1")
        plan = await world.plan(rerun=f"{done.id}:undo")

        assert first.targets[0].state is TargetState.UNREACHABLE
        assert [target.name for target in plan.targets] == ["web1", "web2"]
        assert (await world.run(plan)).state is RunState.SUCCEEDED

    tell(tmp_path, story)


class OwnWayBack(TwoFiles):
    """Puts its files, and has a rollback beside the undos of its steps."""

    has_rollback = True

    async def rollback(self, door: Door, target: Target, values: Values) -> Outcome | None:
        await door.ssh.write(["reload"])
        return None


def test_an_action_with_a_rollback_of_its_own_is_not_taken_back_by_half(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        done = await world.run(await world.plan())

        with pytest.raises(RefusedError, match="its own rollback is decided while it is done"):
            await world.plan(rerun=f"{done.id}:undo")

    tell(tmp_path, story, impl=OwnWayBack())


WHY = {
    "one that looks first": (", expect: {equals: ok}", "if_healthy", "decided while it is done"),
    "one that may not": ("", "never", "undo_policy is never"),
}


@pytest.mark.parametrize(("more", "policy", "why"), WHY.values(), ids=WHY.keys())
def test_what_cannot_be_taken_back_says_why(
    more: str, policy: str, why: str, tmp_path: Path
) -> None:
    async def story(world: World) -> None:
        done = await world.run(await world.plan())

        with pytest.raises(RefusedError, match=why) as refused:
            await world.plan(rerun=f"{done.id}:undo")
        assert refused.value.code == "empty"

    tell(tmp_path, story, more=more, policy=policy)


def test_only_what_was_dispatched_is_taken_back_and_the_unknown_is_left_alone(
    tmp_path: Path,
) -> None:
    async def story(world: World) -> None:
        world.remote.on("drain *", Exit(1), host="web1")
        half = await world.run(await world.plan())
        plan = await world.plan(rerun=f"{half.id}:undo")
        steps = {target.name: [step.argv for step in target.steps] for target in plan.targets}

        assert half.targets[0].state is TargetState.FAILED
        assert steps["web1"] == [("undrain", "--pool=web")]

        world.remote.on("drain *", Drop("dispatch"), host="web1")
        lost = await world.run(await world.plan())
        with pytest.raises(RefusedError, match="resolve it first"):
            await world.plan(rerun=f"{lost.id}:undo")

    tell(tmp_path, story)


def test_a_run_that_lives_is_rolled_back_where_it_is(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        plan = await world.plan()
        call = StartRun(plan.id, plan.hash, confirm=plan.expect)
        run_id = (await world.service.start(call, "op1", world.snapshot)).run

        with pytest.raises(RefusedError, match="not over"):
            await world.plan(rerun=f"{run_id}:undo")
        with pytest.raises(RefusedError, match="there is no run"):
            await world.plan(rerun="../x:undo")
        await asyncio.sleep(60)
        with pytest.raises(RefusedError, match="opsconsole runs undo"):
            await world.service.control(ControlRun(run_id, "rollback"), "op1")

    tell(tmp_path, story)


def test_an_undo_that_holds_a_secret_is_not_kept() -> None:
    redactor = Redactor()
    redactor.add("hunter2hunter2")
    plain = Request("x", Effect.WRITE, ("login", "--pass", "hunter2hunter2"))

    assert keep((plain,), redactor) == ""
    assert keep((replace(plain, argv=("login",)),), redactor)
    assert keep((replace(plain, argv=("login",), stdin=b"x"),), redactor) == ""
    assert keep((), redactor) == ""
    assert '"from-a-host"' in keep(
        (replace(plain, argv=("touch", Given("from-a-host"))),), redactor
    )


QUOTED = 'hunter"2\\hunter"2'
CALL = Request("x", Effect.WRITE, http=HttpCall("lb", "PUT", "/a"))
HIDDEN = {
    "with quotes, which JSON writes otherwise": replace(CALL, http=None, argv=("login", QUOTED)),
    "in a script": replace(CALL, http=None, script=f"login '{QUOTED}'"),
    "in what the script is told": replace(CALL, http=None, script="login", env={"PW": QUOTED}),
    "from a host": replace(CALL, http=None, argv=("login", Given(QUOTED))),
    "in a call's body": replace(CALL, http=replace(CALL.http, body=f"p={QUOTED}".encode())),
    "in a call's query": replace(CALL, http=replace(CALL.http, query=(("pw", QUOTED),))),
}


@pytest.mark.parametrize("request_", HIDDEN.values(), ids=HIDDEN.keys())
def test_a_secret_is_found_wherever_an_undo_holds_it(request_: Request) -> None:
    redactor = Redactor()
    redactor.add(QUOTED)

    assert keep((request_,), redactor) == ""
    assert keep((request_,), Redactor())


class ManyFiles:
    """Puts more files than a journal keeps undos of."""

    async def run(self, door: Door, target: Target, values: Values) -> Outcome | None:
        for number in range(100):
            await door.ssh.put("a", f"/etc/{number}.conf", step=f"put-{number}")
        return None


def test_undos_are_kept_up_to_a_limit_and_a_way_back_that_is_cut_is_none(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        done = await world.run(await world.plan())
        entries = read_chain(tmp_path / "runs" / done.id).entries
        kept = [entry.text("plain") for entry in entries if entry.text("target") == "web1"]

        assert 0 < sum(map(len, kept)) <= KEPT_LIMIT
        with pytest.raises(RefusedError, match="too long"):
            await world.plan(rerun=f"{done.id}:undo")

    tell(tmp_path, story, impl=ManyFiles())


def test_a_run_is_closed_with_a_reason_and_may_then_be_let_go(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.remote.on("drain *", Drop("dispatch"), host="web1")
        lost = await world.run(await world.plan())
        far = (tmp_path / "runs" / lost.id).stat().st_mtime + 500 * 86_400
        kept = drop_old_runs(tmp_path / "runs", far)

        with pytest.raises(RefusedError, match="reason is needed"):
            await world.service.control(ControlRun(lost.id, "close"), "op2")
        done = await world.service.control(
            ControlRun(lost.id, "close", "the host \x1b[1mburnt"), "op2"
        )
        closed = world.published[lost.id]

        assert (kept, "close" in lost.choices) == ((), True)
        assert done.text == "closed; what is unknown in it stays so"
        assert closed.closed == "op2: the host ␛[1mburnt"
        assert closed.state is RunState.INDETERMINATE
        assert "close" not in closed.choices
        kinds = [entry.kind for entry in read_chain(tmp_path / "runs" / lost.id).entries]
        assert kinds[-1] == "run.close"
        with pytest.raises(RefusedError, match="nothing in"):
            await world.service.control(ControlRun(lost.id, "close", "again"), "op2")
        await world.service.records.resolve(
            ResolveRun(lost.id, state="failed", reason="seen"), "op2"
        )
        assert world.published[lost.id].choices == ("rollback",)
        assert drop_old_runs(tmp_path / "runs", far) == (lost.id,)

    tell(tmp_path, story)
