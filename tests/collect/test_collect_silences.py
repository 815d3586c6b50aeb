"""Silences of a real cluster of two, as amtool sees them, and writes whose answer was not seen."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from opsconsole.clock import SystemClock
from opsconsole.collect.silence_list import read_silences
from opsconsole.collect.silences import SilenceDesk
from opsconsole.errors import OutcomeUnknownError, ParseError, RefusedError, TransportError
from opsconsole.model.inventory import AlertSource
from opsconsole.model.silence import Matcher, SilenceDraft
from opsconsole.query.matchers import parse_matchers
from opsconsole.transport.http import Endpoint, HttpAnswer, HttpClient
from opsconsole.transport.http_answer import HttpFault
from tests.realsshd import free_port, need

CONFIG = "route: {receiver: none}\nreceivers: [{name: none}]\n"
HIGH = parse_matchers('alertname="HighLoad" instance=~"web-.*"')
DRAFT = SilenceDraft("main", HIGH, 3_600.0, "deploy")


@pytest.fixture
async def web() -> AsyncIterator[HttpClient]:
    client = HttpClient(SystemClock())
    yield client
    await client.close()


@pytest.fixture
async def cluster(tmp_path: Path, web: HttpClient) -> AsyncIterator[tuple[str, str]]:
    """Run two real Alertmanagers that know each other; gives their URLs."""
    program = need("prometheus-alertmanager", "prometheus-alertmanager")
    (tmp_path / "am.yml").write_text(CONFIG)
    ports, gossip = [free_port(), free_port()], [free_port(), free_port()]
    processes = [
        await asyncio.create_subprocess_exec(
            program, f"--config.file={tmp_path / 'am.yml'}", f"--storage.path={tmp_path / str(n)}",
            f"--web.listen-address=127.0.0.1:{ports[n]}",
            f"--cluster.listen-address=127.0.0.1:{gossip[n]}",
            f"--cluster.peer=127.0.0.1:{gossip[1 - n]}", "--cluster.settle-timeout=1s",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )
        for n in range(2)
    ]  # fmt: skip
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    try:
        async with asyncio.timeout(30):
            for url in urls:
                while (await web.fetch(Endpoint(f"{url}/-/ready"))).status != 200:
                    await asyncio.sleep(0.05)  # another process has to come up
        yield urls[0], urls[1]
    finally:
        for process in processes:
            process.terminate()
        await asyncio.gather(*(process.wait() for process in processes))


def _desk(web: HttpClient, *urls: str) -> SilenceDesk:
    async def ask(source: AlertSource, url: str, method: str, body: bytes) -> HttpAnswer:
        headers = {"Content-Type": "application/json"} if body else {}
        return await web.fetch(Endpoint(url, method=method, headers=headers, body=body))

    return SilenceDesk(AlertSource("main", "alertmanager", urls), ask, SystemClock())


def _amtool(url: str) -> list[Mapping[str, object]]:
    program = need("amtool", "prometheus-alertmanager")
    answer = subprocess.run(
        [program, f"--alertmanager.url={url}", "silence", "query", "-o", "json"],
        capture_output=True, check=True, timeout=20,
    )  # fmt: skip
    found: list[Mapping[str, object]] = json.loads(answer.stdout)
    return found


async def _agreed(desk: SilenceDesk, url: str) -> set[str]:
    """The active ids of our list, once the other member's tool says the same."""
    async with asyncio.timeout(20):
        while True:
            ours = {each.id for each in await desk.list() if each.state != "expired"}
            if ours == {str(each["id"]) for each in await asyncio.to_thread(_amtool, url)}:
                return ours


@pytest.mark.real
async def test_a_silence_is_made_once_for_the_cluster_extended_changed_and_ended(
    cluster: tuple[str, str], web: HttpClient
) -> None:
    desk = _desk(web, *cluster)

    first = await desk.put(DRAFT, "op1", None)
    assert await _agreed(desk, cluster[1]) == {first}
    made = next(each for each in await desk.list() if each.id == first)
    assert (made.matchers, made.author, made.comment) == (HIGH, "op1", "deploy")

    same = await desk.put(replace(DRAFT, id=first, seconds=1_800.0), "op2", made)
    longer = next(each for each in await desk.list() if each.id == first)
    assert same == first
    assert longer.ends - made.ends == pytest.approx(1_800.0)
    assert longer.author == "op1", "who extends does not take it over"

    other = await desk.put(
        replace(DRAFT, id=first, matchers=parse_matchers('alertname="Other"')), "op2", longer
    )
    assert other != first
    assert await _agreed(desk, cluster[1]) == {other}

    await desk.expire(other)
    await desk.expire(other)
    assert await _agreed(desk, cluster[1]) == set()


@pytest.mark.real
async def test_with_one_member_dead_the_other_is_told(
    cluster: tuple[str, str], web: HttpClient
) -> None:
    desk = _desk(web, f"http://127.0.0.1:{free_port()}", cluster[1])

    made = await desk.put(DRAFT, "op1", None)

    assert await _agreed(desk, cluster[1]) == {made}


@pytest.mark.real
async def test_what_the_source_refuses_is_said_in_its_words(
    cluster: tuple[str, str], web: HttpClient
) -> None:
    desk = _desk(web, *cluster)

    with pytest.raises(RefusedError, match="must not match the empty string"):
        await desk.put(replace(DRAFT, matchers=(Matcher("a", "=~", ".*"),)), "op1", None)
    with pytest.raises(RefusedError, match="status"):
        await desk.expire("00000000-0000-0000-0000-000000000000")


@pytest.mark.real
async def test_the_source_counts_what_its_own_patterns_mean(
    cluster: tuple[str, str], web: HttpClient
) -> None:
    alerts = [
        {"labels": {"alertname": "HighLoad", "instance": name}, "startsAt": datetime.now(UTC).isoformat()}
        for name in ("web-1", "web-2", "web 3\n", "db-1")
    ]  # fmt: skip
    for url in cluster:
        await web.fetch(
            Endpoint(
                f"{url}/api/v2/alerts", method="POST", body=json.dumps(alerts).encode(),
                headers={"Content-Type": "application/json"},
            )
        )  # fmt: skip
    desk = _desk(web, *cluster)

    assert await desk.count(HIGH) == 2
    assert await desk.count((Matcher("instance", "=", "web 3\n"),)) == 1


class Member:
    """A member that answers by a script."""

    def __init__(self, *answers: HttpAnswer | Callable[[bytes], HttpAnswer]) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, str]] = []
        self.last = b""

    async def __call__(self, source: AlertSource, url: str, method: str, body: bytes) -> HttpAnswer:
        self.asked.append((method, url))
        self.last = body or self.last
        answer = self._answers.pop(0)
        return answer(self.last) if callable(answer) else answer


def _scripted(member: Member, *urls: str) -> SilenceDesk:
    return SilenceDesk(AlertSource("main", "alertmanager", urls), member, SystemClock())


def _listed(body: bytes) -> HttpAnswer:
    """A list that has what was posted."""
    told = json.loads(body) | {"id": "new", "status": {"state": "active"}}
    return HttpAnswer(status=200, body=json.dumps([told]).encode())


EMPTY = HttpAnswer(status=200, body=b"[]")
LATE = HttpAnswer(fault=HttpFault.TIMEOUT, reason="no answer within 10 s")
GONE = HttpAnswer(fault=HttpFault.REFUSED, reason="connection refused")


async def test_a_write_without_an_answer_is_looked_for_before_anything_is_said() -> None:
    member = Member(EMPTY, LATE, _listed)

    made = await _scripted(member, "http://am-1").put(DRAFT, "op1", None)

    assert made == "new"
    assert [method for method, _ in member.asked] == ["GET", "POST", "GET"]


@pytest.mark.parametrize("look", [EMPTY, GONE])
async def test_a_write_that_cannot_be_found_is_unknown_and_not_sent_again(look: HttpAnswer) -> None:
    member = Member(EMPTY, LATE, look, look)

    with pytest.raises(OutcomeUnknownError):
        await _scripted(member, "http://am-1", "http://am-2").put(DRAFT, "op1", None)

    assert [method for method, _ in member.asked].count("POST") == 1


async def test_only_a_member_that_got_nothing_is_passed_over() -> None:
    member = Member(EMPTY, GONE, HttpAnswer(status=200, body=b'{"silenceID": "x"}'))

    assert await _scripted(member, "http://am-1", "http://am-2").put(DRAFT, "op1", None) == "x"
    assert member.asked[-1] == ("POST", "http://am-2/api/v2/silences")


async def test_nobody_there_is_no_unknown_outcome() -> None:
    with pytest.raises(TransportError, match="connection refused"):
        await _scripted(Member(GONE), "http://am-1").put(DRAFT, "op1", None)


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'[{"id": 3}]', b"[" * 100_000])
def test_what_is_no_list_of_silences_is_an_error_of_ours(body: bytes) -> None:
    with pytest.raises(ParseError):
        read_silences(body, "main")


def test_what_a_source_says_is_cleaned() -> None:
    body = json.dumps([{
        "id": "a\x1b[31m", "matchers": [{"name": "x", "value": "\u202ey\x07", "isRegex": True}],
        "startsAt": "2026-11-22T10:00:00Z", "endsAt": "2026-11-22T11:00:00.5Z", "createdBy": "op\r1",
        "comment": "c\x9b", "status": {"state": "active"},
    }]).encode()  # fmt: skip

    found = read_silences(body, "main")[0]

    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c == "\u202e" for c in repr(found))
    assert found.matchers[0].op == "=~"
