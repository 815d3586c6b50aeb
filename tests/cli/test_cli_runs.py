"""`runs` against a real engine: a rollout that halts is shown, steered to its end and run again."""

import json
from pathlib import Path

import pytest

from tests.program import Program

RUNBOOK = """
api: 1
id: team.touch
title: Look for a file
scope: host
effect: write
idempotent: true
needs: [ssh]
timeout: 30s
rollout: {{canary: 1, max_failures: 0}}
steps:
  - {{id: find, run: [test, -e, {mark}]}}
"""


@pytest.fixture
def running(program: Program) -> Program:
    config = program.folder / "opsconsole.yaml"
    plugins = program.folder / "team"
    plugins.mkdir()
    (plugins / "touch.yaml").write_text(RUNBOOK.format(mark=program.folder / "mark"))
    config.write_text(
        "version: 1\nhosts:\n  - {name: here, transport: local}\n  - {name: there, transport: local}\n"
        f"plugins: [{plugins}]\n"
    )
    program.line = ("-c", str(config), "-E", "verbs")
    started = program.verb("engine", "start")
    assert started.returncode == 0, started.stderr
    return program


def _newest(program: Program) -> dict[str, object]:
    found: list[dict[str, object]] = json.loads(program.verb("runs", "--json").stdout)["runs"]
    return found[0] if found else {"state": "", "id": ""}


@pytest.mark.timeout(90)
def test_a_halted_run_is_shown_steered_and_run_again(running: Program) -> None:
    mark = Path(running.folder / "mark")
    program = running.start(
        *running.line, "run", "touch", "-t", "here,there", "--yes", "--on-halt", "wait"
    )
    running.wait_for(lambda: _newest(running)["state"] == "halted", "the run to halt")
    run_id = str(_newest(running)["id"])

    shown = running.verb("runs", "show", run_id)
    wrong = running.verb("runs", "resume", run_id)
    mark.touch()
    again = running.verb("runs", "retry", run_id, "--reason", "made it")
    program.wait(timeout=30)
    ended = running.verb("runs", run_id)
    rerun = running.verb("runs", "rerun", run_id, "failed")
    everything = running.verb("runs", "rerun", run_id, "all", "--yes", "--json")

    assert "it can: continue, retry, stop, take-over" in shown.stdout
    assert (wrong.returncode, "cannot resume now" in wrong.stderr) == (4, True)
    assert again.stdout.startswith("tries again: here")
    assert program.returncode == 0
    assert ended.stdout.splitlines()[-1] == f"{run_id}: succeeded"
    assert (rerun.returncode, "no target that is failed" in rerun.stderr) == (64, True)
    assert json.loads(everything.stdout)["run"]["rerun_of"] == run_id


@pytest.mark.timeout(60)
def test_too_much_gone_bad_ends_the_run_with_its_code_and_a_laxer_wish_is_refused(
    running: Program,
) -> None:
    failed = running.verb("run", "touch", "-t", "here,there", "--yes")
    laxer = running.verb("run", "touch", "-t", "here,there", "--max-failures", "2", "--plan")
    plan = running.verb("run", "touch", "-t", "here,there", "--plan")

    assert failed.returncode == 1
    assert "halted: the canary here is failed" in failed.stdout
    assert (laxer.returncode, "may only be stricter" in laxer.stderr) == (64, True)
    assert "canary    1  here" in plan.stdout
