"""Python actions over a scripted fleet: what a person, an alert or a host said stays data in their hands."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
import pytest
from runs_bench import MakeBench
from runs_fakes import Exit, make_snapshot

from opsconsole.actions.api import Ctx, Host, Outcome, Param, Plugin
from opsconsole.actions.python_action import make_action
from opsconsole.actions.registry import Registry
from opsconsole.model.alert import Alert
from opsconsole.model.calls import PlanRun, StartRun
from opsconsole.model.run import Run
from opsconsole.model.states import AlertState, Severity, TargetState


@dataclass(frozen=True)
class Words:
    word: str = Param("--force")


Work = Callable[[Ctx, Host, Words], Awaitable[Outcome | None]]


def registry_with(work: Work) -> Registry:
    plugin = Plugin("acme")

    @plugin.action(
        "work", title="Work", scope="host", effect="write", idempotent=True, needs=["ssh"]
    )
    async def function(ctx: Ctx, host: Host, p: Words) -> Outcome | None:
        return await work(ctx, host, p)

    (declared,) = plugin.actions
    return Registry([make_action(declared, "acme", "work.py", b"")])


async def _param(ctx: Ctx, _host: Host, p: Words) -> None:
    await ctx.ssh.write(["rm", p.word])


async def _fact(ctx: Ctx, host: Host, _p: Words) -> None:
    await ctx.ssh.write(["rm", host.facts["option"]])


async def _label(ctx: Ctx, host: Host, _p: Words) -> None:
    await ctx.ssh.write(["rm", host.labels["option"]])


async def _alert(ctx: Ctx, _host: Host, _p: Words) -> None:
    assert ctx.alert is not None
    await ctx.ssh.write(["rm", ctx.alert.labels["option"]])


async def _summary(ctx: Ctx, _host: Host, _p: Words) -> None:
    assert ctx.alert is not None
    await ctx.ssh.write(["rm", ctx.alert.summary])


ALERT = Alert(
    "f" * 16, "e@1", "A", Severity.CRITICAL, "critical", AlertState.FIRING, 1.0, "host:web1",
    "main", {"option": "--force"}, summary="--force",
)  # fmt: skip


async def run_with(make_bench: MakeBench, work: Work, *answers: Exit) -> tuple[Run, list[str]]:
    snapshot = make_snapshot("web1")
    said = {"option": "--force"}
    host = msgspec.structs.replace(snapshot.hosts["web1"], facts=said, labels=said)
    snapshot = msgspec.structs.replace(
        snapshot, hosts={"web1": host}, alerts={ALERT.episode: ALERT}
    )
    bench = make_bench(snapshot=snapshot, registry=registry_with(work))
    if answers:
        bench.remote.on("*", *answers)
    call = PlanRun("acme.work", ("web1",), {}, ALERT.episode)
    plan = await bench.service.plan(call, "op1", bench.snapshot)
    started = await bench.service.start(StartRun(plan.id, plan.hash), "op1", bench.snapshot)
    return await bench.end(started.run), [line for _host, line in bench.remote.dispatched]


@pytest.mark.parametrize("work", [_param, _fact, _label, _alert, _summary])
async def test_what_an_action_was_given_is_never_an_option(
    make_bench: MakeBench, work: Work
) -> None:
    with pytest.raises(Exception, match="would be read as an option"):
        await run_with(make_bench, work)


async def _behind_dashes(ctx: Ctx, host: Host, p: Words) -> None:
    assert ctx.alert is not None
    words = (p.word, host.facts["option"], ctx.alert.labels["option"])
    await ctx.ssh.write(["rm", "--", *words, f"--name={p.word}"])


async def test_behind_two_dashes_or_a_literal_begin_it_goes_through(make_bench: MakeBench) -> None:
    run, dispatched = await run_with(make_bench, _behind_dashes)

    assert run.targets[0].state is TargetState.CHANGED
    assert dispatched == ["rm -- --force --force --force --name=--force"]


async def _echo(ctx: Ctx, _host: Host, _p: Words) -> Outcome:
    answer = await ctx.ssh.read(["cat", "x"], step="look")
    await ctx.ssh.write(["true"], step=answer.text)
    return Outcome.failed(answer.text)


async def test_what_a_host_said_becomes_a_cleaned_reason_and_a_cleaned_step(
    make_bench: MakeBench,
) -> None:
    run, _ = await run_with(make_bench, _echo, Exit(0, "no\x1b[2J\n"))

    (target,) = run.targets
    assert (target.state, target.why, target.step) == (TargetState.FAILED, "no␛[2J", "no␛[2J")
    assert msgspec.msgpack.encode(run)


async def _number(_ctx: Ctx, _host: Host, _p: Words) -> Outcome:
    return Outcome("failed", 7)  # type: ignore[arg-type]  # an author's slip


async def test_an_outcome_that_says_no_text_is_the_plugins_fault(make_bench: MakeBench) -> None:
    run, _ = await run_with(make_bench, _number)

    assert (run.targets[0].state, run.targets[0].why) == (
        TargetState.FAILED,
        "plugin error: an outcome's summary is text, not int",
    )
