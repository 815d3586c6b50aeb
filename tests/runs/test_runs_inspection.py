"""A journal is shown, exported and verified from its folder alone; old runs go, those with open ends never."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from runs_bench import MakeBench
from runs_fakes import Drop

from opsconsole.errors import RefusedError
from opsconsole.model.calls import ReadJournal, ResolveRun
from opsconsole.runs.chain import Entry
from opsconsole.runs.inspection import _line, export, show, verify, verify_all
from opsconsole.runs.retention import drop_old_runs


async def finished(make_bench: MakeBench, state: Path) -> Path:
    run = await make_bench("web1", state=state).run("acme.restart", "web1")
    return state / "runs" / run.id


async def test_a_whole_journal_verifies(make_bench: MakeBench, tmp_path: Path) -> None:
    place = await finished(make_bench, tmp_path)

    found = verify(place)

    assert (found.ok, found.problem, found.note, found.ended) == (True, "", "", "succeeded")
    assert found.lines == len(show(place))


async def test_a_journal_verifies_after_its_run_was_resolved(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    bench = make_bench("web1", state=tmp_path)
    bench.remote.on("systemctl restart *", Drop())
    run = await bench.run("acme.restart", "web1")
    await bench.service.records.resolve(ResolveRun(run.id, (), "failed", "seen"), "op2")

    found = verify(tmp_path / "runs" / run.id)

    assert (found.ok, found.ended, found.problem) == (True, "failed", "")


def _replace(old: bytes, new: bytes) -> Callable[[Path], None]:
    def change(place: Path) -> None:
        path = place / "journal.jsonl"
        path.write_bytes(path.read_bytes().replace(old, new, 1))

    return change


def _plan(place: Path) -> None:
    text = (place / "plan.json").read_text().replace('"hash":"', '"hash":"00')
    (place / "plan.json").write_text(text)


def _run(place: Path) -> None:
    text = (place / "run.json").read_text().replace('"succeeded"', '"failed"')
    (place / "run.json").write_text(text)


FAULTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "an edited line": (_replace(b'"step":"restart"', b'"step":"restarx"'), "line 3 does not follow"),
    "a line that is no JSON": (_replace(b'{"n":1', b'["n":1'), "line 2"),
    "another plan": (_plan, "plan.json is not the plan that was confirmed"),
    "another ending": (_run, "run.json says failed, the journal succeeded"),
    "no plan": (lambda place: (place / "plan.json").unlink(), "plan.json cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
async def test_the_first_thing_that_is_wrong_is_named(
    make_bench: MakeBench, tmp_path: Path, fault: str
) -> None:
    change, words = FAULTS[fault]
    place = await finished(make_bench, tmp_path)
    change(place)

    (found,) = verify_all(place.parent)

    assert not found.ok
    assert words in found.problem


async def test_a_torn_last_line_is_told_and_is_no_fault(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    place = await finished(make_bench, tmp_path)
    with (place / "journal.jsonl").open("ab") as file:
        file.write(b'{"n":')

    assert (verify(place).ok, verify(place).note) == (True, "5 bytes of a torn last line")


async def test_what_is_shown_is_safe_and_says_what_was_dispatched(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    lines = show(await finished(make_bench, tmp_path))

    (dispatch,) = [line for line in lines if "step.dispatch" in line and "step=restart" in line]
    assert "argv=[systemctl restart -- nginx.service]" in dispatch
    assert all(line.isprintable() for line in lines)


def test_where_an_argument_ends_is_seen_and_seconds_are_short() -> None:
    fields = {"argv": ["sh", "-c", "sleep 1; echo a", "step", "4"], "took": 0.0018195919983554631}

    assert _line(Entry("step.x", 0.0, fields)).endswith(
        "argv=[sh -c 'sleep 1; echo a' step 4] took=0.00182"
    )


async def test_an_export_has_everything(make_bench: MakeBench, tmp_path: Path) -> None:
    document = export(await finished(make_bench, tmp_path))

    assert document["schema"] == "opsconsole.journal/1"
    assert all(document[name] for name in ("plan", "run", "journal", "output"))


async def test_the_engine_answers_for_a_screen(make_bench: MakeBench, tmp_path: Path) -> None:
    bench = make_bench("web1", state=tmp_path)
    run = await bench.run("acme.restart", "web1")
    asked = {
        what: await bench.service.records.journal(ReadJournal(run.id, what))
        for what in ("show", "verify", "export")
    }

    assert asked["verify"].note.endswith("lines, whole")
    assert asked["show"].lines
    assert asked["export"].lines[0] == "{"
    for call in (ReadJournal("../x"), ReadJournal(run.id, "eat")):
        with pytest.raises(RefusedError):
            await bench.service.records.journal(call)


async def test_old_runs_go_and_what_is_not_known_stays(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    bench = make_bench("web1", state=tmp_path)
    good = await bench.run("acme.restart", "web1")
    bench.remote.on("systemctl restart *", Drop())
    open_ = await bench.run("acme.restart", "web1")
    runs = tmp_path / "runs"
    for run in (good, open_):
        os.utime(runs / run.id, (1, 1))

    assert drop_old_runs(runs, 1e9) == (good.id,)
    assert [place.name for place in runs.iterdir()] == [open_.id]


async def test_the_oldest_go_first_until_the_rest_fits(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    bench = make_bench("web1", state=tmp_path)
    for n in range(3):
        place = tmp_path / "runs" / (await bench.run("acme.restart", "web1")).id
        place.rename(place.with_name(f"2026010{n}-000000-aaaaaa"))
        (place.with_name(f"2026010{n}-000000-aaaaaa") / "out" / "big").write_bytes(b"x" * 1_000_000)

    gone = drop_old_runs(tmp_path / "runs", 0.0, keep_bytes=2_500_000)

    assert gone == ("20260100-000000-aaaaaa",)
