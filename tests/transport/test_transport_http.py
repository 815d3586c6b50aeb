"""Endpoints that answer, and the rows H01 to H08 of the fault catalogue."""

import asyncio
import datetime
import gc
import gzip
import resource
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from opsconsole.clock import SystemClock
from opsconsole.errors import ParseError
from opsconsole.transport.http import Endpoint, HttpClient, HttpFault
from opsconsole.transport.json_text import decode_json
from tests.realsshd import free_port
from tests.transport.faultservers import http, http_says, repeats, says, serving, silent


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient(SystemClock())
    yield client
    await client.close()
    gc.collect()  # what is left open shows here, in the test that left it


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def tls(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def endpoint(port: int, timeout: float = 3.0, **fields: object) -> Endpoint:
    return Endpoint(f"http://127.0.0.1:{port}/health", timeout=timeout, **fields)  # type: ignore[arg-type]


async def test_a_reply_comes_back_with_status_headers_body_and_phases(client: HttpClient) -> None:
    async with serving(http(b'{"ok":1}', headers="X-Version: 1.2\r\n")) as port:
        answer = await client.fetch(endpoint(port))

    assert answer.fault is None
    assert (answer.status, answer.body) == (200, b'{"ok":1}')
    assert answer.headers["x-version"] == "1.2"
    assert set(answer.phases) == {"dns", "connect", "first_byte", "transfer"}
    assert answer.took >= sum(answer.phases.values()) * 0.99


async def test_a_failure_status_is_a_reply_and_no_fault(client: HttpClient) -> None:
    async with serving(http(status="500 Internal Server Error")) as port:
        answer = await client.fetch(endpoint(port))

    assert (answer.status, answer.fault, answer.reason) == (500, None, "")


async def test_a_second_question_uses_the_same_connection(client: HttpClient) -> None:
    connections = 0
    answer_all = http()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await answer_all(reader, writer)

    async with serving(serve) as port:
        await client.fetch(endpoint(port))
        answer = await client.fetch(endpoint(port))

    assert connections == 1
    assert "connect" not in answer.phases


async def test_a_kept_connection_that_the_server_closed_is_replaced(client: HttpClient) -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()

    async with serving(once) as port:
        first = await client.fetch(endpoint(port))
        second = await client.fetch(endpoint(port))

    assert (first.body, second.body) == (b"ok", b"ok")


async def test_headers_are_sent_as_given_and_encodings_are_refused(client: HttpClient) -> None:
    seen: list[bytes] = []
    async with serving(http(seen=seen)) as port:
        await client.fetch(endpoint(port, headers={"X-Api-Key": "k"}))

    request = seen[0].lower()
    assert b"x-api-key: k" in request
    assert b"accept-encoding: identity" in request
    assert f"host: 127.0.0.1:{port}".encode() in request
    assert b"cookie" not in request


async def test_cookies_are_not_kept(client: HttpClient) -> None:
    seen: list[bytes] = []
    async with serving(http(headers="Set-Cookie: a=b\r\n", seen=seen)) as port:
        await client.fetch(endpoint(port))
        await client.fetch(endpoint(port))

    assert b"cookie" not in seen[1].lower()


@pytest.mark.parametrize("part", ["head", "body"])
async def test_h01_a_dripping_reply_ends_at_the_total_deadline(
    client: HttpClient, part: str
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" if part == "body" else b""
    async with serving(http_says(head + b"HTTP/1.1 200 OK\r\nX: y" * 100, drip=0.05)) as port:
        began = time.monotonic()
        answer = await client.fetch(endpoint(port, timeout=0.6))

    assert answer.fault is HttpFault.TIMEOUT
    assert "in 0.6 s" in answer.reason
    assert time.monotonic() - began < 2


async def test_h02_a_gzip_bomb_is_refused_and_never_unpacked(client: HttpClient) -> None:
    bomb = gzip.compress(b"\0" * (64 << 20))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with serving(http(bomb, headers="Content-Encoding: gzip\r\n")) as port:
        answer = await client.fetch(endpoint(port))

    assert answer.fault is HttpFault.BAD_REPLY
    assert "gzip" in answer.reason
    assert answer.body == b""
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 10 * 1024


async def test_h03_an_endless_body_is_cut_at_the_cap(client: HttpClient) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 400000000\r\n\r\n")
        await repeats(b"x" * 65536)(reader, writer)

    async with serving(serve) as port:
        answer = await client.fetch(endpoint(port, max_body=200_000))

    assert answer.fault is HttpFault.TOO_LARGE
    assert (answer.status, len(answer.body)) == (200, 200_000)


@pytest.mark.parametrize(
    "location", ["/again", "file:///etc/passwd", "http://169.254.169.254/latest/"]
)
async def test_h04_a_redirect_is_shown_and_not_followed(client: HttpClient, location: str) -> None:
    seen: list[bytes] = []
    serve = http(status="302 Found", headers=f"Location: {location}\r\n", seen=seen)
    async with serving(serve) as port:
        answer = await client.fetch(endpoint(port))

    assert (answer.status, answer.redirect, answer.fault) == (302, location, None)
    assert len(seen) == 1


async def test_https_is_checked_and_tells_when_its_certificate_ends(
    client: HttpClient, authority: trustme.CA, ca: str
) -> None:
    until = datetime.datetime.now(datetime.UTC).replace(microsecond=0) + datetime.timedelta(days=9)
    certificate = authority.issue_cert("127.0.0.1", not_after=until)
    async with serving(http(), tls(certificate)) as port:
        answer = await client.fetch(Endpoint(f"https://127.0.0.1:{port}/", ca=ca, timeout=3))

    assert answer.status == 200, answer.reason
    assert answer.cert_expires_at == until.timestamp()
    assert "tls" in answer.phases


@pytest.mark.parametrize(
    ("case", "word"),
    [
        ("expired", HttpFault.TLS_EXPIRED),
        ("self-signed", HttpFault.TLS_SELF_SIGNED),
        ("wrong-name", HttpFault.TLS_WRONG_NAME),
        ("common-name-only", HttpFault.TLS_WRONG_NAME),
        ("other-authority", HttpFault.TLS_UNTRUSTED),
    ],
)
async def test_h05_each_bad_certificate_has_its_own_reason(
    client: HttpClient, authority: trustme.CA, ca: str, case: str, word: HttpFault
) -> None:
    now = datetime.datetime.now(datetime.UTC)
    names = {
        "expired": lambda: authority.issue_cert(
            "localhost",
            not_before=now - datetime.timedelta(9),
            not_after=now - datetime.timedelta(2),
        ),
        "self-signed": lambda: trustme.CA().issue_cert("localhost"),
        "wrong-name": lambda: authority.issue_cert("shop.example"),
        "common-name-only": lambda: authority.issue_cert("127.0.0.2", common_name="localhost"),
        "other-authority": lambda: trustme.CA().issue_cert("localhost"),
    }
    context = tls(names[case]())
    if case == "self-signed":
        context = _self_signed()
    async with serving(http(), context) as port:
        target = Endpoint(f"https://localhost:{port}/", ca=ca, timeout=3)
        answer = await client.fetch(target)
        probe = await client.probe_tls(f"localhost:{port}", timeout=3, ca=ca)

    assert (answer.fault, probe.fault) == (word, word), (answer.reason, probe.reason)
    assert answer.reason
    assert answer.cert_expires_at == probe.cert_expires_at
    if case == "expired":
        assert answer.cert_expires_at is not None
        assert answer.cert_expires_at < now.timestamp()


def _self_signed() -> ssl.SSLContext:
    """A context that shows an authority's own certificate as its leaf."""
    import tempfile

    root = trustme.CA()
    with tempfile.NamedTemporaryFile() as file:
        file.write(root.private_key_pem.bytes() + root.cert_pem.bytes())
        file.flush()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file.name)
    return context


async def test_https_to_a_plain_port_says_so(client: HttpClient, ca: str) -> None:
    async with serving(says(b"HTTP/1.1 400 Bad Request\r\n\r\n", then_waits=True)) as port:
        answer = await client.fetch(Endpoint(f"https://127.0.0.1:{port}/", ca=ca, timeout=3))

    assert answer.fault is HttpFault.TLS
    assert "plain port" in answer.reason


async def test_a_tls_handshake_that_never_ends_is_cut_and_closed(
    client: HttpClient, ca: str
) -> None:
    async with serving(silent) as port:
        answer = await client.fetch(Endpoint(f"https://127.0.0.1:{port}/", ca=ca, timeout=0.5))
        probe = await client.probe_tls(f"127.0.0.1:{port}", timeout=0.5, ca=ca)

    assert (answer.fault, probe.fault) == (HttpFault.TIMEOUT, HttpFault.TIMEOUT)
    assert "TLS handshake" in answer.reason


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 999999 Odd\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
async def test_h06_a_broken_reply_is_a_bad_reply(client: HttpClient, reply: bytes) -> None:
    async with serving(http_says(reply)) as port:
        answer = await client.fetch(endpoint(port))

    assert answer.fault is HttpFault.BAD_REPLY
    assert answer.reason.startswith("bad reply")


@pytest.mark.parametrize(
    "body",
    [
        b"NaN",
        b'{"a": Infinity}',
        pytest.param(b"[" * 200_000 + b"]" * 200_000, id="deep"),
        b"not json",
        b'{"a": 1',
        b'{"a": "\xff"}',
        b"",
    ],
)
def test_h06_json_that_is_none_is_a_bad_reply(body: bytes) -> None:
    with pytest.raises(ParseError):
        decode_json(body)


def test_h06_a_huge_integer_does_no_harm() -> None:
    try:
        value = decode_json(b"9" * 100_000)
    except ParseError:
        return
    assert isinstance(value, float | int)


async def test_h07_a_full_pool_is_our_own_fault(client: HttpClient) -> None:
    await client.fetch(endpoint(free_port()))  # the library loads half of itself at its first use
    async with serving(silent) as port:
        answers = await asyncio.gather(*(client.fetch(endpoint(port, 0.6)) for _ in range(4)))

    words = sorted(answer.fault for answer in answers if answer.fault)
    assert words == [HttpFault.BUSY, HttpFault.BUSY, HttpFault.TIMEOUT, HttpFault.TIMEOUT], answers
    assert any(answer.reason.startswith("console busy") for answer in answers)


async def test_h08_proxies_of_the_environment_are_ignored(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    async with serving(http()) as port:
        answer = await client.fetch(endpoint(port))

    assert answer.status == 200


async def test_the_next_address_of_a_name_is_tried_when_one_refuses(client: HttpClient) -> None:
    async def six(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        await writer.drain()
        writer.close()

    try:
        server = await asyncio.start_server(six, "::1", 0)
    except OSError:
        pytest.skip("needs IPv6 on loopback")
    async with server:
        port = server.sockets[0].getsockname()[1]
        answer = await client.fetch(Endpoint(f"http://localhost:{port}/", timeout=3))
        probe = await client.probe_tcp(f"localhost:{port}", timeout=3)

    assert (answer.status, probe.fault) == (200, None), answer.reason


async def test_a_closed_port_is_refused(client: HttpClient) -> None:
    port = free_port()

    answer = await client.fetch(endpoint(port))
    probe = await client.probe_tcp(f"127.0.0.1:{port}", timeout=2)

    assert (answer.fault, probe.fault) == (HttpFault.REFUSED, HttpFault.REFUSED)


async def test_a_name_that_does_not_exist_is_dns(client: HttpClient) -> None:
    answer = await client.fetch(Endpoint("http://nobody.invalid/", timeout=5))

    assert answer.fault is HttpFault.DNS
    assert "nobody.invalid" in answer.reason


async def test_an_address_that_is_none_is_answered_not_raised(client: HttpClient) -> None:
    for url in ("ftp://127.0.0.1/", "http://", "nonsense", "http://[::1", "http://a:99999/"):
        assert (await client.fetch(Endpoint(url, timeout=1))).fault is not None


async def test_a_missing_authority_file_is_told(client: HttpClient, tmp_path: Path) -> None:
    missing = str(tmp_path / "none.pem")

    answer = await client.fetch(Endpoint("https://127.0.0.1/", ca=missing, timeout=1))
    probe = await client.probe_tls("127.0.0.1:443", timeout=1, ca=missing)

    assert (answer.fault, probe.fault) == (HttpFault.TLS, HttpFault.TLS)
    assert missing in answer.reason


async def test_a_port_that_answers_has_phases(
    client: HttpClient, authority: trustme.CA, ca: str
) -> None:
    async with serving(silent, tls(authority.issue_cert("127.0.0.1"))) as port:
        plain = await client.probe_tcp(f"127.0.0.1:{port}", timeout=2)
        secure = await client.probe_tls(f"127.0.0.1:{port}", timeout=2, ca=ca)

    assert set(plain.phases) == {"dns", "connect"}
    assert set(secure.phases) == {"dns", "connect", "tls"}
    assert (plain.fault, secure.fault) == (None, None)
    assert secure.cert_expires_at is not None


async def test_a_name_of_its_own_can_be_demanded_of_a_certificate(
    client: HttpClient, authority: trustme.CA, ca: str
) -> None:
    async with serving(silent, tls(authority.issue_cert("shop.example"))) as port:
        target = f"127.0.0.1:{port}"
        right = await client.probe_tls(target, timeout=2, ca=ca, name="shop.example")
        wrong = await client.probe_tls(target, timeout=2, ca=ca, name="other.example")

    assert (right.fault, wrong.fault) == (None, HttpFault.TLS_WRONG_NAME)
