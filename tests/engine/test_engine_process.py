"""The engine as a process: started, found, killed, stopped; with this machine as its fleet."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys

import pytest

from opsconsole.clock import SystemClock
from opsconsole.engine.lock import holder_of
from opsconsole.model.calls import Done, UnlockChanges
from opsconsole.rpc.client import Client, open_path
from opsconsole.rpc.messages import PROTOCOL, Hello
from tests.engine.conftest import until
from tests.program import Program


def test_an_engine_starts_in_the_background_and_stops_cleanly(program: Program) -> None:
    started = program.run("engine", "start")
    place = program.place()
    holder = holder_of(place.lock)

    assert started.returncode == 0, started.stderr
    assert holder is not None
    assert f"engine default runs, pid {holder.pid}, 1 hosts" in started.stdout
    assert stat.S_IMODE(place.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.folder.stat().st_mode) == 0o700
    assert os.getpgid(holder.pid) != os.getpgid(0)
    assert os.getpriority(os.PRIO_PROCESS, holder.pid) >= 10
    if hasattr(os, "SCHED_BATCH"):
        assert os.sched_getscheduler(holder.pid) == os.SCHED_BATCH

    stopped = program.run("engine", "stop")

    assert stopped.stdout == f"engine default stopped (pid {holder.pid})\n"
    assert holder_of(place.lock) is None
    assert not place.socket.exists()


def test_d07_a_second_engine_refuses_and_names_the_first(program: Program) -> None:
    program.run("engine", "start")
    holder = holder_of(program.place().lock)
    assert holder is not None

    second = program.run("engine", "run")

    assert second.returncode == 1
    assert f"pid {holder.pid}, started by {holder.person}" in second.stderr
    assert holder_of(program.place().lock) == holder


def test_sigterm_ends_a_foreground_engine_cleanly(program: Program) -> None:
    child = program.start("engine", "run")
    place = program.place()
    program.wait_for(place.socket.exists, "the socket")

    child.send_signal(signal.SIGTERM)

    assert child.wait(20) == 0
    assert not place.socket.exists()
    assert holder_of(place.lock) is None


async def test_d01_a_killed_engine_is_lost_and_the_next_one_is_found(program: Program) -> None:
    program.run("engine", "start")
    place = program.place()
    holder = holder_of(place.lock)
    assert holder is not None
    opener = open_path(str(place.socket))
    async with Client(opener, Hello(PROTOCOL, "0.1.0"), SystemClock()) as client:
        await client.ready()
        seen = client.snapshot

        os.kill(holder.pid, signal.SIGKILL)
        await until(client, lambda: client.link == "lost")
        assert client.snapshot is seen
        assert client.now() >= seen.now
        await asyncio.to_thread(program.run, "engine", "start")
        await until(client, lambda: client.link == "attached")
        assert client.engine is not None
        assert client.engine.pid != holder.pid


async def test_d06_a_killed_console_costs_the_engine_nothing(program: Program) -> None:
    program.run("engine", "start")
    watcher = program.start("-E", "default", "status", "--wait", "3600", "--select", "nothing")
    opener = open_path(str(program.place().socket))
    async with Client(opener, Hello(PROTOCOL, "0.1.0"), SystemClock()) as client:
        await client.ready()
        watcher.kill()
        watcher.wait()

        done = await client.call(UnlockChanges(60.0, "still here"), Done)

    assert done.text.startswith("changes are on for ")


def test_an_engine_that_cannot_start_says_why_to_whoever_waits(program: Program) -> None:
    config = program.folder / "opsconsole.yaml"
    config.write_text("version: 1\nhosts: [{nam: web01}]\n")

    started = program.run("-c", str(config), "engine", "start")

    assert started.returncode in (1, 78)
    assert f"{config}:2:" in started.stderr
    assert "did you mean" in started.stderr


def test_an_engine_nobody_uses_ends_by_itself(program: Program) -> None:
    config = program.folder / "opsconsole.yaml"
    config.write_text("version: 1\nengine: {linger: 1s}\nhosts: [{name: here, transport: local}]\n")
    program.run("-c", str(config), "-E", "short", "engine", "start")
    place = program.place("short")

    program.wait_for(lambda: holder_of(place.lock) is None, "the engine to end")

    assert not place.socket.exists()


def test_status_of_an_engine_that_does_not_run_is_a_failure(program: Program) -> None:
    answer = program.run("engine", "status")

    assert answer.returncode == 1
    assert answer.stdout.startswith("engine default does not run")


def test_status_of_a_running_engine_is_a_document(program: Program) -> None:
    program.run("engine", "start")

    answer = program.run("engine", "status", "--json")
    document = json.loads(answer.stdout)

    assert answer.returncode == 0
    assert document["schema"] == "opsconsole.engine/1"
    assert (document["name"], document["hosts"]) == ("default", 1)


@pytest.mark.parametrize("name", ["", "../../etc", "a b", "x" * 41])
def test_an_engine_cannot_be_named_out_of_its_folder(program: Program, name: str) -> None:
    answer = program.run("-E", name, "engine", "status")

    assert answer.returncode == 78
    assert "cannot name an engine" in answer.stderr


CONNECT = """
import os, socket, sys
os.setgid(65534)
os.setuid(65534)
try:
    socket.socket(socket.AF_UNIX).connect(sys.argv[1])
except PermissionError:
    print("refused by the file system")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
def test_i06_another_account_cannot_reach_the_socket(program: Program) -> None:
    program.run("engine", "start")
    socket = str(program.place().socket)

    answer = subprocess.run(
        [sys.executable, "-c", CONNECT, socket], capture_output=True, text=True, check=False
    )

    assert answer.stdout == "refused by the file system\n"
