"""A run that needs a second person: who may agree, to what, and that nothing leaves before they did."""

import asyncio
from collections.abc import Callable, Collection, Coroutine
from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace
from runs_bench import give_ports
from runs_virtual import Rolling, Virtual

from opsconsole.errors import RefusedError
from opsconsole.model.action import Plan
from opsconsole.model.approval_calls import ApproveRun, ReadPlan
from opsconsole.model.calls import ControlRun, PlanRun, ReadOutput, StartRun
from opsconsole.model.policy import Asking, Person, Ruling
from opsconsole.model.run import Run
from opsconsole.model.snapshot import Access, Freeze
from opsconsole.model.states import Confirm, RunState, TargetState
from opsconsole.runs.chain import read_chain
from opsconsole.runs.second_person import why_no_second
from opsconsole.testing.virtual import LoopClock, run_virtually

OP1 = Person("op1", 1001, 1001)
OP2 = Person("op2", 1002, 1002)
PEER = Ruling(peer="two-persons: databases", says=("need_peer by two-persons: databases",))


class Guarded(Virtual):
    """A service whose policy is a record that a test turns."""

    def __init__(self, folder: Path, *names: str, **spec: object) -> None:
        super().__init__(folder, names or ("db1", "db2"), None, Rolling(), **spec)
        self.ruling = PEER
        self.members: dict[str, Collection[str]] = {}
        self.access = Access()
        self.asked: list[Asking] = []

        async def judge(asking: Asking) -> Ruling:
            self.asked.append(asking)
            return self.ruling

        async def groups(person: Person) -> Collection[str]:
            return self.members.get(person.name, ())

        give_ports(self.service, judge=judge, groups=groups, access=lambda: self.access)

    async def plan(self, who: Person = OP1) -> Plan:
        call = PlanRun("acme.rolling", self.names)
        return await self.service.plan(call, who.name, self.snapshot, who=who)

    async def ask(self, plan: Plan | None = None, glass: str = "", who: Person = OP1) -> str:
        made = await self.plan(who) if plan is None else plan
        call = StartRun(made.id, made.hash, made.expect, "why not", glass=glass)
        return (await self.service.start(call, who.name, self.snapshot, who=who)).run

    async def agree(self, run_id: str, who: Person = OP2, **said: object) -> str:
        plan = await self.service.read_plan(ReadPlan(run_id), who)
        call = replace(ApproveRun(run_id, plan.hash), **said)
        return (await self.service.approve(call, who)).text

    @property
    def sent_at_all(self) -> bool:
        return bool(self.remote.dispatched)

    def verdicts(self, run_id: str) -> list[tuple[str, str]]:
        chain = read_chain(self.folder / "runs" / run_id)
        return [(e.text("verdict"), e.text("actor")) for e in chain.entries if e.kind == "approval"]


Story = Callable[[Guarded], Coroutine[Any, Any, None]]


def tell(story: Story, folder: Path, **spec: object) -> None:
    async def work() -> None:
        world = Guarded(folder, **spec)
        serving = asyncio.create_task(world.service.serve(), name="serve")
        try:
            await story(world)
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    run_virtually(work())


def test_a_run_waits_until_somebody_else_agrees_and_then_runs(tmp_path: Path) -> None:
    async def story(world: Guarded) -> None:
        plan = await world.plan()
        run_id = await world.ask(plan)
        waiting = world.published[run_id]
        await asyncio.sleep(600)

        assert (plan.peer, plan.policy) == (PEER.peer, PEER.says)
        assert waiting.state is RunState.AWAITING_APPROVAL
        assert waiting.approval is not None
        assert waiting.approval.why == PEER.peer
        assert not world.sent_at_all
        assert world.service.live == 1, "an engine does not leave a run that waits"
        assert await world.agree(run_id) == f"{run_id} is approved and runs"
        done = await world.end(run_id)
        assert done.state is RunState.SUCCEEDED
        assert done.approval is not None
        assert (done.approval.state, done.approval.by) == ("approved", "op2")
        assert world.verdicts(run_id) == [("waiting", "op1"), ("approved", "op2")]

    tell(story, tmp_path)


def test_the_word_is_on_the_disk_before_anything_leaves(tmp_path: Path) -> None:
    async def story(world: Guarded) -> None:
        run_id = await world.ask()
        await world.agree(run_id)
        await world.end(run_id)
        kinds = [entry.kind for entry in read_chain(tmp_path / "runs" / run_id).entries]

        assert kinds.index("step.dispatch") > len(kinds) - 1 - kinds[::-1].index("approval")

    tell(story, tmp_path)


SAME = {
    "the one who asked": (OP1, OP1),
    "who came by su from the one who asked": (OP1, Person("op1", 1002, 1001)),
    "the same login by another name": (OP1, Person("op2", 1002, 1001)),
    "who asked through su, from the account that was used": (
        Person("op1", 1002, 1001), Person("op2", 1002, 1002),
    ),
    "root, who is nobody": (OP1, Person("root", 0, None)),
    "root at the console": (OP1, Person("root", 0, 0)),
    "one shared account without logins": (Person("ops", 1100, None), Person("ops2", 1100, None)),
    "one shared account, one of them directly": (
        Person("op1", 1100, 1001), Person("ops", 1100, 1100),
    ),
    "a rule, which nobody is": (Person("trigger:x"), OP2),
    "nobody": (OP1, Person("engine")),
}  # fmt: skip


@pytest.mark.parametrize(("first", "second"), SAME.values(), ids=SAME.keys())
def test_these_are_no_second_person(first: Person, second: Person) -> None:
    assert why_no_second(first, second)


OTHER = {
    "another account": (OP1, OP2),
    "another account without an audit": (Person("op1", 1001, None), Person("op2", 1002, None)),
    "one shared account, two logins": (Person("op1", 1100, 1001), Person("op2", 1100, 1002)),
    "root by sudo, from a login of their own": (OP1, Person("op2", 0, 1002)),
}


@pytest.mark.parametrize(("first", "second"), OTHER.values(), ids=OTHER.keys())
def test_these_are_two(first: Person, second: Person) -> None:
    assert why_no_second(first, second) == ""


def test_the_engine_refuses_the_same_person_and_who_has_not_read(tmp_path: Path) -> None:
    async def story(world: Guarded) -> None:
        run_id = await world.ask()
        unread = ApproveRun(run_id, world.published[run_id].plan_hash)

        with pytest.raises(RefusedError, match="somebody else") as same:
            await world.agree(run_id, OP1)
        with pytest.raises(RefusedError, match="read its plan first"):
            await world.service.approve(unread, OP2)
        with pytest.raises(RefusedError, match="not the plan that waits"):
            await world.agree(run_id, hash="0" * 64)
        assert same.value.code == "approval"
        assert not world.sent_at_all
        assert world.published[run_id].state is RunState.AWAITING_APPROVAL

    tell(story, tmp_path)


def test_a_rule_names_the_groups_of_the_second_person(tmp_path: Path) -> None:
    async def story(world: Guarded) -> None:
        world.ruling = replace(PEER, by=(("dba", "leads"), ("ops",)))
        run_id = await world.ask()
        world.members = {"op2": ("ops",)}

        with pytest.raises(RefusedError, match="somebody of dba or leads"):
            await world.agree(run_id)
        world.members = {"op2": ("ops", "dba")}
        await world.agree(run_id)
        assert (await world.end(run_id)).state is RunState.SUCCEEDED

    tell(story, tmp_path)


def test_a_no_ends_it(tmp_path: Path) -> None:
    async def story(world: Guarded) -> None:
        run_id = await world.ask()
        await world.service.approve(ApproveRun(run_id, deny=True, reason="not \x1b[2Jnow"), OP2)
        run = await world.end(run_id)

        assert run.state is RunState.ABORTED
        assert run.note == "denied by op2: not ␛[2Jnow"
        assert {t.state for t in run.targets} == {TargetState.NOT_STARTED}
        assert world.verdicts(run_id)[-1] == ("denied", "op2")
        with pytest.raises(RefusedError, match="waits for nobody"):
            await world.service.approve(ApproveRun(run_id, run.plan_hash), OP2)
        assert not world.sent_at_all

    tell(story, tmp_path)


def test_nobody_within_a_quarter_of_an_hour_ends_it(tmp_path: Path) -> None:
    async def story(world: Guarded) -> None:
        run_id = await world.ask()
        await asyncio.sleep(901)
        run = await world.end(run_id)

        assert (run.state, run.note) == (RunState.ABORTED, "expired: nobody within 15 min")
        with pytest.raises(RefusedError):
            await world.service.approve(ApproveRun(run_id, run.plan_hash), OP2)
        assert world.service.live == 0
        assert not world.sent_at_all

    tell(story, tmp_path)


class Later(LoopClock):
    """A clock on the wall that went on while the machine slept."""

    def now(self) -> float:
        return super().now() + 3600


@pytest.mark.parametrize("verb", ["approve", "break-glass", "stop"])
def test_after_the_machine_slept_the_time_is_over_though_no_alarm_rang(
    verb: str, tmp_path: Path
) -> None:
    async def story(world: Guarded) -> None:
        run_id = await world.ask()
        world.service.approvals._clock = Later()

        word = (
            world.agree(run_id)
            if verb == "approve"
            else world.service.control(ControlRun(run_id, verb, "x"), "op1", who=OP1)
        )
        with pytest.raises(RefusedError, match="does not wait any more"):
            await word
        assert (await world.end(run_id)).note == "expired: nobody within 15 min"
        assert not world.sent_at_all

    tell(story, tmp_path)


def test_who_asked_may_take_it_back(tmp_path: Path) -> None:
    async def story(world: Guarded) -> None:
        run_id = await world.ask()
        assert world.published[run_id].choices == ("stop", "break-glass")
        await world.service.control(ControlRun(run_id, "stop"), "op1", who=OP1)

        run = await world.end(run_id)
        assert run.note == "withdrawn by op1"
        assert not world.sent_at_all

    tell(story, tmp_path)


MOVED: dict[str, tuple[Callable[[Guarded], None], str, bool]] = {
    "the policy denies it now": (lambda w: setattr(w, "ruling", Ruling(denied="no")), "no", True),
    "the policy was changed": (
        lambda w: setattr(w, "ruling", replace(PEER, version="2")), "something else now", True,
    ),
    "a host is gone": (lambda w: setattr(w, "names", ("db1",)), "not there any more", True),
    "a freeze came": (
        lambda w: setattr(w, "access", Access(freezes=(Freeze("f1", "op3", 9e9, "release"),))),
        "frozen by op3", False,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("move", "why", "is_void"), MOVED.values(), ids=MOVED.keys())
def test_a_word_holds_only_while_the_world_is_as_it_was(
    move: Callable[[Guarded], None], why: str, is_void: bool, tmp_path: Path
) -> None:
    async def story(world: Guarded) -> None:
        run_id = await world.ask()
        move(world)

        with pytest.raises(RefusedError, match=why):
            await world.agree(run_id)
        assert world.published[run_id].state.is_over is is_void
        assert not world.sent_at_all

    tell(story, tmp_path)


def test_a_lock_that_somebody_holds_leaves_it_waiting(tmp_path: Path) -> None:
    async def story(world: Guarded) -> None:
        first, second = await world.ask(), await world.ask()
        await world.agree(first)

        with pytest.raises(RefusedError, match="held by op1") as held:
            await world.agree(second)
        await world.end(first)
        await world.agree(second)
        assert held.value.code == "held"
        assert (await world.end(second)).state is RunState.SUCCEEDED

    tell(story, tmp_path)


def test_breaking_the_glass_goes_ahead_and_is_marked_for_ever(tmp_path: Path) -> None:
    async def story(world: Guarded) -> None:
        run_id = await world.ask(glass="the site is down, nobody answers")
        run = await world.end(run_id)

        assert run.state is RunState.SUCCEEDED
        assert run.approval is not None
        assert (run.approval.state, run.approval.by) == ("glass", "op1")
        assert run.approval.reason == "the site is down, nobody answers"
        assert world.verdicts(run_id) == [("glass", "op1")]

    tell(story, tmp_path)


def test_the_glass_of_a_run_that_waits_is_broken_by_who_asked_with_a_reason(tmp_path: Path) -> None:
    async def story(world: Guarded) -> None:
        run_id = await world.ask()
        broken = ControlRun(run_id, "break-glass", "nobody answers")

        with pytest.raises(RefusedError, match="only op1"):
            await world.service.control(broken, "op2", who=OP2)
        with pytest.raises(RefusedError, match="reason is needed"):
            await world.service.control(replace(broken, reason=" \t"), "op1", who=OP1)
        assert not world.sent_at_all
        await world.service.control(broken, "op1", who=OP1)
        run = await world.end(run_id)
        assert run.approval is not None
        assert run.approval.state == "glass"

    tell(story, tmp_path)


def test_a_policy_may_forbid_to_break_the_glass(tmp_path: Path) -> None:
    async def story(world: Guarded) -> None:
        world.ruling = replace(PEER, glass=False)
        with pytest.raises(RefusedError, match="does not let you"):
            await world.ask(glass="please")
        run_id = await world.ask()

        assert world.published[run_id].choices == ("stop",)
        with pytest.raises(RefusedError, match="does not let you"):
            await world.service.control(ControlRun(run_id, "break-glass", "x"), "op1", who=OP1)
        assert not world.sent_at_all

    tell(story, tmp_path)


def test_an_action_may_want_a_second_person_by_itself(tmp_path: Path) -> None:
    async def story(world: Guarded) -> None:
        world.ruling = Ruling()
        plan = await world.plan()
        run_id = await world.ask(plan)

        assert plan.peer == "the action wants a second person"
        assert world.published[run_id].state is RunState.AWAITING_APPROVAL

    tell(story, tmp_path, confirm=Confirm.PEER)


def test_what_the_policy_denies_is_shown_in_the_plan_and_not_started(tmp_path: Path) -> None:
    async def story(world: Guarded) -> None:
        world.ruling = Ruling(denied="the policy denies it: fridays")
        plan = await world.plan()

        assert (plan.refusal, plan.refused_as) == ("the policy denies it: fridays", "policy")
        with pytest.raises(RefusedError, match="fridays") as refused:
            await world.ask(plan)
        assert refused.value.code == "policy"
        assert not world.sent_at_all

    tell(story, tmp_path)


def test_a_policy_makes_a_plan_stricter_and_never_laxer(tmp_path: Path) -> None:
    async def story(world: Guarded) -> None:
        world.ruling = Ruling(
            level=Confirm.TYPED, rollout=({"canary": "1", "max_parallel": "1"}, {"canary": "2"})
        )
        plan = await world.plan()

        assert (plan.confirm, plan.expect) == (Confirm.TYPED, "rolling")
        assert plan.max_parallel == 1
        assert plan.batches == (("db1",), ("db2",))

    tell(story, tmp_path)


def test_what_waited_when_the_engine_ended_never_began(tmp_path: Path) -> None:
    async def work() -> None:
        world = Guarded(tmp_path)
        serving = asyncio.create_task(world.service.serve(), name="serve")
        run_id = await world.ask()
        await asyncio.sleep(1)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        again = Guarded(tmp_path)
        (run,) = await again.service.recover()

        assert world.published[run_id].note == "withdrawn by engine: the engine stopped"
        assert run.state is RunState.ABORTED
        assert {t.state for t in run.targets} == {TargetState.NOT_STARTED}
        assert run.approval is not None
        assert run.approval.why == PEER.peer

    run_virtually(work())


@pytest.mark.parametrize("stops", ["the run's watch", "the whole service"])
def test_an_engine_that_stops_while_a_word_is_written_begins_nothing(
    stops: str, tmp_path: Path
) -> None:
    async def work() -> None:
        world = Guarded(tmp_path)
        serving = asyncio.create_task(world.service.serve(), name="serve")
        plan = await world.plan()
        run_id = await world.ask(plan)
        await asyncio.sleep(1)
        journal = world.service.approvals._waiting[run_id].opened.journal
        append = journal.append

        async def slow(kind: str, **fields: Any) -> None:
            await append(kind, **fields)
            name = f"run {run_id}" if stops == "the run's watch" else "serve"
            next(each for each in asyncio.all_tasks() if each.get_name() == name).cancel()
            await asyncio.sleep(1)

        journal.append = slow  # type: ignore[method-assign]
        with pytest.raises((RefusedError, asyncio.CancelledError)):
            await world.agree(run_id)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        holder = await world.service._launcher.locksmith.find_holder(plan.locks, shared=False)

        assert world.published[run_id].note == "withdrawn by engine: the engine stopped"
        assert holder == ""
        assert not world.sent_at_all

    run_virtually(work())


def test_who_follows_it_hears_that_it_waits_and_what_becomes_of_it(tmp_path: Path) -> None:
    async def story(world: Guarded) -> None:
        run_id = await world.ask()
        before = await world.service.output(ReadOutput(run_id))
        await world.agree(run_id, reason="go")
        await world.end(run_id)
        after = await world.service.output(ReadOutput(run_id, after=before.lines[-1].cursor))

        assert not before.over
        assert before.lines[0].text == f"waits for a second person: {PEER.peer}"
        assert after.lines[0].text == "approved by op2: go"

    tell(story, tmp_path)


@pytest.mark.parametrize("seed", range(200))
def test_no_schedule_of_people_sends_anything_before_a_second_one_agreed(
    seed: int, tmp_path: Path
) -> None:
    draw = Random(seed)
    people = (
        OP1,
        OP2,
        Person("op1", 1002, 1001),
        Person("root", 0, None),
        Person("op3", 1003, 1003),
    )

    async def story(world: Guarded) -> None:
        world.remote.before = lambda _host, _line: seen.append(world.verdicts(run_id)[-1])
        run_id = await world.ask()
        for _ in range(draw.randint(1, 8)):
            await asyncio.sleep(draw.choice((0, 0.1, 5, 400)))
            await _press(world, run_id, draw, draw.choice(people))
        await asyncio.sleep(1_000)
        run: Run = world.published[run_id]
        assert run.state.is_over
        assert run.approval is not None
        assert {verdict for verdict, _ in seen} <= {"approved", "glass"}
        assert all(actor in ("op2", "op3") for verdict, actor in seen if verdict == "approved")
        assert all(actor == "op1" for verdict, actor in seen if verdict == "glass")
        assert bool(seen) is (run.approval.state in ("approved", "glass"))

    seen: list[tuple[str, str]] = []
    tell(story, tmp_path)


async def _press(world: Guarded, run_id: str, draw: Random, who: Person) -> None:
    kind = draw.choice(("agree", "agree", "unread", "deny", "stop", "glass", "policy"))
    try:
        if kind == "agree":
            await asyncio.gather(
                world.agree(run_id, who),
                world.agree(run_id, OP2),
                return_exceptions=draw.random() < 0.5,
            )
        elif kind == "unread":
            await world.service.approve(ApproveRun(run_id, world.published[run_id].plan_hash), who)
        elif kind == "deny" and draw.random() < 0.3:
            await world.service.approve(ApproveRun(run_id, deny=True), who)
        elif kind == "stop" and draw.random() < 0.3:
            await world.service.control(ControlRun(run_id, "stop"), who.name, who=who)
        elif kind == "glass":
            call = ControlRun(run_id, "break-glass", draw.choice(("", "fire")))
            await world.service.control(call, who.name, who=who)
        elif draw.random() < 0.3:
            world.ruling = draw.choice((PEER, Ruling(), Ruling(denied="no")))
    except RefusedError:
        return
