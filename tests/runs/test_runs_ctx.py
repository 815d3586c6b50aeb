"""What Python actions are handed beside commands: clients, files, secrets, people, the live state, a way back."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace
from runs_bench import Bench, MakeBench
from runs_fakes import Exit, make_snapshot

from opsconsole.actions.api import Ctx, Host, Outcome, Param, Plugin, Secret
from opsconsole.actions.python_action import make_action
from opsconsole.actions.registry import Registry
from opsconsole.actions.steps import Action
from opsconsole.errors import RefusedError
from opsconsole.model.calls import AnswerRun, ControlRun
from opsconsole.model.run import Run
from opsconsole.model.states import HostState, RunState, TargetState


@dataclass(frozen=True)
class Words:
    word: str = Param("hello")


Work = Callable[[Ctx, Host, Words], Awaitable[Outcome | None]]
TOKEN = "s3cr3t/t0ken+value"


def action_of(
    work: Work, needs: Sequence[str] = ("ssh",), *, back: Work | None = None, **more: object
) -> Action:
    plugin = Plugin("acme")
    told = {"effect": "write", "idempotent": True, "scope": "host", **more}

    @plugin.action("work", title="Work", needs=needs, **told)  # type: ignore[arg-type]
    async def function(ctx: Ctx, host: Host, p: Words) -> Outcome | None:
        return await work(ctx, host, p)

    if back is not None:
        undo = back

        @function.rollback
        async def way_back(ctx: Ctx, host: Host, p: Words) -> Outcome | None:
            return await undo(ctx, host, p)

    (declared,) = plugin.actions
    return make_action(declared, "acme", "work.py", b"")


def bench_of(make_bench: MakeBench, action: Action, *names: str) -> Bench:
    bench = make_bench(registry=Registry([action]), snapshot=make_snapshot(*(names or ("web1",))))
    bench.engine.clients.names = ("lb", "lb-eu")
    bench.engine.secrets["token"] = TOKEN
    return bench


def ends(run: Run) -> list[tuple[str, str]]:
    return [(str(target.state), target.why) for target in run.targets]


def planned(bench_plan: object) -> list[str]:
    (target,) = bench_plan.targets  # type: ignore[attr-defined]
    return [f"{s.id}: {s.shown or ' '.join(s.argv)} {s.note}".rstrip() for s in target.steps]


async def _with_http(ctx: Ctx, host: Host, p: Words) -> Outcome:
    member = await ctx.http["lb-eu"].get(["members", host.name])
    state = member.json()
    assert isinstance(state, dict)
    answer = await ctx.http.lb.put(["members", host.name], json={"state": "drain", "why": p.word})
    return Outcome.changed(before=str(state["state"]), after=f"{answer.code}")


async def test_a_call_through_a_named_client_reads_while_planning_and_ends_the_plan_where_it_must(
    make_bench: MakeBench,
) -> None:
    bench = bench_of(make_bench, action_of(_with_http, ("http:lb", "http:lb-eu")))
    bench.engine.clients.on("GET *", Exit(200, '{"state": "ready"}'))

    plan = await bench.plan("acme.work", "web1")
    run = await bench.end(await bench.start(plan))

    assert planned(plan) == [
        'get-lb-eu: GET lb-eu /members/web1 → {"state": "ready"}',
        'put-lb: PUT lb /members/web1 {"state":"drain","why":"hello"}',
        "…:  cannot tell: depends on the result of put-lb",
    ]
    assert ends(run) == [("changed", "ready → 200")]


async def test_a_client_that_was_not_declared_is_refused(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench, action_of(_with_http, ("http:lb",)))

    with pytest.raises(RefusedError, match="does not declare http:lb-eu"):
        await bench.plan("acme.work", "web1")


async def _with_secret(ctx: Ctx, _host: Host, _p: Words) -> Outcome:
    secret = await ctx.secret("token")
    assert TOKEN not in repr(secret)
    await ctx.ssh.write(["login"], stdin=secret)
    said = await ctx.ssh.read(["whoami"], show=True)
    line = f"it said {said.text}"
    ctx.log.info(line)
    await ctx.artifact("debug.txt", f"token={TOKEN}".encode())
    return Outcome.failed(f"refused {said.text}")


async def test_a_secret_reaches_the_host_and_nobody_else(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    bench = bench_of(make_bench, action_of(_with_secret, ("ssh", "secret:token")))
    encoded = "czNjcjN0L3Qwa2VuK3ZhbHVl"
    bench.remote.on("whoami", Exit(0, f"you are {TOKEN}, or {encoded}\n", stderr=TOKEN))

    run = await bench.run("acme.work", "web1")

    assert bench.remote.commands[0].stdin == TOKEN.encode()
    lines = await bench.lines(run.id)
    assert "web1 out you are ‹secret›, or ‹secret›" in lines
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert TOKEN.encode() not in kept
    assert encoded.encode() not in kept
    assert "token=‹secret›".encode() in kept
    assert TOKEN not in repr(bench.engine.published)
    assert ends(run) == [("failed", "refused you are ‹secret›, or ‹secret›")]


async def _with_an_undeclared_secret(ctx: Ctx, _host: Host, _p: Words) -> None:
    await ctx.secret("token")


async def test_a_secret_that_was_not_declared_is_refused(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench, action_of(_with_an_undeclared_secret))

    with pytest.raises(RefusedError, match="does not declare secret:token"):
        await bench.plan("acme.work", "web1")


async def test_a_secret_that_is_not_configured_is_told_before_anything_runs(
    make_bench: MakeBench,
) -> None:
    bench = bench_of(make_bench, action_of(_with_secret, ("ssh", "secret:token")))
    bench.engine.secrets.clear()

    with pytest.raises(RefusedError, match="no secret token") as refused:
        await bench.plan("acme.work", "web1")

    assert refused.value.code == "capability"


@pytest.mark.parametrize("use", [str, "{}".format, lambda secret: f"{secret}"])
def test_a_secret_cannot_be_made_text(use: Callable[[object], str]) -> None:
    with pytest.raises(TypeError, match="the secret token"):
        use(Secret("token", TOKEN))


async def _secret_in_a_body(ctx: Ctx, _host: Host, _p: Words) -> None:
    await ctx.http.lb.post("/login", json={"token": await ctx.secret("token")})


async def test_a_secret_does_not_travel_in_a_body(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench, action_of(_secret_in_a_body, ("http:lb", "secret:token")))

    with pytest.raises(RefusedError, match="a secret does not travel in a body"):
        await bench.plan("acme.work", "web1")


async def _local(ctx: Ctx, host: Host, _p: Words) -> None:
    seen = await ctx.local.run(["tickets", "open", "--", host.name], effect="read")
    await ctx.local.run(["tickets", "note", "--", seen.text])


async def test_a_command_on_the_jump_host_is_journaled_as_any_other(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    bench = bench_of(make_bench, action_of(_local, ("local",)))
    bench.remote.on("tickets open *", Exit(0, "T-7\n"))

    run = await bench.run("acme.work", "web1")

    assert ends(run) == [("changed", "")]
    assert ("console", "tickets note -- T-7") in bench.remote.dispatched
    journal = (tmp_path / "runs" / run.id / "journal.jsonl").read_text()
    assert journal.count('"step.dispatch"') == 2


async def _script(ctx: Ctx, _host: Host, p: Words) -> None:
    await ctx.ssh.script("probe.sh", [p.word])


async def test_a_script_of_the_plugin_is_sent_as_it_was_loaded(make_bench: MakeBench) -> None:
    from dataclasses import replace as with_fields

    action = with_fields(action_of(_script), files={"scripts/probe.sh": b'echo "$1"\n'})
    bench = bench_of(make_bench, action)

    plan = await bench.plan("acme.work", "web1")
    await bench.end(await bench.start(plan))

    (command,) = bench.remote.commands
    assert planned(plan) == ["probe: scripts/probe.sh hello"]
    assert (command.script, command.args) == ('echo "$1"\n', ("hello",))


async def _stream(ctx: Ctx, _host: Host, _p: Words) -> Outcome:
    seen = [line async for line in ctx.ssh.stream(["journalctl", "-f"])]
    return Outcome.unchanged(",".join(seen))


async def test_the_lines_of_a_stream_come_one_by_one(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench, action_of(_stream, effect="read"))
    bench.remote.on("journalctl *", Exit(0, "a\nb\nc"))

    run = await bench.run("acme.work", "web1")

    assert ends(run) == [("unchanged", "a,b,c")]


async def _folder(ctx: Ctx, _host: Host, _p: Words) -> None:
    await ctx.ssh.write(["make"], cwd="/srv/app", env={"LEVEL": "2"})


async def test_a_command_has_its_folder_and_its_variables(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench, action_of(_folder))

    await bench.run("acme.work", "web1")

    (command,) = bench.remote.commands
    assert command.args == ("/srv/app", "make")
    assert dict(command.env) == {"LEVEL": "2"}


async def _asks(ctx: Ctx, _host: Host, _p: Words) -> Outcome:
    count = await ctx.ask("How many?", type="int")
    await ctx.confirm(f"Really {count}?")
    await ctx.ssh.write(["scale", count])
    return Outcome.changed(after=count)


async def question_of(bench: Bench, run_id: str) -> str:
    while not (bench.engine.published and bench.engine.published[-1].question):
        await asyncio.sleep(0)
    question = bench.engine.published[-1].question
    assert question is not None
    return question.id


async def test_a_run_waits_for_what_a_person_says(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench, action_of(_asks))

    plan = await bench.plan("acme.work", "web1")
    run_id = await bench.start(plan)
    first = await question_of(bench, run_id)
    with pytest.raises(RefusedError, match="is not a whole number"):
        await bench.service.answer(
            AnswerRun(run_id, first, {"answer": "many"}), "op2", bench.snapshot
        )
    await bench.service.answer(AnswerRun(run_id, first, {"answer": "3"}), "op2", bench.snapshot)
    while (again := await question_of(bench, run_id)) == first:
        await asyncio.sleep(0)
    await bench.service.answer(AnswerRun(run_id, again), "op2", bench.snapshot)
    run = await bench.end(run_id)

    assert planned(plan) == ["ask:  asks: How many?"]
    assert ends(run) == [("changed", "3")]
    assert [line for _, line in bench.remote.dispatched] == ["scale 3"]


async def test_no_is_no(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench, action_of(_asks))

    run_id = await bench.start(await bench.plan("acme.work", "web1"))
    question = await question_of(bench, run_id)
    await bench.service.answer(AnswerRun(run_id, question, refuse=True), "op1", bench.snapshot)
    run = await bench.end(run_id)

    assert ends(run) == [("failed", "ask: the answer is no: How many?")]
    assert bench.remote.dispatched == []


async def _undoes(ctx: Ctx, host: Host, _p: Words) -> None:
    async def undo(back: Ctx) -> None:
        await back.ssh.write(["undo-one", "--", host.name])

    await ctx.on_undo(undo, title="one back")
    await ctx.ssh.write(["do-one"])
    await ctx.ssh.put("x = 1\n", "/etc/app.conf")
    await ctx.ssh.write(["do-two"])


async def _way_back(ctx: Ctx, _host: Host, _p: Words) -> Outcome:
    await ctx.ssh.write(["undo-all"])
    return Outcome.changed()


async def test_what_was_done_is_taken_back_last_first_and_the_actions_own_rollback_comes_last(
    make_bench: MakeBench,
) -> None:
    action = action_of(_undoes, back=_way_back, undo_policy="always")
    bench = bench_of(make_bench, action, "web1", "web2")
    bench.wishes = {"on_halt": "wait"}
    bench.remote.on("do-two", Exit(1))

    run_id = await bench.start(await bench.plan("acme.work", "web[1-2]"))
    while bench.engine.published[-1].state is not RunState.HALTED:
        await asyncio.sleep(0)
    await bench.service.control(ControlRun(run_id, "rollback"), "op1")
    run = await bench.end(run_id)

    lines = [line for _, line in bench.remote.dispatched]
    assert [line.split("\n")[0] for line in lines] == [
        "do-one", "sh: to=${OPSC_ROOT:-}$1", "do-two", "sh: to=${OPSC_ROOT:-}$1",
        "undo-one -- web1", "undo-all",
    ]  # fmt: skip
    assert (run.state, run.targets[0].state) == (RunState.ROLLED_BACK, TargetState.UNDONE)


async def _looks(ctx: Ctx, _host: Host, _p: Words) -> Outcome:
    health = ctx.health()
    peers = ",".join(peer.name for peer in ctx.peers())
    past = ctx.history()
    return Outcome.unchanged(f"{health.state} {health.fresh} {peers} {len(past)}")


async def test_the_live_state_is_there_and_what_is_old_is_unknown(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench, action_of(_looks, effect="read"), "web1", "web2", "db1")
    now = bench.snapshot.now
    fresh = replace(bench.snapshot.hosts["web1"], at=now, every=10, state=HostState.WARNING)

    stale = await bench.run("acme.work", "web1")
    bench.engine.snapshot = replace(
        bench.snapshot,
        now=now,
        hosts={**bench.snapshot.hosts, "web1": fresh},
        runs={stale.id: stale},
    )
    seen = await bench.run("acme.work", "web1")

    assert ends(stale) == [("unchanged", "unknown False web2 0")]
    assert ends(seen) == [("unchanged", "warning True web2 1")]


async def _locks(ctx: Ctx, _host: Host, p: Words) -> None:
    await ctx.lock("ring:eu")
    await ctx.ssh.write(["work", "--", p.word])


async def test_a_further_lock_is_held_to_the_end_and_its_holder_is_named(
    make_bench: MakeBench,
) -> None:
    bench = bench_of(make_bench, action_of(_locks), "web1", "web2")
    from runs_fakes import Hang

    bench.remote.on("work -- hang", Hang())

    first = await bench.start(await bench.plan("acme.work", "web1", word="hang"))
    await bench.remote.hanging.wait()
    second = await bench.run("acme.work", "web2")
    await bench.service.control(ControlRun(first, "interrupt"), "op1")

    assert second.targets[0].state == "failed"
    assert "ring:eu is held by op1" in second.targets[0].why


async def _lock_too_late(ctx: Ctx, _host: Host, _p: Words) -> None:
    await ctx.ssh.write(["work"])
    await ctx.lock("ring:eu")


async def test_a_lock_comes_before_the_first_write(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench, action_of(_lock_too_late))

    run = await bench.run("acme.work", "web1")

    assert ends(run) == [("failed", "lock: a lock is taken before the first write")]


async def _retries(ctx: Ctx, _host: Host, _p: Words) -> None:
    await ctx.ssh.write(["flaky"], retries=1)


async def test_only_an_idempotent_action_may_try_a_write_again(make_bench: MakeBench) -> None:
    good = bench_of(make_bench, action_of(_retries))
    good.remote.on("flaky", Exit(1), Exit(0))

    run = await good.run("acme.work", "web1")

    assert ends(run) == [("changed", "")]
    bad = bench_of(make_bench, action_of(_retries, idempotent=False))
    with pytest.raises(RefusedError, match="only an idempotent action"):
        await bad.plan("acme.work", "web1")
