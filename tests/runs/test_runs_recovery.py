"""What a killed engine leaves behind is read as it is: dispatched means UNKNOWN, the rest was not started."""

import shutil
from pathlib import Path

import pytest
from runs_bench import MakeBench, give_ports
from runs_fakes import Drop, Exit, Hang

from opsconsole.errors import RefusedError
from opsconsole.model.calls import ControlRun
from opsconsole.model.run import Run
from opsconsole.model.states import RunState
from opsconsole.runs.chain import JournalError, read_chain


def states(run: Run) -> dict[str, str]:
    return {target.name: str(target.state) for target in run.targets}


async def killed_at(make_bench: MakeBench, tmp_path: Path, line: str, *, host: str = "*") -> Path:
    """Copy an engine's folder while a command hangs: what is on disk when it is killed there."""
    bench = make_bench("web1", "web2", "web3", parallel=1, state=tmp_path / "live")
    bench.remote.on(line, Hang(), host=host)
    run_id = await bench.start(await bench.plan("acme.restart", "web[1-3]"))
    await bench.remote.hanging.wait()
    shutil.copytree(tmp_path / "live", tmp_path / "dead")
    await bench.service.control(ControlRun(run_id, "interrupt"), "op1")
    await bench.end(run_id)
    return tmp_path / "dead"


async def test_a_dispatched_target_reads_unknown_and_the_rest_not_started(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    dead = await killed_at(make_bench, tmp_path, "systemctl restart *", host="web2")

    (run,) = await make_bench("web1", state=dead).service.recover()

    assert states(run) == {"web1": "changed", "web2": "unknown", "web3": "not-started"}
    assert run.state is RunState.INDETERMINATE
    assert run.targets[1].why == "restart: dispatched, then the engine died"
    assert run.actor == "op1"


async def test_a_write_whose_verification_was_cut_off_reads_unknown(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    dead = await killed_at(make_bench, tmp_path, "systemctl is-active *", host="web1")

    (run,) = await make_bench("web1", state=dead).service.recover()

    assert states(run)["web1"] == "unknown"


async def test_recovery_closes_the_journal_once_and_says_the_same_the_next_time(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    dead = await killed_at(make_bench, tmp_path, "systemctl restart *", host="web1")

    (first,) = await make_bench("web1", state=dead).service.recover()
    (second,) = await make_bench("web1", state=dead).service.recover()

    ends = [e for e in read_chain(dead / "runs" / first.id).entries if e.kind == "run.end"]
    assert len(ends) == 1
    assert states(first) == states(second)


async def test_a_target_that_had_ended_keeps_its_own_words_however_often_it_is_read(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    dead = await killed_at(make_bench, tmp_path, "systemctl restart *", host="web2")

    (first,) = await make_bench("web1", state=dead).service.recover()
    (again,) = await make_bench("web1", state=dead).service.recover()

    assert again.targets[0].why == first.targets[0].why == ""
    assert again.targets[0].ended == first.targets[0].ended is not None
    assert again.targets[2].why == "the engine died before"


async def test_a_torn_last_line_is_cut_off(make_bench: MakeBench, tmp_path: Path) -> None:
    dead = await killed_at(make_bench, tmp_path, "systemctl restart *", host="web1")
    journal = next(dead.glob("runs/*/journal.jsonl"))
    journal.write_bytes(journal.read_bytes() + b'{"n": 2, "ki')

    (run,) = await make_bench("web1", state=dead).service.recover()

    assert states(run)["web1"] == "unknown"
    assert read_chain(journal.parent).entries[-1].kind == "run.end"


async def test_a_run_whose_engine_lives_is_left_alone(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    bench = make_bench("web1", state=tmp_path)
    bench.remote.on("systemctl restart *", Hang())
    run_id = await bench.start(await bench.plan("acme.restart", "web1"))
    await bench.remote.hanging.wait()

    assert await make_bench("web1", state=tmp_path).service.recover() == ()
    await bench.service.control(ControlRun(run_id, "interrupt"), "op1")
    await bench.end(run_id)


async def test_a_finished_run_is_read_back_as_it_ended(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    bench = make_bench("web1", state=tmp_path)
    bench.remote.on("systemctl restart *", Drop())
    run = await bench.run("acme.restart", "web1")

    assert await make_bench("web1", state=tmp_path).service.recover() == (run,)


CHANGES = {
    "a changed line": lambda lines: [lines[0].replace(b"op1", b"op9"), *lines[1:]],
    "a line left out": lambda lines: [lines[0], *lines[2:]],
    "lines in another order": lambda lines: [lines[1], lines[0], *lines[2:]],
    "a line twice": lambda lines: [lines[0], *lines],
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_journal_that_was_edited_does_not_verify(
    make_bench: MakeBench, tmp_path: Path, change: str
) -> None:
    bench = make_bench("web1", state=tmp_path)
    run = await bench.run("acme.restart", "web1")
    journal = tmp_path / "runs" / run.id / "journal.jsonl"
    lines = CHANGES[change](journal.read_bytes().splitlines(keepends=True))
    journal.write_bytes(b"".join(lines))

    with pytest.raises(JournalError):
        read_chain(journal.parent)


async def test_what_an_earlier_run_said_is_read_back_from_its_files(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    bench = make_bench("web1", state=tmp_path)
    bench.remote.on("systemctl restart *", Exit(1, stderr="boom \x1b[31mred\n"))
    run = await bench.run("acme.restart", "web1")

    lines = await make_bench("web1", state=tmp_path).lines(run.id)

    assert lines == ["web1 err boom red", "web1 run failed: restart: exit 1: boom ␛[31mred"]


@pytest.mark.parametrize("run_id", ["", "..", "../../etc", "20260101-000000-abcdef"])
async def test_a_run_that_never_was_has_no_output(make_bench: MakeBench, run_id: str) -> None:
    with pytest.raises(RefusedError, match="there is no run"):
        await make_bench("web1").lines(run_id)


async def test_the_journals_head_is_told_to_another_log(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    bench = make_bench("web1", state=tmp_path)
    told: list[str] = []
    give_ports(bench.service, syslog=told.append)

    run = await bench.run("acme.restart", "web1")

    head = read_chain(tmp_path / "runs" / run.id).head
    assert told[0].startswith(f"run {run.id} acme.restart started by op1: line 1, head ")
    assert told[1].endswith(f"head {head}")
