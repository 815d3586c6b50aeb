"""A host asks for us with its own tools: the same verdict as ours, and an honest unknown where it cannot."""

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
import trustme

from opsconsole.clock import SystemClock
from opsconsole.collect.answers import show_dns, show_http, show_ping, show_probe
from opsconsole.collect.checks import HERE
from opsconsole.collect.via import ViaAsker
from opsconsole.collect.via_http import curl_config, read_curl
from opsconsole.model.inventory import Host
from opsconsole.model.secret import Secret
from opsconsole.transport.base import Answer, Ending
from opsconsole.transport.http import HttpClient
from opsconsole.transport.http_answer import DnsQuestion, Endpoint, HttpFault
from opsconsole.transport.local import LocalTransport
from tests.collect_fakes import FakeRemote

HTTP = b"HTTP/1.1 200 OK\r\nX-Version: 2\r\nContent-Length: 5\r\n\r\nhello"


def need_tool(name: str) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"needs {name}")


@pytest.fixture
async def ours() -> AsyncIterator[HttpClient]:
    client = HttpClient(SystemClock())
    yield client
    await client.close()


@pytest.fixture
def theirs() -> ViaAsker:
    return ViaAsker(LocalTransport(SystemClock()), HERE)


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Any]]:
    """Serve bytes on a loopback port; what was asked is kept."""
    async with AsyncExitStack() as stack:

        async def start(says: bytes, tls: ssl.SSLContext | None = None) -> tuple[int, list[bytes]]:
            heard: list[bytes] = []

            async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                if says.startswith(b"HTTP"):
                    heard.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(says)
                writer.close()

            server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
            await stack.enter_async_context(server)
            return server.sockets[0].getsockname()[1], heard

        yield start


async def test_both_see_the_same_of_an_endpoint(ours, theirs, serve) -> None:
    need_tool("curl")
    port, heard = await serve(HTTP)
    hidden = {"authorization": Secret('Bearer a"b\\c')}
    endpoint = Endpoint(f"http://127.0.0.1:{port}/x?a[1]=2", hidden=hidden, timeout=5)

    here, there = await ours.fetch(endpoint), await theirs.fetch(endpoint)

    assert (there.status, there.body, there.headers) == (here.status, here.body, here.headers)
    assert there.ip == here.ip == "127.0.0.1"
    assert set(there.phases) == {"dns", "connect", "first_byte", "transfer"}
    assert all(b'Bearer a"b\\c' in request for request in heard)
    assert heard[1].startswith(b"GET /x?a[1]=2 ")


@pytest.mark.parametrize(
    ("url", "fault"),
    [("http://127.0.0.1:1/", HttpFault.REFUSED), ("http://nosuch.invalid/", HttpFault.DNS)],
)
async def test_both_fail_alike(ours, theirs, url: str, fault: HttpFault) -> None:
    need_tool("curl")
    here = await ours.fetch(Endpoint(url, timeout=5))
    there = await theirs.fetch(Endpoint(url, timeout=5))

    assert (here.fault, there.fault) == (fault, fault)
    assert "curl" not in there.reason


async def test_both_judge_ports_and_banners_alike(ours, theirs, serve) -> None:
    ssh, _ = await serve(b"SSH-2.0-OpenSSH_9.2p1 x\r\n")
    plain, _ = await serve(b"220 mail.example\r\n")

    for asker in (ours, theirs):
        up = await asker.probe_tcp(f"127.0.0.1:{plain}", timeout=5)
        down = await asker.probe_tcp("127.0.0.1:1", timeout=5)
        good = await asker.probe_ssh(f"127.0.0.1:{ssh}", timeout=5)
        bad = await asker.probe_ssh(f"127.0.0.1:{plain}", timeout=5)
        assert (up.fault, down.fault) == (None, HttpFault.REFUSED)
        assert (good.fault, good.banner) == (None, "SSH-2.0-OpenSSH_9.2p1 x")
        assert (bad.fault, bad.reason) == (HttpFault.BAD_REPLY, "does not speak SSH")


async def test_a_certificate_of_an_unknown_authority_is_refused_and_read(theirs, serve) -> None:
    need_tool("openssl")
    leaf = trustme.CA().issue_cert("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    port, _ = await serve(b"hello", context)

    seen = await theirs.probe_tls(f"localhost:{port}", timeout=5)

    assert seen.fault in (HttpFault.TLS_UNTRUSTED, HttpFault.TLS_SELF_SIGNED)
    assert seen.cert is not None
    assert seen.cert.san == ("localhost",)
    assert seen.cert_expires_at == seen.cert.expires_at


async def test_a_plain_port_is_told_from_a_bad_certificate(theirs, serve) -> None:
    need_tool("openssl")
    port, _ = await serve(b"hello, this is no TLS at all\r\n")

    seen = await theirs.probe_tls(f"127.0.0.1:{port}", timeout=5)

    assert (seen.fault, seen.cert) == (HttpFault.TLS, None)


class NameServer(asyncio.DatagramProtocol):
    """Knows one name."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        query = dns.message.from_wire(data)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        name = str(query.question[0].name)
        if name == "www.example.com.":
            rows = dns.rrset.from_text(name, 120, "IN", "A", "192.0.2.11", "192.0.2.10")
            reply.answer.append(rows)
        else:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(reply.to_wire(), addr)


@pytest.mark.parametrize(
    ("name", "rcode", "answers", "ttl", "state"),
    [
        ("www.example.com", "NOERROR", ("192.0.2.10", "192.0.2.11"), 120.0, "up"),
        ("nosuch.example.com", "NXDOMAIN", (), None, "down"),
    ],
)
async def test_both_hear_the_same_of_a_name_server(
    ours, theirs, name, rcode, answers, ttl, state
) -> None:
    need_tool("dig")
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(NameServer, ("127.0.0.1", 0))
    try:
        port = transport.get_extra_info("sockname")[1]
        question = DnsQuestion(name, "A", f"127.0.0.1:{port}")
        for asker in (ours, theirs):
            seen = await asker.probe_dns(question, timeout=5)
            assert (seen.rcode, seen.answers, seen.ttl) == (rcode, answers, ttl)
            assert (seen.server, show_dns(seen).state) == ("127.0.0.1", state)
    finally:
        transport.close()


async def test_a_name_server_that_says_nothing_is_told(ours, theirs) -> None:
    need_tool("dig")
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, ("127.0.0.1", 0))
    try:
        server = f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
        for asker in (ours, theirs):
            seen = await asker.probe_dns(DnsQuestion("a.example", server=server), timeout=1)
            assert (seen.fault, show_dns(seen).state) == (HttpFault.TIMEOUT, "down")
    finally:
        transport.close()


async def test_the_systems_ping_hears_loopback_and_knows_no_name(theirs) -> None:
    need_tool("ping")
    heard = await theirs.probe_ping("127.0.0.1", timeout=5)
    unknown = await theirs.probe_ping("nosuch.invalid", timeout=5)

    assert (heard.sent, heard.received, heard.loss) == (3, 3, 0.0)
    assert heard.rtt is not None
    assert heard.rtt < 0.5
    assert unknown.fault is HttpFault.DNS


GONE = Answer(Ending.UNREACHABLE, reason="no answer from 192.0.2.1")
NONE = Answer(Ending.EXITED, 127)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (NONE, "{} is not on web01"),
        (GONE, "cannot ask from web01: no answer from 192.0.2.1"),
        (Answer(Ending.LOST, reason="connection lost"), "cannot ask from web01: connection lost"),
    ],
)
async def test_what_a_host_cannot_ask_is_unknown_and_never_down(answer: Answer, said: str) -> None:
    remote = FakeRemote()
    remote.answers["web01"] = answer
    asker = ViaAsker(remote, Host("web01", "192.0.2.1"))

    shown = {
        "curl": show_http(await asker.fetch(Endpoint("http://x.example/")), 0.0),
        "bash or nc": show_probe(await asker.probe_tcp("x.example:1", timeout=1), 0.0),
        "openssl": show_probe(await asker.probe_tls("x.example:1", timeout=1), 0.0),
        "dig": show_dns(await asker.probe_dns(DnsQuestion("x.example"), timeout=1)),
        "ping": show_ping(await asker.probe_ping("x.example", timeout=1)),
    }

    assert {tool: (str(s.state), s.reason) for tool, s in shown.items()} == {
        tool: ("unknown", said.format(tool)) for tool in shown
    }


async def test_no_secret_is_in_what_a_host_is_told_to_run() -> None:
    remote = FakeRemote()
    remote.answers["web01"] = NONE
    asker = ViaAsker(remote, Host("web01", "192.0.2.1"))

    await asker.fetch(Endpoint("http://x.example/", hidden={"x-key": Secret("k3y")}))

    [(_, command)] = remote.commands
    assert b"k3y" in command.stdin
    assert "k3y" not in f"{command.argv} {command.script} {command.args} {command.env}"


@pytest.mark.parametrize("value", ["a\nb", "a\r\nurl = evil", "a\0b"])
def test_a_value_cannot_become_another_line_of_the_configuration(value: str) -> None:
    with pytest.raises(ValueError, match="a line cannot be broken"):
        curl_config(Endpoint("http://x.example/", headers={"x": value}), "00")


def test_files_of_this_machine_are_not_asked_of_another() -> None:
    with pytest.raises(ValueError, match="files of this machine"):
        curl_config(Endpoint("https://x.example/", ca="/etc/own.pem"), "00")


def test_interim_answers_forged_measures_and_the_chain_are_kept_apart(tmp_path: Path) -> None:
    pem = trustme.CA().issue_cert("shop.example").cert_chain_pems[0].bytes()
    forged = b"\n00ff 500 9 9 9 9 9 192.0.2.9 http://evil.example/\n"
    out = (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/2 302 \r\nLocation: /b\r\n\r\nbody" + forged
        + b"\n0a0b 302 0.001 0.002 0.005 0.010 0.012 192.0.2.7 https://shop.example/b\nSubject: x\n" + pem
    )  # fmt: skip

    seen = read_curl(Answer(Ending.EXITED, 0, stdout=out), "0a0b", 5.0)

    assert (seen.status, seen.body) == (302, b"body" + forged)
    assert (seen.ip, seen.redirect, seen.took) == ("192.0.2.7", "https://shop.example/b", 0.012)
    assert seen.phases["tls"] == pytest.approx(0.003)
    assert seen.cert is not None
    assert seen.cert.san == ("shop.example",)
