"""`approve`, `policy` and `runs undo|close` against a real engine: what waits, who is refused, what is marked."""

import json
import os
from pathlib import Path

import pytest
from msgspec import Struct

from opsconsole import __version__
from opsconsole.cli.approve import Request, _guest, _print_list
from opsconsole.errors import RefusedError
from opsconsole.model.approval_calls import Approvals, ReadApprovals
from opsconsole.model.calls import AnyCall
from opsconsole.model.policy import Approval, Person
from opsconsole.model.run import Run
from opsconsole.model.states import Effect, RunState
from opsconsole.rpc.messages import PROTOCOL, Hello
from opsconsole.rpc.peer import Peer
from opsconsole.rpc.side_door import SideDoor
from tests.cli.conftest import Verbs
from tests.program import Program

RUNBOOK = """
api: 1
id: team.mark
title: Put a mark
scope: host
effect: write
idempotent: true
needs: [ssh]
timeout: 30s
steps:
  - {{id: mark, run: [touch, {mark}], undo: [{{id: unmark, run: [rm, -f, --, {mark}]}}]}}
"""
POLICY = "version: 1\nrules: [{name: two, then: need_peer, because: it is live, targets: here}]\n"


@pytest.fixture
def running(program: Program) -> Program:
    config = program.folder / "opsconsole.yaml"
    plugins = program.folder / "team"
    plugins.mkdir()
    (plugins / "mark.yaml").write_text(RUNBOOK.format(mark=program.folder / "mark"))
    (program.folder / "policy.yaml").write_text(POLICY)
    config.write_text(
        "version: 1\nhosts:\n  - {name: here, transport: local}\n  - {name: there, transport: local}\n"
        f"plugins: [{plugins}]\npolicy: policy.yaml\n"
    )
    program.line = ("-c", str(config), "-E", "verbs")
    started = program.verb("engine", "start")
    assert started.returncode == 0, started.stderr
    return program


@pytest.mark.timeout(90)
def test_a_run_that_needs_a_second_person_waits_and_the_same_one_is_refused(
    running: Program,
) -> None:
    plan = running.verb("run", "mark", "-t", "here", "--plan")
    waiting = running.start(*running.line, "run", "mark", "-t", "here", "--yes", "--reason", "now")

    def listed() -> list[dict[str, object]]:
        found = json.loads(running.verb("approve", "--list", "--json").stdout)
        return [one["run"] for one in found["approvals"]]

    running.wait_for(lambda: bool(listed()), "the run to wait")
    run_id = str(listed()[0]["id"])
    shown = running.verb("approve", "--list")
    unasked = running.verb("approve", run_id)
    refused = running.verb("approve", run_id, "--yes")
    withdrawn = running.verb("runs", "stop", run_id)
    waiting.wait(timeout=20)
    none = running.verb("approve", run_id, "--yes")

    assert "then    somebody else has to agree: two: it is live" in plan.stdout
    assert "two: it is live" in shown.stdout
    assert (unasked.returncode, "agree to it with --yes" in unasked.stderr) == (4, True)
    assert "touch" in unasked.stdout, "the plan is shown before the question"
    assert (refused.returncode, "somebody else has to agree" in refused.stderr) == (4, True)
    assert withdrawn.stdout.strip() == "withdrawn: nothing was started"
    assert waiting.returncode == 1
    assert none.returncode == 4
    assert not (running.folder / "mark").exists()


@pytest.mark.timeout(90)
def test_broken_glass_runs_is_marked_and_is_taken_back_by_a_plan(running: Program) -> None:
    mark = Path(running.folder / "mark")
    broken = running.verb("run", "mark", "-t", "here", "--yes", "--break-glass", "fire", "--json")
    run = json.loads(broken.stdout)["run"]
    made = mark.exists()
    journal = running.verb("journal", "show", run["id"])
    live = running.verb("runs", "rollback", run["id"])
    closed = running.verb("runs", "close", run["id"], "--reason", "x")
    waits = running.verb("runs", "undo", run["id"], "--plan")
    undone = running.verb("runs", "undo", run["id"], "--yes", "--break-glass", "fire is out")
    twice = running.verb("runs", "undo", run["id"], "--plan")

    assert (broken.returncode, made) == (0, True)
    assert (run["approval"]["state"], run["approval"]["reason"]) == ("glass", "fire")
    assert "approval verdict=glass" in journal.stdout
    assert (live.returncode, "opsconsole runs undo" in live.stderr) == (4, True)
    assert (closed.returncode, "is open" in closed.stderr) == (64, True)
    assert "rm -f --" in waits.stdout
    assert undone.returncode == 0, undone.stderr
    assert not mark.exists()
    assert (twice.returncode, "taken back by" in twice.stderr) == (64, True)


HOSTILE = Run(
    "20260101-000000-abcdef", "acme.\x1b[2Jx", "\x1b[2J", Effect.WRITE, "op\x1b[2J1",
    RunState.AWAITING_APPROVAL, 1.0, {}, (), "h", reason="\x1b]0;x\x07",
    approval=Approval("waiting", "two\x1b[2J", 1e300),
)  # fmt: skip


def test_what_another_accounts_engine_says_cannot_steer_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    request = Request("op3\x1b[2J", "/run/op3\x1b[2J.sock", HOSTILE, "op3")

    _print_list((request,), as_json=False)
    shown = capsys.readouterr().out

    assert "\x1b" not in shown
    assert "acme.␛[2Jx  0 targets  until ?  two␛[2J  in op3's engine" in shown


class Refusing:
    async def __call__(self, call: AnyCall, peer: Peer) -> Struct:
        raise RefusedError("policy", "no\x1b[2J")


async def _welcome(_person: Person) -> str:
    return ""


async def test_a_refusal_of_another_engine_is_cleaned(tmp_path: Path) -> None:
    door = SideDoor(Refusing(), Hello(PROTOCOL, __version__, "engine"), _welcome)
    await door.open(tmp_path / "s.sock", os.getgid())
    try:
        with pytest.raises(RefusedError) as refused:
            async with _guest(tmp_path / "s.sock") as client:
                await client.call(ReadApprovals(), Approvals)
    finally:
        await door.close()

    assert (refused.value.code, str(refused.value)) == ("policy", "no␛[2J")


def test_a_policy_is_checked_with_every_place_and_shown(verbs: Verbs) -> None:
    file = verbs.folder / "policy.yaml"
    file.write_text(POLICY)
    good = verbs.run("policy", "check", str(file))
    config = verbs.configuration("version: 1\nhosts: [{name: a}]\npolicy: policy.yaml\n")
    shown = json.loads(verbs.run("-c", str(config), "policy", "--json").stdout)
    file.write_text(POLICY.replace("need_peer", "forbid"))
    wrong = verbs.run("policy", "check", str(file))
    file.chmod(0o666)
    open_ = verbs.run("-c", str(config), "policy")

    assert (good.exit_code, "two  need_peer" in good.stdout) == (0, True)
    assert shown["schema"] == "opsconsole.policy/1"
    assert shown["policy"]["rules"][0]["name"] == "two"
    assert (wrong.exit_code, "policy.yaml:2:" in wrong.stdout) == (78, True)
    assert (open_.exit_code, "can be written by everybody" in open_.stdout) == (78, True)
    assert verbs.run("policy", "check", str(verbs.folder / "no.yaml")).exit_code == 78
