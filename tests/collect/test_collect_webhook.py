"""Being told: an Alertmanager's webhook over a real socket, and heartbeats beside it."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from opsconsole.collect.credentials import Credentials
from opsconsole.collect.webhook import WebhookProbe
from opsconsole.errors import RefusedError
from opsconsole.model.alert import fingerprint
from opsconsole.model.inventory import AlertSource
from opsconsole.model.sample import FORGOTTEN
from opsconsole.transport.http_receiver import BODY_LIMIT
from tests.collect_fakes import FakeSink, VirtualClock

LABELS = {"alertname": "HighLoad", "instance": "db1:9100", "severity": "warning"}


def message(*statuses: str, **more: Any) -> bytes:
    alerts = [
        {"status": status, "labels": {**LABELS, "n": str(n), "replica": "a"},
         "annotations": {"summary": "load"}, "startsAt": "2026-11-22T11:08:07.690Z",
         "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://p.example/g", "fingerprint": "x"}
        for n, status in enumerate(statuses)
    ]  # fmt: skip
    whole = {
        "version": "4",
        "status": "firing",
        "receiver": "ops",
        "groupKey": "{}",
        "alerts": alerts,
    }
    return json.dumps(whole | more).encode()


class Hook:
    """A receiver on a free port of loopback."""

    def __init__(self, listen: str, **source: Any) -> None:
        self.sink = FakeSink()
        self.heard: list[str] = []
        self.clock = clock = VirtualClock()
        self.probe = WebhookProbe(
            AlertSource("hook", "webhook", listen=listen, **source),
            credentials=Credentials(lambda: {"tok": "env:HOOK_TOKEN"}, clock),
            hear=self.hear, sink=self.sink, clock=clock,
        )  # fmt: skip
        self.path = listen

    def hear(self, name: str) -> None:
        if name != "backup":
            raise RefusedError("unknown-target", f"no heartbeat check is called {name}")
        self.heard.append(name)

    async def send(self, raw: bytes) -> bytes:
        if self.path.startswith("/"):
            reader, writer = await asyncio.open_unix_connection(self.path)
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.probe.port)
        try:
            writer.write(raw)
            return await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()

    async def post(self, body: bytes, path: str = "/", *headers: str) -> bytes:
        lines = (f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers)
        return await self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


Make = Callable[..., Any]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    made: list[Hook] = []

    async def build(listen: str = "127.0.0.1:0", **source: Any) -> Hook:
        made.append(Hook(listen, **source))
        await made[-1].probe.poll()
        return made[-1]

    yield build
    for hook in made:
        await hook.probe.close()


async def test_what_fires_and_what_is_over_is_told_on(make: Make) -> None:
    hook = await make()
    reply = await hook.post(message("firing", "resolved"))

    reading = hook.sink.readings[-1]
    [found] = reading.alerts
    assert reply.startswith(b"HTTP/1.1 200 OK\r\n")
    assert reply.endswith(b"1 firing, 1 resolved\n")
    assert (reading.state, reading.pushed) == ("up", True)
    assert found.labels == {**LABELS, "n": "0"}
    assert (found.fingerprint, found.receivers) == (fingerprint(found.labels), ("ops",))
    assert reading.ended == (fingerprint({**LABELS, "n": "1"}),)


async def test_a_heartbeat_is_heard_and_an_unknown_one_refused(make: Make) -> None:
    hook = await make()

    good, bad = await hook.post(b"", "/heartbeat/backup"), await hook.post(b"", "/heartbeat/b%20x")

    assert good.endswith(b"heard\n")
    assert bad.startswith(b"HTTP/1.1 404 ")
    assert hook.heard == ["backup"]


async def test_without_the_token_nothing_is_taken(make: Make, monkeypatch: Any) -> None:
    monkeypatch.setenv("HOOK_TOKEN", "t0ken")
    hook = await make(bearer="secret:tok")
    before = len(hook.sink.readings)

    refused = [
        await hook.post(message("firing")),
        await hook.post(message("firing"), "/", "Authorization: Bearer wrong"),
        await hook.post(b"", "/heartbeat/backup"),
    ]
    taken = await hook.post(message("firing"), "/", "Authorization: Bearer t0ken")

    assert all(reply.startswith(b"HTTP/1.1 401 ") for reply in refused)
    assert taken.startswith(b"HTTP/1.1 200 ")
    assert (len(hook.sink.readings) - before, hook.heard) == (1, [])


async def test_a_token_that_cannot_be_had_lets_nobody_in(make: Make) -> None:
    hook = await make(bearer="secret:tok")

    reply = await hook.post(message("firing"), "/", "Authorization: Bearer ")

    assert reply.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"405"),
        (b"POST / HTTP/1.1\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"400"),
        (f"POST / HTTP/1.1\r\nContent-Length: {BODY_LIMIT + 1}\r\n\r\n".encode(), b"413"),
        (b"\x00\xff\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 13\r\n\r\n{\"alerts\": 3}", b"400"),
        (b"A" * 20000, b""),
    ],
)  # fmt: skip
async def test_what_is_no_message_is_refused_and_the_next_one_taken(
    make: Make, raw: bytes, status: bytes
) -> None:
    hook = await make()

    reply = await hook.send(raw)

    assert reply[9:12] == status
    assert (await hook.post(message("firing"))).startswith(b"HTTP/1.1 200 ")


async def test_a_unix_socket_is_the_owners_alone_and_gone_afterwards(
    make: Make, tmp_path: Path
) -> None:
    path = tmp_path / "hook.sock"
    hook = await make(str(path))

    assert (await hook.post(message("firing"))).startswith(b"HTTP/1.1 200 ")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    await hook.probe.close()

    assert not path.exists()


async def test_a_socket_left_behind_is_replaced_and_a_file_is_not(
    make: Make, tmp_path: Path
) -> None:
    path = tmp_path / "hook.sock"
    left = await asyncio.start_unix_server(lambda _r, _w: None, path)
    left.close()
    again = await make(str(path))
    assert again.sink.readings[-1].state == "up"
    (tmp_path / "file").write_text("mine")

    in_the_way = await make(str(tmp_path / "file"))

    assert in_the_way.sink.readings[-1].state == "unknown"
    assert (tmp_path / "file").read_text() == "mine"


async def test_a_taken_port_is_said_and_tried_again(make: Make) -> None:
    first = await make()
    second = await make(f"127.0.0.1:{first.probe.port}")
    said = second.sink.readings[-1]
    await first.probe.close()
    await second.probe.poll()

    assert (said.state, said.members_up) == ("unknown", 0)
    assert said.reason.startswith("cannot listen on 127.0.0.1:")
    assert second.sink.readings[-1].state == "up"


async def test_more_than_the_cap_is_left_out_and_said(make: Make) -> None:
    hook = await make(max_alerts=2)
    await hook.post(message("firing", "firing", "firing", truncatedAlerts=4))
    told = hook.sink.readings[-1]
    await hook.post(message("resolved"))
    await hook.post(message("resolved", "firing", "firing"))

    assert (len(told.alerts), told.reason) == (2, "5 alerts of the last message are not taken in")
    assert len(hook.sink.readings[-1].alerts) == 2


async def test_what_is_not_told_again_for_days_takes_no_room(make: Make) -> None:
    hook = await make(max_alerts=1)
    first, second = (
        message("firing").replace(b'"n": "0"', name) for name in (b'"n": "1"', b'"n": "2"')
    )
    await hook.post(first)
    await hook.post(second)
    assert hook.sink.readings[-1].alerts == ()

    hook.clock.at += FORGOTTEN + 1.0
    await hook.post(second)

    assert len(hook.sink.readings[-1].alerts) == 1
