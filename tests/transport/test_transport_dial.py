"""Servers that are not as they should be: rows N01, N05 to N10 and N16 of the fault catalogue."""

import asyncio
import contextlib
import getpass
import os
import signal
import threading
import time

import pytest
from msgspec.structs import replace

from opsconsole.errors import TransportError
from opsconsole.model.inventory import Host
from opsconsole.model.states import Reach
from opsconsole.transport.base import Command, Ending
from opsconsole.transport.ssh import SshTransport
from tests.realsshd import RealSshd, free_port, make_key
from tests.transport.faultservers import (
    Serve,
    answers_a_line,
    drips,
    hangs_up,
    repeats,
    says,
    serving,
    silent,
)
from tests.transport.sshhosts import MakeSshd, MakeTransport, host_of

LOOP = r"""
while IFS= read -r n; do
  a=$(printf 'load '; cat /proc/loadavg)
  printf '%s\n\036%s end\n' "$a" "$n"
done
"""


@pytest.fixture
def key(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_key(tmp_path_factory.mktemp("keys") / "key"))


def at(port: int, key: str, **fields: object) -> Host:
    settings: dict[str, object] = {
        "address": "127.0.0.1",
        "identity": (key,),
        "timeout": 1.0,
        "user": "nobody",
    }
    return Host("db-02", port=port, **(settings | fields))  # type: ignore[arg-type]


async def fault_of(transport: SshTransport, host: Host) -> TransportError:
    """Ask a host that cannot answer."""
    with pytest.raises(TransportError) as caught:
        await transport.ask(host, LOOP, {}, timeout=host.timeout, max_output=10_000)
    return caught.value


async def test_n01_a_closed_port_is_refused_at_once(
    make_transport: MakeTransport, key: str
) -> None:
    host = at(free_port(), key)

    fault = await fault_of(make_transport(host), host)

    assert fault.reach == Reach.REFUSED
    assert fault.reason == f"127.0.0.1:{host.port} refuses connections"


async def test_n01_a_refused_port_is_not_dialled_again_before_its_time(
    make_transport: MakeTransport, key: str
) -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1

    async with serving(serve) as port:
        host = at(port, key)
        transport = make_transport(host)
        first = await fault_of(transport, host)
        again = [await fault_of(transport, host) for _ in range(5)]
        transport.retry(host)
        await fault_of(transport, host)

    assert {fault.reason for fault in again} == {first.reason}
    assert connections == 2


async def test_n05_a_frozen_connection_is_silent_and_replaced(
    sshd: RealSshd, make_transport: MakeTransport
) -> None:
    host = host_of(sshd, timeout=2.0)
    transport = make_transport(host)
    await transport.ask(host, LOOP, {}, timeout=4, max_output=10_000)
    frozen = sshd.children()
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)

    fault = await fault_of(transport, host)
    answer = await transport.ask(host, LOOP, {}, timeout=4, max_output=10_000)

    assert fault.reach == Reach.SILENT
    assert answer.startswith(b"load ")


async def test_n05_a_host_that_was_only_slow_keeps_its_connection(
    sshd: RealSshd, make_transport: MakeTransport
) -> None:
    host = host_of(sshd, timeout=2.0)
    transport = make_transport(host)
    await transport.ask(host, LOOP, {}, timeout=4, max_output=10_000)
    logins = sshd.log_count("Accepted publickey")
    frozen = sshd.children()
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)

    fault = await fault_of(transport, host)
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)
    answer = await transport.ask(host, LOOP, {}, timeout=4, max_output=10_000)

    assert fault.reach == Reach.SILENT
    assert answer.startswith(b"load ")
    assert sshd.log_count("Accepted publickey") == logins


async def test_a_loop_of_ours_that_stood_still_condemns_nobody(
    sshd: RealSshd, make_transport: MakeTransport
) -> None:
    host = host_of(sshd, timeout=2.0)
    transport = make_transport(host)
    await transport.ask(host, LOOP, {}, timeout=4, max_output=10_000)

    asking = asyncio.create_task(
        transport.ask(host, LOOP, {}, timeout=2.0, max_output=10_000), name="ask"
    )
    await asyncio.sleep(0)  # it is asked
    threading.Event().wait(1.3)  # and longer than the answer is waited for, nothing runs here
    answer = await asking

    assert answer.startswith(b"load ")


async def test_n06_a_stopped_listener_is_silent(
    sshd: RealSshd, make_transport: MakeTransport
) -> None:
    os.kill(sshd.pid, signal.SIGSTOP)
    host = host_of(sshd, timeout=1.0)

    fault = await fault_of(make_transport(host), host)

    assert fault.reach == Reach.SILENT
    assert "accepts and says nothing" in fault.reason


@pytest.mark.parametrize(
    ("row", "serve", "reach", "words"),
    [
        ("n06", silent, Reach.SILENT, "accepts and says nothing"),
        ("n07", drips(b"SSH-2.0-OpenSSH_9.2p1 Debian"), Reach.SLOW, "greeting drips"),
        ("n08", repeats(b"hello, this is a banner\r\n"), Reach.NOT_SSH, "hello, this is a banner"),
        ("n08", repeats(b"x" * 1000), Reach.NOT_SSH, "not SSH"),
        (
            "n09",
            says(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            Reach.NOT_SSH,
            "HTTP/1.1 400 Bad Request",
        ),
        ("n09", answers_a_line(b"HTTP/1.1 400 Odd\r\n\r\n"), Reach.NOT_SSH, "HTTP/1.1 400 Odd"),
        ("n09", says(b"220 mail.example ESMTP\r\n", then_waits=True), Reach.NOT_SSH, "ESMTP"),
        ("n10", hangs_up, Reach.DROPPED_US, "hangs up at once"),
        ("n10", says(b"Exceeded MaxStartups\r\n"), Reach.DROPPED_US, "Exceeded MaxStartups"),
        ("n10", says(b"SSH-2.0-OpenSSH_9.2p1\r\n"), Reach.DROPPED_US, "during the key exchange"),
        ("greets", says(b"SSH-2.0-x\r\n", then_waits=True), Reach.SILENT, "says nothing"),
        ("old", says(b"SSH-1.5-old\r\n", then_waits=True), Reach.NOT_SSH, "SSH-1.5-old"),
        ("noise", repeats(bytes(range(256))), Reach.NOT_SSH, "not SSH"),
    ],
)
async def test_n07_n08_n09_what_a_strange_server_says_tells_its_state(
    make_transport: MakeTransport, key: str, row: str, serve: Serve, reach: Reach, words: str
) -> None:
    async with serving(serve) as port:
        host = at(port, key)
        fault = await fault_of(make_transport(host), host)

    assert (fault.reach, words in fault.reason) == (reach, True), fault.reason
    assert all(char >= " " for char in fault.reason)


async def test_every_attempt_ends_within_its_budget(
    make_transport: MakeTransport, key: str
) -> None:
    async with serving(silent) as port:
        host = at(port, key, timeout=0.5)
        began = time.monotonic()
        await fault_of(make_transport(host), host)

    assert time.monotonic() - began < 3


async def test_n10_a_full_server_is_said_to_be_busy(
    make_sshd: MakeSshd, make_transport: MakeTransport
) -> None:
    server = make_sshd(options={"MaxStartups": "1:100:1", "LoginGraceTime": "30"})
    while True:  # until the one that looked whether the server is there has gone
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        if (await reader.readline()).startswith(b"SSH-"):
            break
        writer.close()
    try:
        host = host_of(server)
        fault = await fault_of(make_transport(host), host)
    finally:
        writer.close()

    assert fault.reach == Reach.DROPPED_US


async def test_n16_a_name_nobody_knows_is_dns(make_transport: MakeTransport, key: str) -> None:
    host = at(22, key, address="nobody.invalid", timeout=5.0)

    fault = await fault_of(make_transport(host), host)

    assert fault.reach == Reach.DNS
    assert "nobody.invalid" in fault.reason


async def test_a_login_that_takes_too_long_is_slow_and_not_silent(
    make_sshd: MakeSshd, make_transport: MakeTransport
) -> None:
    server = make_sshd(
        options={
            "AuthorizedKeysCommand": "/bin/sleep 30",
            "AuthorizedKeysCommandUser": getpass.getuser(),
        },
    )
    server.authorized.write_text("")
    host = host_of(server, timeout=2.0)

    fault = await fault_of(make_transport(host), host)

    assert fault.reach == Reach.SLOW
    assert "login takes longer" in fault.reason


async def test_a_lost_connection_is_dialled_again_by_the_next_question(
    sshd: RealSshd, make_transport: MakeTransport
) -> None:
    host = host_of(sshd)
    transport = make_transport(host)
    first = await transport.ask(host, LOOP, {}, timeout=4, max_output=10_000)
    for pid in sshd.children():
        os.kill(pid, signal.SIGKILL)

    # whether the loss was seen before or by this question is a matter of milliseconds
    with contextlib.suppress(TransportError):
        await transport.ask(host, LOOP, {}, timeout=4, max_output=10_000)
    answer = await transport.ask(host, LOOP, {}, timeout=4, max_output=10_000)

    assert first.startswith(b"load ")
    assert answer.startswith(b"load ")


async def test_a_host_that_cannot_be_reached_answers_a_run_with_unreachable(
    make_transport: MakeTransport, key: str
) -> None:
    host = at(free_port(), key)
    told: list[str] = []

    async def on_dispatch() -> None:
        told.append("dispatched")

    answer = await make_transport(host).run(host, Command(argv=("true",)), on_dispatch=on_dispatch)

    assert (answer.ending, answer.reach, told) == (Ending.UNREACHABLE, Reach.REFUSED, [])


async def test_a_dead_host_does_not_keep_a_live_one_waiting(
    sshd: RealSshd, make_transport: MakeTransport, key: str
) -> None:
    live = host_of(sshd)
    async with serving(silent) as port:
        hosts = [replace(at(port, key, timeout=3.0), name=f"dead{number}") for number in range(20)]
        transport = make_transport(live, *hosts)
        tasks = [asyncio.ensure_future(fault_of(transport, host)) for host in hosts]
        answer = await transport.ask(live, LOOP, {}, timeout=4, max_output=10_000)
        pending = sum(not task.done() for task in tasks)
        await asyncio.gather(*tasks)

    assert answer.startswith(b"load ")
    assert pending == 20
