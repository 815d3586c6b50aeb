"""The engine's door: who comes in, what they are sent, what a slow one costs."""

import asyncio
import contextlib
import os
import socket
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from opsconsole.clock import SystemClock
from opsconsole.errors import EngineError, RefusedError
from opsconsole.model.calls import AckAlert, AnyCall, Done, EngineStatus, PollNow, ReadOutput
from opsconsole.rpc.client import Client
from opsconsole.rpc.framing import encode, read_from_server
from opsconsole.rpc.messages import (
    CLIENT_FRAME_LIMIT,
    PROTOCOL,
    Bye,
    CallFrame,
    DeltaFrame,
    Hello,
    SnapshotFrame,
)
from opsconsole.rpc.peer import Peer, name_of
from opsconsole.rpc.server import Server
from opsconsole.rpc.solo import open_solo
from tests.rpc.conftest import Served, Source, answer_done, serving, until


async def test_a_client_mirrors_the_snapshot_and_every_change(served: Served) -> None:
    async with served.client() as client:
        await client.ready()
        assert client.snapshot == served.source.snapshot

        served.source.change("web03", "no answer")
        served.source.change("web04", "refused")
        await until(client, lambda: client.snapshot.revision == 3)

    assert client.snapshot == served.source.snapshot


async def test_the_socket_is_for_its_owner_only(served: Served) -> None:
    assert stat.S_IMODE(served.path.stat().st_mode) == 0o600


async def test_the_kernel_names_the_actor_and_not_the_client(served: Served) -> None:
    async with served.client() as client:
        await client.ready()

        done = await client.call(PollNow(), Done)

    assert client.actor == done.text.removeprefix("poll by ")
    assert served.server.peers == () or served.server.peers[0].pid == os.getpid()


async def test_i06_another_uid_is_refused(tmp_path: Path) -> None:
    server = Server(Source(), answer_done, Hello(PROTOCOL, "0.1.0"), SystemClock())
    server._uid = os.geteuid() + 1
    await server.start(tmp_path / "s")

    reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
    frame = await read_from_server(reader)

    assert isinstance(frame, Bye)
    assert (
        frame.reason == f"refused: this engine belongs to uid {server._uid}, you are {os.geteuid()}"
    )
    writer.close()
    await server.close()


async def test_clients_of_equal_revisions_share_one_encoding(served: Served) -> None:
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(served.client()) for _ in range(10)]
        for client in clients:
            await client.ready()
        before = served.server.encodings

        served.source.change("web07", "silent")
        for client in clients:
            await until(client, lambda client=client: client.snapshot.revision == 2)

        assert served.server.encodings - before == 1


async def test_a_client_is_told_of_nothing_but_time_every_five_seconds_only(tmp_path: Path) -> None:
    async with serving(tmp_path / "s") as served, served.client() as client:
        await client.ready()
        before = served.server.encodings

        for _ in range(4):
            served.source.tick()
            served.server.publish()
        quiet = served.server.encodings
        served.source.tick()
        served.server.publish()

        await until(client, lambda: client.snapshot.revision == 6)
        assert (quiet - before, served.server.encodings - before) == (0, 1)
        assert client.snapshot.now == 1005.0


async def test_what_changed_while_only_time_was_kept_back_comes_at_once(served: Served) -> None:
    async with served.client() as client:
        await client.ready()
        served.source.tick()
        served.server.publish()

        served.source.change("web07", "silent")

        await until(client, lambda: client.snapshot.hosts["web07"].reason == "silent")
        assert client.snapshot == served.source.snapshot


async def test_d05_a_client_that_does_not_read_gets_one_merged_delta_later(tmp_path: Path) -> None:
    async with serving(tmp_path / "s") as served:
        reader, writer = await _raw(served.path)
        assert isinstance(await read_from_server(reader), SnapshotFrame)
        served.source.change("web01", "x" * (8 << 20))  # more than every buffer on the way
        served.server.publish()
        begun = served.server.encodings

        for n in range(50):
            served.source.change(f"web{n % 10:02}", f"reason {n}")
            assert served.server.publish() is True
        assert served.server.encodings == begun

        big = await read_from_server(reader)
        merged = await read_from_server(reader)
        assert isinstance(big, DeltaFrame)
        assert isinstance(merged, DeltaFrame)
        assert (merged.delta.base, merged.delta.revision) == (2, 52)
        assert set(merged.delta.hosts) == {f"web{n:02}" for n in range(10)}
        writer.close()


async def test_d06_a_client_that_dies_costs_the_others_nothing(served: Served) -> None:
    async with served.client() as stays:
        await stays.ready()
        async with served.client() as goes:
            await goes.ready()
            assert goes._writer is not None
            goes._writer.transport.abort()

        served.source.change("web01", "x")
        await until(stays, lambda: stays.snapshot.revision == 2)


async def test_calls_are_answered_side_by_side(tmp_path: Path) -> None:
    gate = asyncio.Event()

    async def handler(call: AnyCall, peer: Peer) -> Struct:
        if isinstance(call, ReadOutput):
            await gate.wait()
        else:
            gate.set()
        return Done("ok")

    async with serving(tmp_path / "s", handler) as served, served.client() as client:
        await client.ready()
        async with asyncio.TaskGroup() as group:
            slow = group.create_task(client.call(ReadOutput("r1"), Done))
            group.create_task(client.call(EngineStatus(), Done))

    assert slow.result() == Done("ok")


async def test_a_refusal_travels_with_its_code(tmp_path: Path) -> None:
    async def refuse(call: AnyCall, peer: Peer) -> Struct:
        raise RefusedError("locked", "changes are locked in prod")

    async with serving(tmp_path / "s", refuse) as served, served.client() as client:
        await client.ready()
        with pytest.raises(RefusedError, match="changes are locked in prod") as caught:
            await client.call(AckAlert(("e1",)), Done)

    assert caught.value.code == "locked"


async def test_a_fault_in_the_engine_is_an_answer_and_the_client_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def crash(call: AnyCall, peer: Peer) -> Struct:
        if isinstance(call, PollNow):
            raise KeyError("web99")
        return Done("still here")

    async with serving(tmp_path / "s", crash) as served, served.client() as client:
        await client.ready()
        with pytest.raises(EngineError, match="engine fault: KeyError"):
            await client.call(PollNow(), Done)
        again = await client.call(EngineStatus(), Done)

    assert again.text == "still here"
    assert "call poll" in caplog.text


async def test_d08_another_protocol_is_told_and_not_guessed_around(served: Served) -> None:
    reader, writer = await asyncio.open_unix_connection(served.path)
    writer.write(encode(Hello(PROTOCOL + 1, "9.0.0")))
    ours = await read_from_server(reader)
    bye = await read_from_server(reader)

    assert isinstance(ours, Hello)
    assert ours.protocol == PROTOCOL
    assert isinstance(bye, Bye)
    writer.close()
    said = f"speaks protocol {PROTOCOL}, you (9.0.0) speak {PROTOCOL + 1}: restart the engine"
    assert said in bye.reason


async def test_d08_a_client_says_what_to_do_about_another_protocol(tmp_path: Path) -> None:
    hello = Hello(PROTOCOL + 1, "0.1.0")
    server = Server(Source(), answer_done, hello, SystemClock())
    await server.start(tmp_path / "s")
    served = Served(tmp_path / "s", Source(), server)

    async with served.client() as client:
        with pytest.raises(EngineError, match="opsconsole engine stop, then start again"):
            await client.ready()
    await server.close()


async def test_a_path_too_long_for_a_socket_is_said(tmp_path: Path) -> None:
    server = Server(Source(), answer_done, Hello(PROTOCOL, "0.1.0"), SystemClock())

    with pytest.raises(EngineError, match="set XDG_STATE_HOME to a shorter folder"):
        await server.start(tmp_path / ("x" * 120))
    await server.close()


async def test_solo_speaks_the_same_wire_over_a_socketpair() -> None:
    source = Source()
    server = Server(source, answer_done, Hello(PROTOCOL, "0.1.0"), SystemClock())
    await server.start()

    async with Client(open_solo(server), Hello(PROTOCOL, "0.1.0"), SystemClock()) as client:
        await client.ready()
        done = await client.call(PollNow(), Done)

    assert client.snapshot == source.snapshot
    assert done.text == f"poll by {client.actor}"
    await server.close()


async def test_a_client_attaches_again_by_itself(tmp_path: Path) -> None:
    async with serving(tmp_path / "s") as served:
        client = served.client()
        client.start()
        await client.ready()
    await until(client, lambda: client.link == "lost")
    assert client.reason == "the engine stops"

    async with serving(tmp_path / "s") as served:
        served.source.change("web00", "again")
        await until(client, lambda: client.link == "attached" and client.snapshot.revision == 2)
        await client.close()


async def test_a_state_that_cannot_be_sent_is_said_and_the_next_one_comes_through(
    served: Served,
) -> None:
    async with served.client() as client:
        await client.ready()

        served.source.change("web03", "half a pair: \ud800")
        await until(client, lambda: client.link == "lost")
        said = client.reason
        served.source.change("web03", "refused")
        await until(client, lambda: client.link == "attached" and client.snapshot.revision == 3)

    assert said == "a frame cannot be sent: surrogates not allowed"


async def test_a_call_under_way_fails_when_the_engine_is_lost(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def never(call: AnyCall, peer: Peer) -> Struct:
        begun.set()
        await asyncio.Event().wait()
        return Done()

    async with serving(tmp_path / "s", never) as served, served.client() as client:
        await client.ready()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(_error_of(client))
            await begun.wait()
            await served.server.close()

    assert task.result() == "the engine was lost: the engine stops"


async def test_a_gap_in_the_deltas_brings_a_fresh_snapshot(served: Served) -> None:
    async with served.client() as client:
        await client.ready()
        client.snapshot = snapshot_at(client, 77)

        served.source.change("web01", "x")
        await until(client, lambda: client.snapshot.revision == 2)

    assert client.snapshot == served.source.snapshot


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(junk=st.binary(max_size=200), greet=st.booleans(), frame=st.booleans())
async def test_d09_forged_frames_cost_their_sender_only(
    served: Served, junk: bytes, greet: bool, frame: bool
) -> None:
    reader, writer = await asyncio.open_unix_connection(served.path)
    if greet:
        writer.write(encode(Hello(PROTOCOL, "0.1.0", subscribe=False)))
    writer.write(len(junk).to_bytes(4, "big") + junk if frame else junk)
    writer.write_eof()
    async with asyncio.timeout(10):
        await reader.read()
    writer.close()

    async with served.client(subscribe=False) as honest:
        await honest.ready()
        assert (await honest.call(PollNow(), Done)).text.startswith("poll by ")


async def test_d09_an_oversized_frame_is_refused_before_it_is_read(served: Served) -> None:
    reader, writer = await _raw(served.path, subscribe=False)
    writer.write((CLIENT_FRAME_LIMIT + 1).to_bytes(4, "big"))

    bye = await read_from_server(reader)

    assert bye == Bye(
        f"a frame of {CLIENT_FRAME_LIMIT + 1} bytes is longer than {CLIENT_FRAME_LIMIT}"
    )
    writer.close()


async def test_d09_a_deeply_nested_frame_is_refused(served: Served) -> None:
    reader, writer = await _raw(served.path, subscribe=False)
    body = b"\x91" * 100_000
    writer.write(len(body).to_bytes(4, "big") + body)

    bye = await read_from_server(reader)

    assert isinstance(bye, Bye)
    assert bye.reason.startswith("not a frame of ours")
    writer.close()


async def test_answers_nobody_reads_stop_further_calls(tmp_path: Path) -> None:
    asked = 0

    async def big(call: AnyCall, peer: Peer) -> Struct:
        nonlocal asked
        asked += 1
        return Done("x" * (1 << 20))

    async with serving(tmp_path / "s", big) as served:
        _reader, writer = await _raw(served.path, subscribe=False)
        for number in range(500):
            writer.write(encode(CallFrame(number, EngineStatus())))
        async with served.client(subscribe=False) as other:
            await other.ready()
            await other.call(EngineStatus(), Done)

        assert asked < 100
        writer.transport.abort()


def test_an_account_without_a_name_is_shown_by_number() -> None:
    def nobody(uid: int) -> object:
        raise KeyError(uid)

    assert name_of(4242, nobody) == "uid:4242"  # type: ignore[arg-type]


def snapshot_at(client: Client, revision: int) -> object:
    from msgspec.structs import replace

    return replace(client.snapshot, revision=revision)


async def _error_of(client: Client) -> str:
    try:
        await client.call(PollNow(), Done)
    except EngineError as error:
        return str(error)
    return ""


async def _raw(
    path: Path, *, subscribe: bool = True
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    sock = socket.socket(socket.AF_UNIX)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, str(path))
    reader, writer = await asyncio.open_unix_connection(sock=sock)
    writer.write(encode(Hello(PROTOCOL, "0.1.0", subscribe=subscribe)))
    assert isinstance(await read_from_server(reader), Hello)
    return reader, writer
