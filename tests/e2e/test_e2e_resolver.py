"""An engine is killed in the middle of a run: the hosts themselves say what really happened, over a real sshd."""

import json
import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from opsconsole.engine.lock import holder_of
from opsconsole.runs.chain import read_chain
from tests.program import Program
from tests.realsshd import RealSshd

PLUGIN = "api: 1\nid: test\nversion: 0.1.0\ntitle: Tests\n"
HOLD = """
api: 1
id: test.hold
title: Wait for a file with an exit code
scope: host
effect: write
idempotent: false
needs: [ssh]
rollout: {{max_parallel: 4}}
timeout: 300s
steps:
  - id: hold
    sh: |
      echo "$1 began"; : > "$2/$1.begun"
      until [ -e "$2/$1.go" ]; do sleep 0.1; done
      echo "$1 ends"; exit "$(cat "$2/$1.go")"
    args: ["${{target.name}}", "{folder}"]
    timeout: 280s
  - {{id: look, effect: read, run: [uname]}}
"""


class Ground:
    """Five real hosts, and one action that ends on each when and as we say."""

    def __init__(self, folder: Path, program: Program) -> None:
        self.sshd = RealSshd(folder / "sshd", [f"127.0.4.{n}" for n in range(1, 6)]).start()
        self.program = program
        self.gate = folder / "gate"
        self.gate.mkdir()
        plugin = folder / "plugins" / "test"
        (plugin / "runbooks").mkdir(parents=True)
        (plugin / "opsconsole-plugin.yaml").write_text(PLUGIN)
        (plugin / "runbooks" / "hold.yaml").write_text(HOLD.format(folder=self.gate))
        for path in (folder / "plugins", plugin, plugin / "runbooks"):
            path.chmod(0o755)
        hosts = "\n".join(
            f"  - {{name: web{n:02}, address: {address}}}"
            for n, address in enumerate(self.sshd.addresses, 1)
        )
        config = folder / "opsconsole.yaml"
        config.write_text(
            "version: 1\n"
            f"defaults: {{user: {self.sshd.user}, port: {self.sshd.port}, identity: {self.sshd.client_key},"
            f" known_hosts: {self.sshd.known_hosts}}}\n"
            f"hosts:\n{hosts}\nplugins: [{folder / 'plugins'}]\n"
        )
        program.line = ("-c", str(config), "-E", "e2e")

    def let(self, host: str, code: int) -> None:
        part = self.gate / f"{host}.part"
        part.write_text(str(code))
        part.rename(self.gate / f"{host}.go")

    def spool(self, host: str) -> Path:
        (folder,) = self.sshd.home.glob(f".opsc/*/{host}.hold.*")
        return folder

    def begun(self) -> set[str]:
        return {path.stem for path in self.gate.glob("*.begun")}

    def kill_engine(self) -> None:
        holder = holder_of(self.program.place("e2e").lock)
        assert holder is not None
        os.kill(holder.pid, signal.SIGKILL)
        lock = self.program.place("e2e").lock
        self.program.wait_for(lambda: holder_of(lock) is None, "the engine to die")

    def run(self) -> Mapping[str, object]:
        answer = self.program.verb("runs", "--json")
        assert answer.returncode == 0, answer.stderr
        (found,) = json.loads(answer.stdout)["runs"]
        assert isinstance(found, dict)
        return found

    def target(self, name: str) -> Mapping[str, str]:
        targets = self.run()["targets"]
        assert isinstance(targets, list)
        return next(one for one in targets if one["name"] == name)


@pytest.fixture
def ground(tmp_path: Path, program: Program) -> Iterator[Ground]:
    ground = Ground(tmp_path, program)
    try:
        yield ground
    finally:
        ground.sshd.stop()


@pytest.mark.real
@pytest.mark.timeout(180)
def test_after_a_killed_engine_every_host_says_what_really_happened(ground: Ground) -> None:
    program = ground.program
    program.start(*program.line, "run", "test.hold", "-t", "web[01-05]", "--yes")
    program.wait_for(lambda: len(ground.begun()) == 4, "four hosts to begin")
    ground.kill_engine()
    ground.let("web01", 0)
    ground.let("web02", 7)
    for name in ("pid", "job"):
        pid = int((ground.spool("web04") / name).read_text().split()[0])
        os.killpg(pid, signal.SIGKILL)
    for host in ("web01", "web02"):
        program.wait_for((ground.spool(host) / "rc").exists, f"{host} to end")

    program.wait_for(lambda: ground.target("web02")["state"] == "failed", "the hosts to be asked")
    run = ground.run()
    states = {one["name"]: one["state"] for one in run["targets"]}  # type: ignore[attr-defined]
    assert states == {
        "web01": "changed",
        "web02": "failed",
        "web03": "unknown",
        "web04": "unknown",
        "web05": "not-started",
    }
    assert run["state"] == "indeterminate"
    assert ground.target("web01")["evidence"] == "exit 0 in the host's spool"
    assert ground.target("web01")["why"] == "hold: exit 0; not finished: look"
    assert ground.target("web02")["why"] == "hold: exit 7"
    assert "still running there: pid" in ground.target("web03")["evidence"]
    assert "left no exit code; same boot" in ground.target("web04")["evidence"]

    still = program.verb("resolve", str(run["id"]), "-t", "web03")
    ground.let("web03", 0)
    program.wait_for((ground.spool("web03") / "rc").exists, "web03 to end")
    over = program.verb("resolve", str(run["id"]))
    bare = program.verb("resolve", str(run["id"]), "-t", "web04", "--as", "failed")
    said = program.verb(
        "resolve", str(run["id"]), "--as", "failed", "--because", "seen on its console"
    )

    assert still.returncode == 3
    assert over.returncode == 3, over.stderr
    assert "web03  changed" in over.stdout
    assert bare.returncode == 64
    assert said.returncode == 1, said.stderr
    assert ground.target("web04")["evidence"].endswith(": seen on its console")
    assert ground.run()["state"] == "aborted"
    folder = program.place("e2e").runs / str(run["id"])
    kinds = [entry.kind for entry in read_chain(folder).entries]
    assert kinds.index("run.end") < kinds.index("target.resolve") < kinds.index("human.resolve")
    assert (folder / "out" / "web03.hold.out").read_text() == "web03 began\nweb03 ends\n"
    assert ground.begun() == {"web01", "web02", "web03", "web04"}


@pytest.mark.real
@pytest.mark.timeout(120)
def test_an_interrupt_is_a_kill_that_was_seen_to_work(ground: Ground) -> None:
    program = ground.program
    console = program.start(*program.line, "run", "test.hold", "-t", "web01", "--yes")
    program.wait_for(lambda: ground.begun() == {"web01"}, "the host to begin")
    job = int((ground.spool("web01") / "job").read_text())

    stopped = program.verb("runs", "interrupt", str(ground.run()["id"]))
    console.wait(30)

    assert stopped.returncode == 0, stopped.stderr
    assert ground.target("web01")["state"] == "cancelled"
    assert ground.target("web01")["evidence"].startswith("sent TERM")
    assert not Path(f"/proc/{job}").exists()


@pytest.mark.real
@pytest.mark.timeout(120)
def test_a_channel_lost_in_the_middle_is_taken_up_again_within_the_step(ground: Ground) -> None:
    program = ground.program
    console = program.start(*program.line, "run", "test.hold", "-t", "web01", "--yes")
    program.wait_for(lambda: ground.begun() == {"web01"}, "the host to begin")

    for pid in ground.sshd.children():
        os.kill(pid, signal.SIGKILL)
    ground.let("web01", 0)
    code = console.wait(40)

    target = ground.target("web01")
    assert (code, target["state"]) == (0, "changed")
    assert target["evidence"] == "exit 0 in the host's spool"
    (spool,) = ground.sshd.home.glob(".opsc/*/*")
    assert (spool / "out").read_text() == "web01 began\nweb01 ends\n"
