"""Commands on a real sshd, and how each of their ends is told: rows C01 to C09 of the fault catalogue."""

import asyncio
import os
import resource
import signal
from pathlib import Path

import pytest

from opsconsole.errors import OutcomeUnknownError, TransportError
from opsconsole.model.inventory import Host
from opsconsole.model.states import Reach
from opsconsole.transport.base import Answer, Command, Ending
from opsconsole.transport.bootstrap import Killer
from opsconsole.transport.ssh import SshTransport
from tests.realsshd import RealSshd
from tests.transport.faultservers import serving
from tests.transport.sshhosts import MakeSshd, MakeTransport, host_of

pytestmark = pytest.mark.real

LOOP = r"""
while IFS= read -r n; do
  a=$(printf 'pid %s ' "$$"; cat /proc/loadavg)
  printf '%s\n\036%s end\n' "$a" "$n"
done
"""


@pytest.fixture
def host(sshd: RealSshd) -> Host:
    return host_of(sshd)


@pytest.fixture
def transport(host: Host, make_transport: MakeTransport) -> SshTransport:
    return make_transport(host)


def runs(pid: int) -> bool:
    """Tell whether a process is there and not just waiting to be collected."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


async def ask(transport: SshTransport, host: Host, script: str = LOOP, **limits: float) -> bytes:
    settings = {"timeout": 4.0, "max_output": 10_000} | limits
    return await transport.ask(host, script, {}, **settings)  # type: ignore[arg-type]


async def test_output_and_exit_code_come_back(transport: SshTransport, host: Host) -> None:
    answer = await transport.run(
        host,
        Command(
            script="echo out; echo err >&2; echo $1 $WORD; exit 7", args=("a b",), env={"WORD": "w"}
        ),
    )

    assert (answer.ending, answer.code) == (Ending.EXITED, 7)
    assert (answer.stdout, answer.stderr) == (b"out\na b w\n", b"err\n")
    assert answer.reason == answer.note == ""


async def test_output_is_told_as_it_comes_and_dispatch_before_it(
    transport: SshTransport, host: Host
) -> None:
    told: list[object] = []

    async def on_dispatch() -> None:
        told.append("dispatch")

    await transport.run(
        host,
        Command(script="echo one; echo two >&2"),
        on_output=lambda stream, data: told.append((stream, data)),
        on_dispatch=on_dispatch,
    )

    assert told[0] == "dispatch"
    assert sorted(told[1:]) == [("err", b"two\n"), ("out", b"one\n")]  # type: ignore[type-var]


async def test_nothing_runs_when_the_journal_says_no(
    transport: SshTransport, host: Host, tmp_path: Path
) -> None:
    async def full_disk() -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        await transport.run(
            host, Command(argv=("touch", str(tmp_path / "ran"))), on_dispatch=full_disk
        )
    await transport.run(host, Command(argv=("true",)))

    assert not (tmp_path / "ran").exists()


async def test_c01_a_command_that_does_not_end_is_ended_there(
    transport: SshTransport, host: Host, tmp_path: Path
) -> None:
    pid_file = tmp_path / "pid"
    script = 'echo $$ > "$1"; trap "" TERM; while :; do sleep 0.1; done'

    gentle = await transport.run(host, Command(argv=("sleep", "60"), timeout=1))
    stubborn = await transport.run(host, Command(script=script, args=(str(pid_file),), timeout=1))

    assert (gentle.ending, stubborn.ending) == (Ending.TIMED_OUT, Ending.TIMED_OUT)
    assert gentle.reason == "ended after 1 s"
    with pytest.raises(OutcomeUnknownError):
        _ = gentle.code
    assert not runs(int(pid_file.read_text()))


async def test_an_exit_status_of_124_is_no_timeout_when_it_came_early(
    transport: SshTransport, host: Host
) -> None:
    answer = await transport.run(host, Command(script="exit 124", timeout=9))

    assert (answer.ending, answer.code) == (Ending.EXITED, 124)


async def test_c02_a_flood_is_cut_at_the_cap(transport: SshTransport, host: Host) -> None:
    await transport.run(host, Command(argv=("true",)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    answer = await transport.run(host, Command(argv=("yes",), timeout=5))
    after = await transport.run(host, Command(argv=("echo", "still here")))

    assert (answer.ending, answer.reach, answer.truncated) == (Ending.FLOODED, Reach.FLOODED, True)
    assert len(answer.stdout) == 256 * 1024
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 10 * 1024
    assert after.stdout == b"still here\n"


async def test_c02_a_flood_on_stderr_counts_too(transport: SshTransport, host: Host) -> None:
    answer = await transport.run(host, Command(script="yes >&2", max_output=5_000))

    assert (answer.ending, len(answer.stderr)) == (Ending.FLOODED, 5_000)


async def test_c03_bytes_that_are_no_text_arrive_and_the_connection_lives(
    sshd: RealSshd, transport: SshTransport, host: Host
) -> None:
    answer = await transport.run(host, Command(script=r"printf '\377\376\000\200'"))
    again = await transport.run(host, Command(argv=("echo", "alive")))

    assert answer.stdout == b"\xff\xfe\x00\x80"
    assert again.stdout == b"alive\n"
    assert sshd.log_count("Accepted publickey") == 1


async def test_c04_stdin_ends_at_once_or_holds_what_was_given(
    transport: SshTransport, host: Host
) -> None:
    empty = await transport.run(host, Command(argv=("cat",), timeout=3))
    given = await transport.run(host, Command(argv=("cat",), stdin=b"a\nb\n", timeout=3))

    assert (empty.code, empty.stdout, given.stdout) == (0, b"", b"a\nb\n")


async def test_c05_a_child_in_the_background_does_not_hold_the_answer(
    transport: SshTransport, host: Host
) -> None:
    answer = await transport.run(host, Command(script="sleep 30 & echo started", timeout=20))

    assert (answer.ending, answer.code, answer.stdout) == (Ending.EXITED, 0, b"started\n")
    assert answer.took < 10


async def test_c06_a_signal_is_not_an_exit_code(transport: SshTransport, host: Host) -> None:
    link = transport._link(host)
    link.killer = Killer.NONE  # `timeout` would turn the signal into a status
    answer = await transport.run(host, Command(script="kill -KILL $$"))

    assert (answer.ending, answer.signal, answer.reason) == (
        Ending.SIGNALLED,
        "KILL",
        "killed by KILL",
    )
    with pytest.raises(OutcomeUnknownError):
        _ = answer.code


async def test_a_connection_that_breaks_in_mid_command_is_lost_never_success(
    sshd: RealSshd, transport: SshTransport, host: Host
) -> None:
    begun = asyncio.Event()
    task = asyncio.ensure_future(
        transport.run(
            host, Command(script="echo begun; sleep 20"), on_output=lambda *_: begun.set()
        )
    )
    await begun.wait()
    for pid in sshd.children():
        os.kill(pid, signal.SIGKILL)
    answer = await task

    assert (answer.ending, answer.status) == (Ending.LOST, None)
    assert answer.stdout == b"begun\n"
    with pytest.raises(OutcomeUnknownError):
        _ = answer.code


async def test_c07_no_more_than_three_channels_are_open_and_the_rest_wait(
    make_sshd: MakeSshd, make_transport: MakeTransport
) -> None:
    server = make_sshd(options={"MaxSessions": "3"})
    host = host_of(server, timeout=20.0)
    transport = make_transport(host)

    answers = await asyncio.gather(
        *(
            transport.run(host, Command(script="sleep 0.1; echo $1", args=(str(n),)))
            for n in range(9)
        )
    )

    assert [answer.stdout for answer in answers] == [f"{n}\n".encode() for n in range(9)], answers
    assert server.log_count("Accepted publickey") == 1


@pytest.mark.parametrize("sessions", ["1", "2"])
async def test_c07_a_server_that_grants_fewer_sessions_is_obeyed(
    make_sshd: MakeSshd, make_transport: MakeTransport, sessions: str
) -> None:
    server = make_sshd(options={"MaxSessions": sessions})
    host = host_of(server)
    transport = make_transport(host)
    await ask(transport, host)

    answers = await asyncio.gather(
        *(transport.run(host, Command(script="sleep 0.1; echo ok")) for _ in range(4)),
    )
    rounds = [await ask(transport, host) for _ in range(2)]

    assert [answer.stdout for answer in answers] == [b"ok\n"] * 4, answers
    assert all(answer.startswith(b"pid ") for answer in rounds)


async def test_c07_leaked_slots_are_found_and_the_connection_replaced(
    make_sshd: MakeSshd, make_transport: MakeTransport
) -> None:
    server = make_sshd(options={"MaxSessions": "3"})
    host = host_of(server)
    transport = make_transport(host)
    await transport.run(host, Command(argv=("true",)))
    transport._link(host).killer = Killer.NONE

    async def give_up() -> Answer:
        async with asyncio.timeout(0.5):
            return await transport.run(host, Command(script="trap '' HUP PIPE TERM; sleep 20"))

    for _ in range(3):
        with pytest.raises(TimeoutError):
            await give_up()
    answers = [await transport.run(host, Command(argv=("echo", "ok"))) for _ in range(5)]

    assert [answer.stdout for answer in answers] == [b"ok\n"] * 5, answers
    assert server.log_count("Accepted publickey") >= 2


async def test_c08_an_account_without_a_shell_ran_nothing(
    make_sshd: MakeSshd, make_transport: MakeTransport
) -> None:
    server = make_sshd(
        options={"ForceCommand": "echo This account is currently not available.; exit 1"}
    )
    host = host_of(server)
    transport = make_transport(host)

    answer = await transport.run(host, Command(argv=("true",)))
    with pytest.raises(TransportError) as caught:
        await ask(transport, host)

    assert answer.ending is Ending.UNREACHABLE
    assert "not available" in answer.reason
    assert "not available" in caught.value.reason


async def test_c08_a_login_shell_that_is_gone_before_we_speak_is_quoted_all_the_same(
    make_sshd: MakeSshd, make_transport: MakeTransport
) -> None:
    server = make_sshd(options={"ForceCommand": "echo Not today.; exit 1"})
    host = host_of(server)
    transport = make_transport(host, lean=False)  # else nothing runs there before we speak

    async def until_it_is_gone() -> None:
        kept = transport._link(host)._kept
        while kept is not None and kept.channels:
            await asyncio.sleep(0.01)  # the host has to hang up

    transport._link(host).killer = Killer.TIMEOUT
    answer = await transport.run(host, Command(argv=("true",)), on_dispatch=until_it_is_gone)

    assert (answer.ending, answer.reach) == (Ending.UNREACHABLE, Reach.AUTH_REFUSED)
    assert "Not today." in answer.reason


@pytest.mark.parametrize("tool", ["none", "old-busybox"])
async def test_c08_a_host_without_timeout_says_so_and_works(
    make_sshd: MakeSshd, make_transport: MakeTransport, tmp_path: Path, tool: str
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "echo", "true", "sleep", "cat"):
        (tools / name).symlink_to(f"/bin/{name}")
    if tool == "old-busybox":
        old = tools / "timeout"
        old.write_text('#!/bin/sh\n[ "$1" = -t ] || exit 1\nshift 2\nexec "$@"\n')
        old.chmod(0o755)
    server = make_sshd(options={"SetEnv": f"SHLVL=2 PATH={tools}"})
    host = host_of(server)

    answer = await make_transport(host).run(host, Command(argv=("echo", "hi"), timeout=3))

    assert (answer.ending, answer.stdout) == (Ending.EXITED, b"hi\n"), answer
    assert ("no `timeout`" in answer.note) == (tool == "none")


async def test_c08_without_timeout_a_stuck_command_is_lost_not_timed_out(
    transport: SshTransport, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsconsole.transport.execution._PATIENCE", 0.2)
    transport._link(host).killer = Killer.NONE

    answer = await transport.run(host, Command(argv=("sleep", "20"), timeout=0.3))

    assert answer.ending is Ending.LOST
    assert "may still run" in answer.reason


async def test_c08_words_of_the_login_shell_do_not_get_into_the_output(
    make_sshd: MakeSshd, make_transport: MakeTransport
) -> None:
    chatty = 'echo Welcome; echo to this host >&2; eval "$SSH_ORIGINAL_COMMAND"'
    server = make_sshd(options={"ForceCommand": chatty})
    host = host_of(server)
    transport = make_transport(host)

    answer = await transport.run(host, Command(argv=("echo", "hi")))
    round_ = await ask(transport, host)

    assert answer.stdout == b"hi\n"
    assert round_.startswith(b"pid ")


async def test_c09_sudo_that_needs_a_password_fails_and_never_prompts(
    transport: SshTransport, host: Host, tmp_path: Path
) -> None:
    stub = tmp_path / "sudo"
    stub.write_text(
        '#!/bin/sh\n[ "$1" = -n ] || { read -r p; exit 0; }\necho "sudo: a password is required" >&2\nexit 1\n'
    )
    stub.chmod(0o755)

    answer = await transport.run(host, Command(argv=(str(stub), "-n", "--", "true"), timeout=3))

    assert (answer.ending, answer.code) == (Ending.EXITED, 1)
    assert b"a password is required" in answer.stderr


async def test_a_program_that_is_not_there_is_an_exit_code(
    transport: SshTransport, host: Host
) -> None:
    answer = await transport.run(host, Command(argv=("no-such-program",)))

    assert (answer.ending, answer.code) == (Ending.EXITED, 127)


async def test_a_command_that_cannot_be_sent_is_a_mistake_of_ours(
    transport: SshTransport, host: Host
) -> None:
    with pytest.raises(ValueError, match="NUL"):
        await transport.run(host, Command(argv=("echo", "\0")))


# -- resident loops ----------------------------------------------------------------------------


async def test_rounds_are_answered_by_one_loop(
    sshd: RealSshd, transport: SshTransport, host: Host
) -> None:
    answers = [await ask(transport, host) for _ in range(4)]

    assert len({answer.split()[1] for answer in answers}) == 1
    assert len({answer.splitlines()[-1] for answer in answers}) == 4
    assert all(answer.endswith(b" end\n") for answer in answers)
    assert sshd.log_count("Starting session") == 1


async def test_rounds_of_one_script_do_not_overlap(transport: SshTransport, host: Host) -> None:
    answers = await asyncio.gather(*(ask(transport, host) for _ in range(5)))

    assert len({answer.splitlines()[-1] for answer in answers}) == 5


async def test_environment_reaches_a_loop(transport: SshTransport, host: Host) -> None:
    script = LOOP.replace("cat /proc/loadavg", 'printf "%s" "$OPSC_ROOT"')

    answer = await transport.ask(host, script, {"OPSC_ROOT": "/a b'"}, timeout=4, max_output=9_000)

    assert b" /a b'\n" in answer


async def test_a_long_script_is_carried_whole(transport: SshTransport, host: Host) -> None:
    script = "".join(f"# line {n}\twith 'quotes'\n" for n in range(1_000)) + LOOP

    assert (await ask(transport, host, script)).startswith(b"pid ")


async def test_a_loop_that_ended_is_started_again(
    sshd: RealSshd, transport: SshTransport, host: Host
) -> None:
    first = await ask(transport, host)
    os.kill(int(first.split()[1]), signal.SIGKILL)

    second = await ask(transport, host)
    third = await ask(transport, host)

    pids = [answer.split()[1] for answer in (first, second, third)]
    assert len(set(pids)) == 3  # the second round was answered by exec
    assert sshd.log_count("Accepted publickey") == 1


async def test_where_a_loop_cannot_stay_each_round_is_an_exec(
    sshd: RealSshd, transport: SshTransport, host: Host
) -> None:
    once = (
        'IFS= read -r n; [ -n "$SSH_CONNECTION" ] && printf \'x\\n\\036%s end\\n\' "$n"; exit 0\n'
    )

    answers = [await ask(transport, host, once) for _ in range(4)]

    assert all(answer.startswith(b"x\n") for answer in answers)


async def test_a_round_that_floods_is_cut(transport: SshTransport, host: Host) -> None:
    with pytest.raises(TransportError) as caught:
        await ask(transport, host, "while IFS= read -r n; do yes; done")
    again = await ask(transport, host)

    assert caught.value.reach == Reach.FLOODED
    assert again.startswith(b"pid ")


async def test_a_round_that_takes_too_long_is_slow_while_the_host_lives(
    sshd: RealSshd, transport: SshTransport, host: Host
) -> None:
    with pytest.raises(TransportError) as caught:
        await ask(transport, host, "while IFS= read -r n; do sleep 20; done", timeout=2)
    again = await ask(transport, host)

    assert caught.value.reach == Reach.SLOW
    assert again.startswith(b"pid ")
    assert sshd.log_count("Accepted publickey") == 1


async def test_a_script_that_says_nothing_of_ours_is_told(
    transport: SshTransport, host: Host
) -> None:
    with pytest.raises(TransportError) as caught:
        await ask(transport, host, "echo what >&2; exit 3")

    assert "what" in caught.value.reason


async def test_forgetting_a_host_ends_its_loop(
    sshd: RealSshd, transport: SshTransport, host: Host
) -> None:
    answer = await ask(transport, host)
    await transport.forget(host)
    await ask(transport, host)

    pid = int(answer.split()[1])
    for _ in range(500):
        if not runs(pid):
            break
        await asyncio.sleep(0.01)
    assert not runs(pid)
    assert sshd.log_count("Accepted publickey") == 2


async def test_a_host_that_moved_is_dialled_anew(
    make_sshd: MakeSshd, make_transport: MakeTransport
) -> None:
    one, two = make_sshd("one"), make_sshd("two")
    transport = make_transport()

    await ask(transport, host_of(one))
    await ask(transport, host_of(two))

    assert [server.log_count("Accepted publickey") for server in (one, two)] == [1, 1]


async def test_a_poll_costs_at_most_six_packets(
    sshd: RealSshd, make_transport: MakeTransport
) -> None:
    chunks = 0

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal chunks
        while data := await reader.read(1 << 16):
            chunks += 1
            writer.write(data)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", sshd.port)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(pump(reader, far_writer))
                group.create_task(pump(far_reader, writer))
        finally:
            far_writer.transport.abort()

    async with serving(relay) as port:
        host = host_of(sshd, port=port)
        sshd.write_known_hosts(sshd.known_line(pattern=f"[127.0.0.1]:{port}"))
        transport = make_transport(host)
        await ask(transport, host)
        chunks = 0
        for _ in range(10):
            await ask(transport, host)
        counted = chunks
        await transport.close()

    assert 20 <= counted <= 60


async def test_a_forgotten_host_is_not_hung_up_on_in_the_middle_of_a_command(
    sshd: RealSshd, make_transport: MakeTransport, tmp_path: Path
) -> None:
    host = host_of(sshd)
    transport = make_transport(host)
    gate, begun = tmp_path / "gate", tmp_path / "begun"
    script = f': >"{begun}"; until [ -e "{gate}" ]; do sleep 0.05; done; echo whole'
    running = asyncio.create_task(transport.run(host, Command(script=script, timeout=20)))
    while not begun.exists():
        await asyncio.sleep(0.01)

    await transport.forget(host)
    again = await transport.run(host, Command(argv=("true",)))
    gate.touch()
    answer = await running

    assert again.ending is Ending.EXITED
    assert (answer.ending, answer.stdout) == (Ending.EXITED, b"whole\n")
    async with asyncio.timeout(5):
        while not transport._leaving[0].connection.is_closed():
            await asyncio.sleep(0.01)
