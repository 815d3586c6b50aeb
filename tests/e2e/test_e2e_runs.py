"""A run belongs to the engine: consoles die beside it, and an engine that dies leaves the truth on disk."""

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsconsole.engine.lock import holder_of
from tests.program import Program
from tests.realsshd import RealSshd

PLUGIN = "api: 1\nid: test\nversion: 0.1.0\ntitle: Tests\n"
HOLD = """
api: 1
id: test.hold
title: Wait for a file, then write one
scope: host
effect: write
idempotent: false
needs: [ssh]
rollout: {max_parallel: {parallel}}
timeout: 60s
steps:
  - id: hold
    title: Wait
    sh: |
      echo begun >> "$1/begun"
      while [ ! -e "$1/go" ]; do sleep 0.1; done
      echo done
    args: ["{folder}"]
    timeout: 50s
"""


class Fleet:
    """Three real hosts and one slow action."""

    def __init__(self, folder: Path, sshd: RealSshd, parallel: int) -> None:
        self.gate = folder / "gate"
        self.gate.mkdir()
        plugin = folder / "plugins" / "test"
        (plugin / "runbooks").mkdir(parents=True)
        (plugin / "opsconsole-plugin.yaml").write_text(PLUGIN)
        text = HOLD.replace("{parallel}", str(parallel)).replace("{folder}", str(self.gate))
        (plugin / "runbooks" / "hold.yaml").write_text(text)
        for path in (folder / "plugins", plugin, plugin / "runbooks"):
            path.chmod(0o755)
        hosts = "\n".join(
            f"  - {{name: web{n:02}, address: {address}}}"
            for n, address in enumerate(sshd.addresses, 1)
        )
        self.config = folder / "opsconsole.yaml"
        self.config.write_text(
            "version: 1\n"
            f"defaults: {{user: {sshd.user}, port: {sshd.port}, identity: {sshd.client_key},"
            f" known_hosts: {sshd.known_hosts}}}\n"
            f"hosts:\n{hosts}\nplugins: [{folder / 'plugins'}]\n"
        )

    @property
    def begun(self) -> int:
        """How many hosts have begun."""
        path = self.gate / "begun"
        return len(path.read_text().splitlines()) if path.exists() else 0


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[RealSshd]:
    server = RealSshd(tmp_path / "sshd", [f"127.0.3.{n}" for n in (1, 2, 3)])
    try:
        yield server.start()
    finally:
        server.stop()


def _runs(program: Program, fleet: Fleet) -> list[dict[str, object]]:
    answer = program.run("-c", str(fleet.config), "-E", "e2e", "runs", "--json")
    assert answer.returncode == 0, answer.stderr
    found: list[dict[str, object]] = json.loads(answer.stdout)["runs"]
    return found


def _journal(program: Program) -> list[dict[str, object]]:
    (path,) = program.place("e2e").folder.glob("runs/*/journal.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def _start(program: Program, fleet: Fleet, hosts: str) -> object:
    line = ("-c", str(fleet.config), "-E", "e2e", "run", "test.hold", "-t", hosts)
    return program.start(*line, "--yes")


@pytest.mark.real
@pytest.mark.timeout(120)
def test_t03_a_killed_console_leaves_its_run_going_to_its_end(
    program: Program, sshd: RealSshd, tmp_path: Path
) -> None:
    fleet = Fleet(tmp_path, sshd, parallel=3)
    console = _start(program, fleet, "web[01-03]")
    program.wait_for(lambda: fleet.begun == 3, "three hosts to begin")

    os.kill(console.pid, signal.SIGKILL)  # type: ignore[attr-defined]
    (live,) = _runs(program, fleet)
    (fleet.gate / "go").touch()
    program.wait_for(lambda: _runs(program, fleet)[0]["state"] != "running", "the run to end")
    (ended,) = _runs(program, fleet)

    assert live["state"] == "running"
    assert ended["state"] == "succeeded"
    assert ended["id"] == live["id"]
    assert fleet.begun == 3


@pytest.mark.real
@pytest.mark.timeout(120)
def test_d01_a_killed_engine_leaves_a_journal_that_says_what_was_dispatched(
    program: Program, sshd: RealSshd, tmp_path: Path
) -> None:
    fleet = Fleet(tmp_path, sshd, parallel=1)
    _start(program, fleet, "web[01-03]")
    program.wait_for(lambda: fleet.begun == 1, "the first host to begin")
    holder = holder_of(program.place("e2e").lock)
    assert holder is not None

    os.kill(holder.pid, signal.SIGKILL)
    program.wait_for(lambda: holder_of(program.place("e2e").lock) is None, "the engine to die")
    journal = _journal(program)
    (found,) = _runs(program, fleet)
    (fleet.gate / "go").touch()

    dispatched = [line["target"] for line in journal if line["kind"] == "step.dispatch"]
    assert dispatched == ["web01"]
    assert [line for line in journal if line["kind"] in ("step.settle", "target.end")] == []
    states = {one["name"]: one["state"] for one in found["targets"]}  # type: ignore[attr-defined]
    assert states == {"web01": "unknown", "web02": "not-started", "web03": "not-started"}
    assert found["state"] == "indeterminate"
    assert fleet.begun == 1


@pytest.mark.real
@pytest.mark.timeout(120)
def test_an_engine_with_a_live_run_is_not_stopped_without_force(
    program: Program, sshd: RealSshd, tmp_path: Path
) -> None:
    fleet = Fleet(tmp_path, sshd, parallel=3)
    _start(program, fleet, "web01")
    program.wait_for(lambda: fleet.begun == 1, "the host to begin")

    refused = program.run("-c", str(fleet.config), "-E", "e2e", "engine", "stop")
    (fleet.gate / "go").touch()
    program.wait_for(lambda: _runs(program, fleet)[0]["state"] == "succeeded", "the run to end")
    stopped = program.run("-c", str(fleet.config), "-E", "e2e", "engine", "stop")

    assert refused.returncode == 4
    assert "a run is live" in refused.stderr
    assert stopped.returncode == 0


@pytest.mark.real
@pytest.mark.timeout(120)
def test_run_streams_its_output_and_exits_with_its_outcome(
    program: Program, sshd: RealSshd, tmp_path: Path
) -> None:
    fleet = Fleet(tmp_path, sshd, parallel=3)
    (fleet.gate / "go").touch()
    line = ("-c", str(fleet.config), "-E", "e2e", "run", "test.hold", "-t", "web[01-02]")

    asked = program.run(*line)
    planned = program.run(*line, "--plan")
    done = program.run(*line, "--yes")

    assert asked.returncode == 4
    assert "confirm it with" in asked.stderr
    assert "on      2 of 2   web{01,02}" in planned.stdout
    assert done.returncode == 0, done.stderr
    assert sorted(row for row in done.stdout.splitlines() if row.endswith(": done")) == [
        "web01: done",
        "web02: done",
    ]
    assert fleet.begun == 2
    with contextlib.suppress(FileNotFoundError):
        assert program.place("e2e").log.stat().st_mode & 0o077 == 0
