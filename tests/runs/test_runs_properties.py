"""Whatever hosts do and people press: nothing unseen reads good, every run ends, nothing goes out twice."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from runs_bench import LOOK, RESTART, Bench
from runs_fakes import Drop, End, Exit, Hang, make_snapshot

from opsconsole.actions.registry import Registry
from opsconsole.actions.yaml_runbook import read_runbook
from opsconsole.errors import RefusedError
from opsconsole.model.calls import ControlRun
from opsconsole.model.run import Run
from opsconsole.model.states import Effect, RunState, TargetState
from opsconsole.runs.chain import read_chain
from opsconsole.runs.verdict import Kind, Trace, Trouble, judge_target
from opsconsole.transport.base import Ending

HOSTS = ("web1", "web2", "web3", "web4")
BEHAVIOURS = st.sampled_from(
    [
        Exit(0, "active\n"),
        Exit(1),
        Drop(),
        Drop(after_dispatch=False),
        Hang(),
        End(Ending.TIMED_OUT),
        End(Ending.FLOODED),
        End(Ending.SIGNALLED, "TERM"),
    ]
)
STOPS = st.sampled_from(["", "stop", "interrupt"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    restarts=st.lists(BEHAVIOURS, min_size=4, max_size=4),
    verifies=st.lists(BEHAVIOURS, min_size=4, max_size=4),
    parallel=st.integers(1, 4),
    halts=st.booleans(),
    stop_at=st.integers(0, 8),
    stop=STOPS,
)
def test_every_schedule_ends_and_says_no_more_than_was_seen(
    restarts: list[object],
    verifies: list[object],
    parallel: int,
    halts: bool,
    stop_at: int,
    stop: str,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_schedule(Path(folder), restarts, verifies, parallel, halts, stop_at, stop))


async def _schedule(
    folder: Path,
    restarts: list[object],
    verifies: list[object],
    parallel: int,
    halts: bool,
    stop_at: int,
    stop: str,
) -> None:
    text = RESTART.format(parallel=parallel, stop=str(halts).lower())
    bench = Bench(
        folder, Registry([read_runbook(text, "r"), read_runbook(LOOK, "l")]), make_snapshot(*HOSTS)
    )
    for host, restart, verify in zip(HOSTS, restarts, verifies, strict=True):
        bench.remote.on("systemctl restart *", restart, host=host)
        bench.remote.on("systemctl is-active *", verify, host=host)
    serving = asyncio.create_task(bench.service.serve(), name="serve")
    run_id = await bench.start(await bench.plan("acme.restart", "web[1-4]"))
    seen = 0

    def before(host: str, line: str) -> None:
        nonlocal seen
        seen += 1
        if stop and seen > stop_at:
            bench.service._runs[run_id].helm.stop("op1", interrupt=stop == "interrupt")

    bench.remote.before = before
    hangs = any(isinstance(each, Hang) for each in [*restarts, *verifies])
    if hangs:
        interrupting = asyncio.create_task(_interrupt_when_stuck(bench, run_id), name="interrupt")
    run = await bench.end(run_id)
    if hangs:
        interrupting.cancel()
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    _check(bench, folder / "runs" / run_id, run)


async def _interrupt_when_stuck(bench: Bench, run_id: str) -> None:
    await bench.remote.hanging.wait()
    for _ in range(200):
        await asyncio.sleep(0)
    try:
        await bench.service.control(ControlRun(run_id, "interrupt"), "op1")
    except RefusedError:
        return


def _check(bench: Bench, folder: Path, run: Run) -> None:
    chain = read_chain(folder)
    settled = {
        entry.text("target")
        for entry in chain.entries
        if entry.kind == "step.settle"
        and entry.text("step") == "restart"
        and entry.text("ending") in ("exited", "signalled", "unreachable")
    }
    dispatched = [
        entry.text("target")
        for entry in chain.entries
        if entry.kind == "step.dispatch" and entry.text("step") == "restart"
    ]
    assert run.state.is_over
    assert chain.entries[-1].kind == "run.end"
    assert len(bench.writes()) == len(set(bench.writes()))
    assert set(bench.writes()) <= set(dispatched)
    for target in run.targets:
        assert target.state.is_settled
        if target.name in dispatched and target.name not in settled:
            assert target.state is TargetState.UNKNOWN
        if target.state in (TargetState.UNREACHABLE, TargetState.NOT_STARTED):
            assert target.name not in bench.writes()
    if any(target.state is TargetState.UNKNOWN for target in run.targets):
        assert run.state is RunState.INDETERMINATE
    else:
        assert run.state is not RunState.INDETERMINATE


TRACES = st.lists(
    st.builds(
        Trace,
        st.just("s"),
        st.sampled_from(Effect),
        st.booleans(),
        st.none() | st.sampled_from(Ending),
    ),
    max_size=4,
)
TROUBLES = st.none() | st.builds(Trouble, st.sampled_from(Kind), st.just("why"))


@given(traces=TRACES, trouble=TROUBLES)
def test_no_target_is_good_whose_write_was_not_seen_to_end(
    traces: list[Trace], trouble: Trouble | None
) -> None:
    verdict = judge_target(traces, None, trouble)

    unsettled = any(each.writes and each.dispatched and not each.is_seen for each in traces)
    touched = any(each.dispatched for each in traces)
    assert not (unsettled and verdict.state is not TargetState.UNKNOWN)
    assert not (touched and verdict.state in (TargetState.UNREACHABLE, TargetState.NOT_STARTED))
    assert verdict.state.is_settled
