"""`transport: plain`: one line, whole words only, to a POSIX login shell; anything else is not sent."""

import asyncio
import os
import shlex
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from asyncssh.constants import MSG_SERVICE_ACCEPT, MSG_USERAUTH_REQUEST
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from opsconsole.clock import SystemClock
from opsconsole.errors import TransportError
from opsconsole.model.inventory import Host
from opsconsole.model.states import Reach
from opsconsole.testing.contract import HOSTILE
from opsconsole.transport.base import Command, Ending, Spool
from opsconsole.transport.local import LocalTransport
from opsconsole.transport.plain_line import KEEPS_NOTHING, PROBE, plain_line, why_not_plain
from opsconsole.transport.router import Router
from opsconsole.transport.spooled import probe_spool
from tests.realsshd import RealSshd, make_key
from tests.transport.sshhosts import MakeSshd, MakeTransport, host_of

GATE = """#!/bin/sh
printf '%s\\n' "$SSH_ORIGINAL_COMMAND" >>LOG
case $SSH_ORIGINAL_COMMAND in
  'PROBE') exec sh -c "$SSH_ORIGINAL_COMMAND" ;;
  'systemctl is-active -- '*) echo active; exit 3 ;;
  'env LC_ALL=C tee') exec cat ;;
  'sleep 30') exec sleep 30 ;;
  'yes') exec yes ;;
  *) echo "gate: not allowed" >&2; exit 126 ;;
esac
"""


def gate(folder: Path, text: str = GATE) -> dict[str, str]:
    path = folder / "gate"
    path.write_text(text.replace("LOG", str(folder / "said")).replace("PROBE", PROBE))
    path.chmod(0o755)
    return {"ForceCommand": str(path)}


def said(folder: Path) -> list[str]:
    return (folder / "said").read_text().splitlines()


@pytest.fixture
def guarded(make_sshd: MakeSshd, tmp_path: Path) -> tuple[RealSshd, Host]:
    server = make_sshd(options=gate(tmp_path))
    return server, replace(host_of(server), transport="plain")


@pytest.mark.real
async def test_a_forced_command_sees_the_command_as_it_stands(
    guarded: tuple[RealSshd, Host], make_transport: MakeTransport, tmp_path: Path
) -> None:
    _, host = guarded
    transport = make_transport(host)

    done = await transport.run(host, Command(("systemctl", "is-active", "--", "nginx.service")))
    again = await transport.run(host, Command(("rm", "-rf", "/srv")))

    assert (done.ending, done.code, done.stdout) == (Ending.EXITED, 3, b"active\n")
    assert (again.code, again.stderr) == (126, b"gate: not allowed\n")
    assert "cannot be ended there" in done.note
    assert said(tmp_path) == [PROBE, "systemctl is-active -- nginx.service", "rm -rf /srv"]


@pytest.mark.real
async def test_what_is_fed_arrives_and_variables_are_set_by_env(
    guarded: tuple[RealSshd, Host], make_transport: MakeTransport
) -> None:
    _, host = guarded
    command = Command(("tee",), env={"LC_ALL": "C"}, stdin=b"a\x00b\n" * 40_000)

    done = await make_transport(host).run(host, command)

    assert (done.ending, done.stdout) == (Ending.EXITED, command.stdin)


@pytest.mark.real
@pytest.mark.parametrize(
    ("command", "why"),
    [
        (Command(script="echo x"), "a script cannot be sent"),
        (Command(("echo", "a b")), "'a b' has more than letters"),
        (Command(("echo", "$(id)")), "'$(id)' has more than letters"),
        (Command(("echo", "=ls")), "'=ls' begins with ="),
        (Command(("PATH=/tmp", "ls")), "would be an assignment"),
    ],
)
async def test_what_could_mean_anything_to_a_shell_is_not_sent(
    guarded: tuple[RealSshd, Host],
    make_transport: MakeTransport,
    tmp_path: Path,
    command: Command,
    why: str,
) -> None:
    _, host = guarded

    answer = await make_transport(host).run(host, command)

    assert answer.ending is Ending.UNREACHABLE
    assert why in answer.reason
    assert not (tmp_path / "said").exists()


@pytest.mark.real
async def test_a_write_whose_connection_goes_is_lost_and_nothing_is_kept_of_it(
    guarded: tuple[RealSshd, Host], make_transport: MakeTransport, tmp_path: Path
) -> None:
    server, host = guarded
    transport = make_transport(host)
    router = Router(transport, LocalTransport(SystemClock()), SystemClock())
    seen: list[str] = []

    async def on_dispatch() -> None:
        seen.extend(said(tmp_path))

    async def cut() -> None:
        while "sleep 30" not in said(tmp_path):
            await SystemClock().sleep(0.01)
        for pid in server.children():
            os.kill(pid, signal.SIGKILL)

    command = Command(("sleep", "30"), timeout=20.0, spool=Spool("r1", "s1"))
    await transport.ask(host, "", {}, timeout=5.0, max_output=100)
    cutting = asyncio.create_task(cut())
    answer = await router.run(host, command, on_dispatch=on_dispatch)
    await cutting

    assert seen == [PROBE]
    assert answer.ending is Ending.LOST
    assert await probe_spool(router, host) == KEEPS_NOTHING


class Gone(asyncssh.SSHServer):
    """Lets everybody in, answers the probe, and does with any other command what a test says."""

    def __init__(self, then: str) -> None:
        self._then = then

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._conn = conn

    def begin_auth(self, username: str) -> bool:
        return False

    def session_requested(self) -> asyncssh.SSHServerSession[bytes]:
        return Session(self._conn, self._then)


class Session(asyncssh.SSHServerSession[bytes]):
    def __init__(self, conn: asyncssh.SSHServerConnection, then: str) -> None:
        self._conn = conn
        self._then = then

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._chan = chan

    def exec_requested(self, command: str) -> bool:
        if command == PROBE:
            return True
        if self._then == "drops":
            self._conn.abort()
        elif self._then == "closes":
            self._chan.close()
        return self._then != "refuses"

    def session_started(self) -> None:
        self._chan.write(b"opsconsole sh 42\n")
        self._chan.exit(0)


@asynccontextmanager
async def gone(then: str, folder: Path) -> AsyncIterator[Host]:
    """Serve as `Gone` does; give the host that it is."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.listen(
        "127.0.0.1", 0, server_host_keys=[key], server_factory=lambda: Gone(then), encoding=None
    )
    port = server.get_port()
    known = folder / "known"
    known.write_text(f"[127.0.0.1]:{port} {key.export_public_key().decode()}")
    yield Host(
        "gate-1", "127.0.0.1", port=port, user="op1", known_hosts=(str(known),), timeout=4.0,
        transport="plain", identity=(str(make_key(folder / "key")),),
    )  # fmt: skip
    server.close()


@pytest.mark.parametrize(
    ("then", "ending"),
    [("drops", Ending.LOST), ("closes", Ending.LOST), ("refuses", Ending.UNREACHABLE)],
)
async def test_once_the_line_may_have_left_only_a_no_says_that_nothing_ran(
    make_transport: MakeTransport, tmp_path: Path, then: str, ending: Ending
) -> None:
    async with gone(then, tmp_path) as host:
        answer = await make_transport(host).run(host, Command(("restart",)))

    assert answer.ending is ending, answer.reason


@pytest.mark.parametrize(
    ("tells", "order"),
    [(True, ["granted", "asked"]), (False, ["granted", "heard more", "asked"])],
)
async def test_only_a_server_that_tells_its_extensions_is_told_all_at_once(
    make_transport: MakeTransport,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tells: bool,
    order: list[str],
) -> None:
    """One from before RFC 8308 may not expect to hear who we are before it has granted the service."""
    happened: list[str] = []
    library = asyncssh.connection.SSHConnection
    send, hear, ask = library.send_packet, library.data_received, library._process_userauth_request

    def send_packet(self: Any, kind: int, *args: Any, **words: Any) -> None:
        if self.is_server() and kind == MSG_SERVICE_ACCEPT:
            happened.append("granted")
        send(self, kind, *args, **words)

    def data_received(self: Any, *args: Any) -> None:
        if self.is_server() and "granted" in happened:
            happened.append("heard more")
        hear(self, *args)

    def asked(self: Any, *args: Any) -> Any:
        happened.append("asked")
        return ask(self, *args)

    monkeypatch.setattr(library, "send_packet", send_packet)
    monkeypatch.setattr(library, "data_received", data_received)
    monkeypatch.setitem(library._packet_handlers, MSG_USERAUTH_REQUEST, asked)
    if not tells:
        monkeypatch.setattr(library, "_send_ext_info", lambda _self: None)
    async with gone("refuses", tmp_path) as host:
        answer = await make_transport(host).run(host, Command(("restart",)))

    assert answer.ending is Ending.UNREACHABLE
    assert happened[: len(order)] == order


@pytest.mark.real
async def test_a_flood_is_cut_off(
    guarded: tuple[RealSshd, Host], make_transport: MakeTransport
) -> None:
    _, host = guarded

    answer = await make_transport(host).run(host, Command(("yes",), max_output=10_000))

    assert answer.ending is Ending.FLOODED


@pytest.mark.real
async def test_a_gate_that_refuses_the_probe_is_told_what_it_must_let_through(
    make_sshd: MakeSshd, make_transport: MakeTransport, tmp_path: Path
) -> None:
    server = make_sshd(options=gate(tmp_path, "#!/bin/sh\necho 'no entry' >&2; exit 1\n"))
    host = replace(host_of(server), transport="plain")
    transport = make_transport(host)

    answer = await transport.run(host, Command(("true",)))
    with pytest.raises(TransportError, match="no entry") as caught:
        await transport.ask(host, "", {}, timeout=5.0, max_output=100)

    assert answer.ending is Ending.UNREACHABLE
    assert answer.reach is Reach.AUTH_REFUSED
    assert PROBE in answer.reason
    assert caught.value.reach == Reach.AUTH_REFUSED


@pytest.mark.real
@pytest.mark.parametrize(
    ("shell", "is_posix"),
    [("bash", True), ("dash", True), ("zsh", True), ("busybox sh", True), ("fish", False), ("tcsh", False)],
)  # fmt: skip
async def test_only_a_posix_login_shell_passes(
    make_sshd: MakeSshd, make_transport: MakeTransport, tmp_path: Path, shell: str, is_posix: bool
) -> None:
    if shutil.which(shell.split()[0]) is None:
        pytest.skip(f"needs {shell} (Debian package {shell.split()[0]})")
    server = make_sshd(
        options=gate(tmp_path, f'#!/bin/sh\nexec {shell} -c "$SSH_ORIGINAL_COMMAND"\n')
    )
    host = replace(host_of(server), transport="plain")

    answer = await make_transport(host).run(host, Command(("echo", "a,b", "--x=%1", "")))

    if is_posix:
        assert (answer.ending, answer.stdout) == (Ending.EXITED, b"a,b --x=%1 \n")
    else:
        assert answer.ending is Ending.UNREACHABLE
        assert "needs a POSIX login shell" in answer.reason


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_a_line_is_read_back_word_for_word_or_not_made(words: list[str]) -> None:
    command = Command(tuple(words))
    if why_not_plain(command):
        with pytest.raises(ValueError, match=r"."):
            plain_line(command)
    else:
        assert shlex.split(plain_line(command)) == words


@pytest.mark.parametrize("word", HOSTILE)
def test_of_the_hostile_values_only_those_without_a_sign_of_a_shell_make_a_line(word: str) -> None:
    is_safe = word in ("-rf", "--help", "%s%n", "x" * 5_000)

    assert (why_not_plain(Command(("echo", word))) == "") is is_safe
