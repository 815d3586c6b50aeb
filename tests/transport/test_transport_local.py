"""This very machine, asked by the same contract."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsconsole.clock import SystemClock
from opsconsole.errors import OutcomeUnknownError, TransportError
from opsconsole.model.inventory import Host
from opsconsole.model.states import Reach
from opsconsole.transport.base import Command, Ending
from opsconsole.transport.local import LocalTransport
from opsconsole.transport.router import Router

HERE = Host("here", "localhost", transport="local")
LOOP = 'while IFS= read -r n; do printf \'pid %s %s\\n\\036%s end\\n\' "$$" "$WORD" "$n"; done'


@pytest.fixture
async def local() -> AsyncIterator[LocalTransport]:
    transport = LocalTransport(SystemClock())
    yield transport
    await transport.close()


def runs(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


async def test_output_exit_code_and_stdin(local: LocalTransport) -> None:
    script = 'cat; echo "$1" >&2; echo "$WORD"; exit 3'
    command = Command(script=script, args=("a b",), env={"WORD": "w"}, stdin=b"in\n")

    answer = await local.run(HERE, command)

    assert (answer.ending, answer.code) == (Ending.EXITED, 3)
    assert (answer.stdout, answer.stderr) == (b"in\nw\n", b"a b\n")


@pytest.mark.parametrize("value", ["$(touch x)", "; ls", "a\nb", "'", "é", "-n"])
async def test_arguments_arrive_unchanged(local: LocalTransport, value: str) -> None:
    answer = await local.run(HERE, Command(argv=("printf", "%s", "--", value)))

    assert answer.stdout == b"--" + value.encode()


async def test_stdin_ends_at_once(local: LocalTransport) -> None:
    assert (await local.run(HERE, Command(argv=("cat",), timeout=3))).stdout == b""


async def test_a_command_and_its_children_end_at_the_timeout(
    local: LocalTransport, tmp_path: Path
) -> None:
    pid_file = tmp_path / "pid"
    script = 'sh -c \'trap "" TERM; echo $$ > "$0"; sleep 30; sleep 30\' "$1"'

    answer = await local.run(HERE, Command(script=script, args=(str(pid_file),), timeout=0.5))

    assert answer.ending is Ending.TIMED_OUT
    async with asyncio.timeout(10):
        while runs(int(pid_file.read_text())):  # killed, and gone once the kernel comes to it
            await asyncio.sleep(0.01)
    with pytest.raises(OutcomeUnknownError):
        _ = answer.code


async def test_a_flood_is_cut_and_ended(local: LocalTransport) -> None:
    answer = await local.run(HERE, Command(argv=("yes",), max_output=4_000))

    assert (answer.ending, answer.truncated, len(answer.stdout)) == (Ending.FLOODED, True, 4_000)


async def test_a_signal_is_no_exit_code(local: LocalTransport) -> None:
    answer = await local.run(HERE, Command(script="kill -KILL $$"))

    assert (answer.ending, answer.signal, answer.status) == (Ending.SIGNALLED, "KILL", None)


async def test_a_child_in_the_background_does_not_hold_the_answer(local: LocalTransport) -> None:
    answer = await local.run(HERE, Command(script="sleep 30 & echo $!", timeout=20))

    assert answer.code == 0
    os.kill(int(answer.stdout), 9)


async def test_a_program_that_is_not_there_never_ran(local: LocalTransport) -> None:
    answer = await local.run(HERE, Command(argv=("no-such-program",)))

    assert answer.ending is Ending.UNREACHABLE
    assert "no-such-program" in answer.reason


async def test_a_cancelled_command_is_ended(local: LocalTransport, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    begun = asyncio.Event()
    script = 'echo $$ > "$1"; echo begun; exec sleep 30'
    task = asyncio.ensure_future(
        local.run(
            HERE,
            Command(script=script, args=(str(pid_file),), timeout=20),
            on_output=lambda *_: begun.set(),
        )
    )
    await begun.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert not runs(int(pid_file.read_text()))


async def test_dispatch_comes_before_output(local: LocalTransport) -> None:
    told: list[str] = []

    async def on_dispatch() -> None:
        told.append("dispatch")

    await local.run(
        HERE,
        Command(argv=("echo", "x")),
        on_output=lambda stream, _data: told.append(stream),
        on_dispatch=on_dispatch,
    )

    assert told == ["dispatch", "out"]


async def test_rounds_are_answered_by_one_loop(local: LocalTransport) -> None:
    limits = {"timeout": 3.0, "max_output": 1_000}
    answers = [await local.ask(HERE, LOOP, {"WORD": "w"}, **limits) for _ in range(3)]  # type: ignore[arg-type]

    assert len({answer.split()[1] for answer in answers}) == 1
    assert all(answer.split()[2] == b"w" for answer in answers)


@pytest.mark.parametrize(
    ("script", "reach"),
    [
        ("exit 1", Reach.SILENT),
        ("while IFS= read -r n; do sleep 9; done", Reach.SILENT),
        ("while IFS= read -r n; do yes; done", Reach.FLOODED),
    ],
)
async def test_a_bad_loop_is_told_and_replaced(
    local: LocalTransport, script: str, reach: Reach
) -> None:
    with pytest.raises(TransportError) as caught:
        await local.ask(HERE, script, {}, timeout=0.5, max_output=1_000)
    again = await local.ask(HERE, LOOP, {}, timeout=3, max_output=1_000)

    assert caught.value.reach == reach
    assert again.startswith(b"pid ")


async def test_closing_ends_the_loops(local: LocalTransport) -> None:
    answer = await local.ask(HERE, LOOP, {}, timeout=3, max_output=1_000)
    await local.close()

    assert not runs(int(answer.split()[1]))


async def test_this_machine_has_no_key_to_trust(local: LocalTransport) -> None:
    with pytest.raises(TransportError, match="this very machine"):
        await local.scan(HERE)


async def test_the_router_asks_each_host_its_own_way(local: LocalTransport) -> None:
    other = LocalTransport(SystemClock())
    router = Router(ssh=other, local=local, clock=SystemClock())
    there = Host("there", "192.0.2.1")

    await router.ask(HERE, LOOP, {}, timeout=3, max_output=1_000)
    await router.ask(there, LOOP, {}, timeout=3, max_output=1_000)

    assert [len(local._loops), len(other._loops)] == [1, 1]
    await router.forget(there)
    assert len(other._loops) == 0
    await router.close()
    assert len(local._loops) == 0


async def test_a_bare_command_does_not_see_our_environment(
    local: LocalTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPS_TOKEN", "hunter2")

    bare = await local.run(HERE, Command(argv=("env",), env={"ASKED": "1"}, bare=True))
    ours = await local.run(HERE, Command(argv=("env",)))

    names = {line.partition(b"=")[0] for line in bare.stdout.splitlines()}
    assert b"OPS_TOKEN=hunter2" in ours.stdout
    assert {b"PATH", b"LC_ALL", b"ASKED"} <= names
    assert names <= {
        b"PATH", b"LC_ALL", b"ASKED", b"HOME", b"USER", b"LOGNAME", b"TZ", b"TMPDIR",
    }  # fmt: skip
