"""Alertmanager clusters: members merged, failures named, nothing cleared by a look that failed."""

import json
from collections.abc import Mapping

import pytest

from opsconsole.collect.alert_list import AlertReader, read_status
from opsconsole.collect.alertmanager import AlertmanagerReader
from opsconsole.collect.source_asker import SourceAsker
from opsconsole.errors import ParseError
from opsconsole.model.alert import fingerprint
from opsconsole.model.inventory import AlertSource
from opsconsole.model.sample import RemoteAlert, SourceReading
from opsconsole.transport.http import HttpAnswer, HttpFault
from tests.collect_fakes import NO_SECRETS, FakeHttp, FakeSink, VirtualClock, probe_of

ONE, TWO, THREE = (f"http://am-{n}.example:9093" for n in (1, 2, 3))
STARTED = "2026-11-22T10:00:00.000Z"
REFUSED = HttpAnswer(fault=HttpFault.REFUSED, reason="port 9093 is closed")


def status(started: str = STARTED, peers: int = 0) -> bytes:
    cluster = {"status": "ready", "peers": [{"name": str(n), "address": "x"} for n in range(peers)]}
    cluster = cluster if peers else {"status": "disabled"}
    return json.dumps({"uptime": started, "cluster": cluster, "versionInfo": {}}).encode()


def alert(
    name: str = "HighLoad", starts: str = "2026-11-22T11:08:07.690Z", **more: object
) -> dict[str, object]:
    labels = {"alertname": name, "instance": "db1:9100", "severity": "warning"}
    labels |= more.pop("labels", {})  # type: ignore[operator]
    return {
        "fingerprint": fingerprint(labels),
        "labels": labels,
        "annotations": {"summary": "load high"},
        "startsAt": starts,
        "endsAt": "2026-11-22T11:13:07.690Z",
        "updatedAt": "2026-11-22T11:08:07.690Z",
        "receivers": [{"name": "team"}],
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
        **more,
    }


def silenced(by: str) -> Mapping[str, object]:
    return {
        "state": "suppressed",
        "silencedBy": [by],
        "inhibitedBy": ["e39f9cb8bccd6aaf"],
        "mutedBy": ["night"],
    }


class Cluster:
    """A source probe over fake members."""

    def __init__(self, *urls: str) -> None:
        self.http = FakeHttp()
        self.sink = FakeSink()
        self.source = AlertSource("main", "alertmanager", urls)
        self.probe = probe_of(self.source, self.http, self.sink, VirtualClock())
        for url in urls:
            self.says(url)

    def says(
        self, url: str, *alerts: Mapping[str, object], started: str = STARTED, peers: int = 0
    ) -> None:
        self.gives(
            url, HttpAnswer(status=200, body=json.dumps(alerts).encode()), status(started, peers)
        )

    def gives(self, url: str, answer: HttpAnswer, state: bytes | None = None) -> None:
        self.http.replies[f"{url}/api/v2/alerts"] = answer
        reply = HttpAnswer(status=200, body=state or status())
        self.http.replies[f"{url}/api/v2/status"] = answer if answer.fault else reply

    async def read(self) -> SourceReading:
        await self.probe.poll()
        return self.sink.readings[-1]


async def test_an_alert_is_read_with_everything_that_keeps_it_quiet():
    cluster = Cluster(ONE)
    cluster.says(ONE, alert(status=silenced("c10ba37d"), generatorURL="http://prom:9090/g"))

    reading = await cluster.read()

    [found] = reading.alerts
    assert reading.state == "up"
    assert (reading.members_up, reading.members) == (1, 1)
    assert reading.started_at == 1795341600.0
    assert found.labels["alertname"] == "HighLoad"
    assert found.annotations == {"summary": "load high"}
    assert found.starts_at == pytest.approx(1795345687.69)
    assert (found.silenced_by, found.inhibited_by, found.muted_by) == (
        ("c10ba37d",), ("e39f9cb8bccd6aaf",), ("night",),
    )  # fmt: skip
    assert found.receivers == ("team",)
    assert found.generator_url == "http://prom:9090/g"


async def test_the_same_bytes_are_not_told_twice():
    cluster = Cluster(ONE)
    cluster.says(ONE, alert())
    first, second = await cluster.read(), await cluster.read()

    assert (first.unchanged, len(first.alerts)) == (False, 1)
    assert (second.unchanged, second.alerts) == (True, ())


class Counted(AlertReader):
    """Counts the bodies that are read."""

    count = 0

    def read(self, body: bytes) -> tuple[RemoteAlert, ...]:
        self.count += 1
        return super().read(body)


async def test_five_thousand_alerts_that_are_the_same_bytes_are_read_once():
    http = FakeHttp()
    body = json.dumps([alert(f"A{n}") for n in range(5000)]).encode()
    http.replies[f"{ONE}/api/v2/alerts"] = HttpAnswer(status=200, body=body)
    http.replies[f"{ONE}/api/v2/status"] = HttpAnswer(status=200, body=status())
    source = AlertSource("main", "alertmanager", (ONE,))
    counted = Counted(source.drop_labels)
    reader = AlertmanagerReader(SourceAsker(source, 5.0, http, NO_SECRETS), counted)
    members = [await reader.ask(ONE) for _ in range(20)]
    once = counted.count
    http.replies[f"{ONE}/api/v2/alerts"] = HttpAnswer(status=200, body=body + b" ")
    await reader.ask(ONE)

    assert (once, counted.count) == (1, 2)
    assert {len(member.alerts) for member in members} == {5000}
    assert len({id(member.alerts) for member in members}) == 1


async def test_a_repeated_alert_with_another_end_is_no_change():
    cluster = Cluster(ONE)
    cluster.says(ONE, alert())
    await cluster.read()
    cluster.says(ONE, alert(endsAt="2026-11-22T12:00:00Z", updatedAt="2026-11-22T11:56:00Z"))

    assert (await cluster.read()).unchanged


async def test_h09_members_are_joined_by_fingerprint_with_the_earliest_start():
    cluster = Cluster(ONE, TWO)
    cluster.says(ONE, alert(starts="2026-11-22T11:08:07.700Z"), peers=2)
    cluster.says(
        TWO,
        alert(starts="2026-11-22T11:08:07.690Z", status=silenced("s1")),
        alert("Other"),
        peers=2,
    )

    reading = await cluster.read()

    assert [a.labels["alertname"] for a in reading.alerts] == ["HighLoad", "Other"]
    assert reading.alerts[0].starts_at == pytest.approx(1795345687.69)
    assert reading.alerts[0].silenced_by == ("s1",)
    assert (reading.state, reading.reason) == ("up", "")


async def test_h09_one_of_three_down_is_degraded_and_says_which():
    cluster = Cluster(ONE, TWO, THREE)
    cluster.says(ONE, alert())
    cluster.says(TWO, alert())
    cluster.gives(THREE, REFUSED)

    reading = await cluster.read()

    assert (reading.state, reading.members_up, reading.members) == ("degraded", 2, 3)
    assert reading.reason == f"2/3 members; {THREE}: port 9093 is closed"
    assert len(reading.alerts) == 1


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        (REFUSED, "down", "port 9093 is closed"),
        (
            HttpAnswer(fault=HttpFault.TIMEOUT, reason="no answer in 5 s"),
            "unknown",
            "no answer in 5 s",
        ),
        (HttpAnswer(fault=HttpFault.BUSY, reason="console busy"), "unknown", "console busy"),
        (
            HttpAnswer(status=503, body=b'"overloaded\x1b[2J"\n'),
            "unknown",
            'status 503 "overloaded\u241b[2J"',
        ),
        (HttpAnswer(status=404), "unknown", "status 404"),
    ],
)
async def test_h09_a_source_that_cannot_be_read_clears_nothing(answer, state, reason):
    cluster = Cluster(ONE)
    cluster.says(ONE, alert())
    await cluster.read()
    cluster.gives(ONE, answer)

    reading = await cluster.read()

    assert (reading.state, reading.reason, reading.alerts) == (state, reason, ())
    assert (reading.members_up, reading.members) == (0, 1)
    cluster.says(ONE, alert())
    assert (await cluster.read()).unchanged, "back again, the earlier list holds"


async def test_h09_a_restart_is_told_apart_from_everything_resolved():
    cluster = Cluster(ONE)
    cluster.says(ONE, alert())
    before = await cluster.read()
    cluster.says(ONE, started="2026-11-22T11:30:00Z")

    after = await cluster.read()

    assert after.alerts == ()
    assert not after.unchanged
    assert after.started_at > before.started_at


async def test_h09_a_split_cluster_is_said():
    cluster = Cluster(ONE, TWO)
    cluster.says(ONE, alert(), peers=1)
    cluster.says(TWO, alert("Other"), peers=1)

    reading = await cluster.read()

    assert len(reading.alerts) == 2, "what either side knows is shown"
    assert reading.reason == f"split: {ONE} does not see all 2 members"


async def test_replicas_are_one_alert_once_their_labels_are_dropped():
    cluster = Cluster(ONE)
    cluster.says(ONE, alert(labels={"replica": "a"}), alert(labels={"replica": "b"}))

    [found] = (await cluster.read()).alerts

    assert "replica" not in found.labels
    assert found.fingerprint == fingerprint(found.labels)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"{}",
        b"null",
        b"[NaN]",
        b"<html>",
        b"[1]",
        b'[{"labels": {}}]',
        b'[{"labels": {"a": 1}, "startsAt": "2026-11-22T11:08:07.690Z"}]',
        b'[{"labels": {"a": "b"}, "startsAt": "yesterday"}]',
        b"[" * 100_000,
        b'[{"labels": {"a": "\xff"}, "startsAt": "2026-11-22T11:08:07.690Z"}]',
        b'{"message": "unauthorized"}',
    ],
)
async def test_h06_a_bad_reply_is_said_and_the_last_good_list_stays(body):
    cluster = Cluster(ONE)
    cluster.gives(ONE, HttpAnswer(status=200, body=body))

    reading = await cluster.read()

    assert reading.state == "unknown"
    assert reading.reason.startswith("bad reply")
    assert reading.alerts == ()


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"uptime": 5}', b'{"uptime": "now"}'])
def test_h06_a_bad_status_is_a_parse_error(body):
    with pytest.raises(ParseError):
        read_status(body)


async def test_h06_huge_numbers_and_unknown_fields_do_no_harm():
    cluster = Cluster(ONE)
    cluster.says(ONE, {**alert(), "weight": 10**400, "deep": [[[[]]]]})

    assert len((await cluster.read()).alerts) == 1


async def test_i03_what_labels_and_annotations_say_is_cleaned():
    cluster = Cluster(ONE)
    cluster.says(ONE, alert("\x1b]0;x\x07", annotations={"summary\x1b": "[red]\u202e\x9b2J"}))

    [found] = (await cluster.read()).alerts

    text = "".join(
        (*found.labels, *found.labels.values(), *found.annotations, *found.annotations.values())
    )
    assert not {"\x1b", "\x07", "\u202e", "\x9b"} & set(text)
    assert "[red]" in text, "markup is text"


async def test_h11_a_storm_of_ten_thousand_is_read_beside_the_loop():
    cluster = Cluster(ONE)
    cluster.says(ONE, *(alert(labels={"instance": f"h{n}", "replica": "a"}) for n in range(10_000)))

    reading = await cluster.read()

    assert len(reading.alerts) == 10_000
    assert len({a.fingerprint for a in reading.alerts}) == 10_000


def test_fingerprints_are_computed_once():
    body = json.dumps([alert(labels={"replica": "a"})]).encode()
    reader = AlertReader(("replica",))

    [first], [second] = reader.read(body), reader.read(body)

    assert first.fingerprint is second.fingerprint


def test_a_false_fingerprint_is_not_believed():
    [found] = AlertReader(()).read(json.dumps([{**alert(), "fingerprint": "../x"}]).encode())

    assert found.fingerprint == fingerprint(found.labels)


async def test_a_member_may_lie_under_a_path():
    cluster = Cluster("http://gate.example/am/")
    cluster.http.replies = {
        "http://gate.example/am/api/v2/alerts": HttpAnswer(status=200, body=b"[]"),
        "http://gate.example/am/api/v2/status": HttpAnswer(status=200, body=status()),
    }

    assert (await cluster.read()).state == "up"


@pytest.mark.parametrize(
    ("headers", "clock"),
    [({"date": "Sun, 22 Nov 2026 11:08:07 GMT"}, 1795345687.0), ({"date": "soon"}, 0.0), ({}, 0.0)],
)
async def test_the_sources_own_clock_is_told(headers, clock):
    cluster = Cluster(ONE)
    cluster.gives(ONE, HttpAnswer(status=200, body=b"[]", headers=headers))

    assert (await cluster.read()).remote_now == clock


async def test_a_crash_of_ours_is_unknown():
    cluster = Cluster(ONE, TWO)

    cluster.probe.crashed(TimeoutError())

    assert cluster.sink.readings[0].state == "unknown"
    assert cluster.sink.readings[0].members_up == 0
