"""A session on a kept connection, where the host gives one and does not let anything run in it."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh
import pytest
from msgspec.structs import replace

from opsconsole.model.inventory import Host
from opsconsole.model.states import Reach
from opsconsole.transport.base import Answer, Command, Ending
from opsconsole.transport.bootstrap import BOOTSTRAP, Killer
from opsconsole.transport.connection import FITS
from tests.realsshd import make_key
from tests.transport.sshhosts import MakeTransport

pytestmark = pytest.mark.skipif(not FITS, reason="another asyncssh: channels are opened its way")
OURS = Command(argv=("restart",), timeout=3.0)


class Door(asyncssh.SSHServer):
    """Lets everybody in, gives sessions, and answers the request to run something as a test says."""

    def __init__(self, then: str, heard: list[bytes]) -> None:
        self._then = then
        self._heard = heard

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._conn = conn

    def begin_auth(self, username: str) -> bool:
        return False

    def session_requested(self) -> bool | asyncssh.SSHServerSession[bytes]:
        return Session(self._conn, self._then, self._heard)


class Forgetful(Door):
    """Counts its logins, and of one it refuses the sessions whose numbers a test gives, from 1."""

    def __init__(self, refused: Collection[int], logins: list[int]) -> None:
        super().__init__("agrees", [])
        self._refused = refused
        self._logins = logins
        logins.append(0)
        self._login = len(logins) - 1

    def session_requested(self) -> bool | asyncssh.SSHServerSession[bytes]:
        self._logins[self._login] += 1
        if self._logins[self._login] in self._refused:
            return False
        return super().session_requested()


class Session(asyncssh.SSHServerSession[bytes]):
    def __init__(self, conn: asyncssh.SSHServerConnection, then: str, heard: list[bytes]) -> None:
        self._conn = conn
        self._then = then
        self._heard = heard

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._chan = chan

    def exec_requested(self, command: str) -> bool:
        assert command == BOOTSTRAP
        if self._then == "drops":
            self._conn.abort()
        elif self._then == "closes":
            self._chan.close()
        return self._then == "agrees"

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        self._heard.append(data)

    def eof_received(self) -> bool:
        self._chan.exit(3)
        return False


@asynccontextmanager
async def door(tmp_path: Path, factory: Callable[[], Door]) -> AsyncIterator[Host]:
    """Serve one for a while; give the host it plays."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.listen(
        "127.0.0.1", 0, server_host_keys=[key], server_factory=factory, encoding=None
    )  # fmt: skip
    port = server.get_port()
    known = tmp_path / "known"
    known.write_text(f"[127.0.0.1]:{port} {key.export_public_key().decode()}")
    yield Host(
        "gate-1", "127.0.0.1", port=port, user="op1", known_hosts=(str(known),), timeout=4.0,
        identity=(str(make_key(tmp_path / "key")),),
    )  # fmt: skip
    server.close()


async def run_there(
    make_transport: MakeTransport, host: Host, on_dispatch: Callable[[], None] = lambda: None
) -> Answer:
    """Run a command on a host that is known to have a `timeout`."""
    transport = make_transport(host)
    transport._link(host).killer = Killer.TIMEOUT

    async def dispatch() -> None:
        on_dispatch()

    return await transport.run(host, OURS, on_dispatch=dispatch)


REFUSALS = {
    "refuses": "nothing may be run there",
    "closes": "lost before it began",
    "drops": "lost before it began",
}


@pytest.mark.parametrize(("then", "why"), REFUSALS.items(), ids=REFUSALS)
async def test_what_the_host_does_not_let_run_never_left(
    make_transport: MakeTransport, tmp_path: Path, then: str, why: str
) -> None:
    heard: list[bytes] = []
    async with door(tmp_path, lambda: Door(then, heard)) as host:
        answer = await run_there(make_transport, host)

    assert (answer.ending, answer.reach) == (Ending.UNREACHABLE, Reach.DROPPED_US)
    assert why in answer.reason
    assert heard == []


async def test_the_command_leaves_as_soon_as_the_host_agrees_and_after_its_dispatch(
    make_transport: MakeTransport, tmp_path: Path
) -> None:
    heard: list[bytes] = []
    before: list[int] = []
    async with door(tmp_path, lambda: Door("agrees", heard)) as host:
        answer = await run_there(make_transport, host, lambda: before.append(len(heard)))

    assert before == [0]
    assert b"'restart'" in b"".join(heard)
    assert answer.ending is Ending.UNREACHABLE, "its marker never came: nothing was started"


async def test_a_session_given_and_never_answered_is_waited_for_no_longer_than_a_host_is(
    make_transport: MakeTransport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        asyncssh.SSHServerChannel, "_process_exec_request", lambda _chan, _packet: None
    )  # the server's own: it neither agrees nor refuses
    heard: list[bytes] = []
    async with door(tmp_path, lambda: Door("agrees", heard)) as host:
        answer = await run_there(make_transport, replace(host, timeout=0.5))

    assert (answer.ending, answer.reach) == (Ending.UNREACHABLE, Reach.SLOW)
    assert "not granted" in answer.reason
    assert heard == []


REFUSED_SESSIONS = {
    "not put away yet: asked again": ({2}, 2, [3]),
    "given no more: a new login": ({2, 3}, 2, [3, 1]),
    "never given: one more login": ({1, 2, 3}, 1, [1, 1]),
}


@pytest.mark.parametrize(
    ("refused", "commands", "sessions"), REFUSED_SESSIONS.values(), ids=REFUSED_SESSIONS
)
async def test_a_refused_session_where_ours_are_over_is_asked_for_again_before_a_new_login(
    make_transport: MakeTransport,
    tmp_path: Path,
    refused: set[int],
    commands: int,
    sessions: list[int],
) -> None:
    asked: list[int] = []
    async with door(tmp_path, lambda: Forgetful(refused, asked)) as host:
        transport = make_transport(host)
        transport._link(host).killer = Killer.TIMEOUT
        for _ in range(commands):
            await transport.run(host, OURS)

    assert asked == sessions
