"""Prometheus and rulers like it: values, what only waits, broken rules, targets, and whose alert is whose."""

import json
from typing import Any

import pytest

from opsconsole.model.alert import fingerprint
from opsconsole.model.inventory import AlertSource
from opsconsole.model.sample import RemoteAlert, SourceReading
from opsconsole.transport.http_answer import HttpAnswer, HttpFault
from tests.collect_fakes import FakeHttp, FakeSink, VirtualClock, probe_of

URL = "http://prom.example/p"
ACTIVE = "2026-11-22T11:08:07.690123456Z"
AT = 1795345687.690123
LABELS = {"alertname": "HighLoad", "instance": "db1:9100", "severity": "warning"}


def reply(data: object) -> HttpAnswer:
    return HttpAnswer(200, body=json.dumps({"status": "success", "data": data}).encode())


def rule(name: str = "HighLoad", duration: float = 300, **more: Any) -> dict[str, Any]:
    fixed = {"severity": "warning", "team": "{{ $labels.team }}"}
    made = {"name": name, "duration": duration, "labels": fixed, "health": "ok", "lastError": ""}
    return made | {"lastEvaluation": "2026-11-22T11:10:00Z", "type": "alerting"} | more


class Prometheus:
    """A source probe over a fake server."""

    def __init__(self, **source: Any) -> None:
        self.http = FakeHttp()
        self.sink = FakeSink()
        self.clock = VirtualClock()
        self.source = AlertSource("prom", "prometheus", (URL,), **source)
        self.probe = probe_of(self.source, self.http, self.sink, self.clock)
        self.alerts()
        self.rules(rule())
        self.gives("targets?state=active", {"activeTargets": []})
        self.gives("status/runtimeinfo", {"startTime": "2026-11-22T10:00:00Z"})
        self.config("global: {external_labels: {}}")

    def gives(self, path: str, data: object) -> None:
        self.http.replies[f"{URL}/api/v1/{path}"] = reply(data)

    def alerts(self, *states: str, value: str = "9.6e+01") -> None:
        found = [
            {"labels": LABELS, "annotations": {"summary": "load"}, "state": state,
             "activeAt": ACTIVE, "value": value}
            for state in states
        ]  # fmt: skip
        self.gives("alerts", {"alerts": found})

    def rules(self, *rules: dict[str, Any]) -> None:
        self.gives("rules?type=alert&exclude_alerts=true", {"groups": [{"rules": rules}]})

    def config(self, yaml: str) -> None:
        self.gives("status/config", {"yaml": yaml})

    async def read(self, after: float = 0.0) -> SourceReading:
        await self.clock.advance(after)
        await self.probe.poll()
        return self.sink.readings[-1]

    def asked(self, path: str) -> int:
        return sum(path in endpoint.url for endpoint in self.http.asked)


def named(reading: SourceReading, name: str) -> RemoteAlert:
    [found] = [alert for alert in reading.alerts if alert.labels["alertname"] == name]
    return found


async def test_an_alert_has_its_value_and_began_to_fire_after_its_rules_wait():
    prometheus = Prometheus()
    prometheus.alerts("firing")

    reading = await prometheus.read()

    found = named(reading, "HighLoad")
    assert (found.value, found.pending, found.mutes_known) == (96.0, False, False)
    assert found.starts_at == pytest.approx(AT + 300)
    assert (reading.state, reading.started_at) == ("up", 1795341600.0)


async def test_what_only_waits_is_pending_since_it_was_active():
    prometheus = Prometheus()
    prometheus.alerts("pending", value="NaN")

    found = named(await prometheus.read(), "HighLoad")

    assert (found.pending, found.value) == (True, None)
    assert found.starts_at == pytest.approx(AT)


@pytest.mark.parametrize("said", ["file", "server"])
async def test_it_is_the_same_alert_as_the_alertmanagers(said):
    external = {"cluster": "eu", "replica": "a"}
    prometheus = Prometheus(external_labels=external if said == "file" else {})
    prometheus.config("global:\n  external_labels:\n    cluster: eu\n    replica: a\n")
    prometheus.alerts("firing")

    found = named(await prometheus.read(), "HighLoad")

    assert found.fingerprint == fingerprint({**LABELS, "cluster": "eu"})
    assert found.labels == {**LABELS, "cluster": "eu"}
    assert prometheus.asked("status/config") == (said == "server")


async def test_rules_that_do_not_evaluate_are_one_row_with_their_error():
    prometheus = Prometheus()
    broken = [rule(f"R{n}", health="err", lastError="many-to-many") for n in range(5)]
    prometheus.rules(rule(), *broken)
    first, second = await prometheus.read(), await prometheus.read(30)
    prometheus.rules(rule())
    third = await prometheus.read(60)

    found = named(first, "RulesBroken")
    assert found.annotations["summary"] == (
        "5 of 6 rules do not evaluate: R0: many-to-many; R1: many-to-many; R2: many-to-many and 2 more"
    )
    assert second.unchanged
    assert third.alerts == ()


async def test_targets_that_are_down_are_one_row():
    prometheus = Prometheus()
    down = {"labels": {"job": "node", "instance": "web1:9100"}, "health": "down"}
    up = {"labels": {}, "health": "up", "lastError": ""}
    prometheus.gives(
        "targets?state=active", {"activeTargets": [up, {**down, "lastError": "refused"}]}
    )

    found = named(await prometheus.read(), "TargetsDown")

    assert found.annotations["summary"] == "1 of 2 targets are down: node web1:9100: refused"


async def test_the_same_body_costs_no_reading_and_rules_are_asked_once_a_minute(monkeypatch):
    prometheus = Prometheus()
    prometheus.alerts("firing")
    first = await prometheus.read()
    made = named(first, "HighLoad")
    for _ in range(3):
        assert (await prometheus.read(15)).unchanged
    assert prometheus.asked("/rules") == 1
    prometheus.alerts("firing", value="97")
    changed = named(await prometheus.read(15), "HighLoad")

    assert (changed.value, changed.starts_at) == (97.0, made.starts_at)
    assert prometheus.asked("/rules") == 2


async def test_an_alert_of_a_rule_that_is_new_asks_for_the_rules_at_once():
    prometheus = Prometheus()
    prometheus.rules()
    await prometheus.read()
    prometheus.rules(rule(duration=120))
    prometheus.alerts("firing")

    found = named(await prometheus.read(15), "HighLoad")

    assert found.starts_at == pytest.approx(AT + 120)


async def test_a_server_that_did_not_evaluate_yet_says_nothing_by_what_is_missing():
    prometheus = Prometheus()
    prometheus.rules(rule(lastEvaluation="0001-01-01T00:00:00Z", health="unknown"))

    reading = await prometheus.read()

    assert (reading.state, reading.reason) == ("degraded", "1 of 1 rules not evaluated yet")


async def test_a_ruler_without_targets_and_start_is_enough():
    prometheus = Prometheus()
    prometheus.alerts("firing")
    for path in ("targets?state=active", "status/runtimeinfo", "status/config"):
        prometheus.http.replies[f"{URL}/api/v1/{path}"] = HttpAnswer(
            404, body=b"404 page not found"
        )

    reading = await prometheus.read()

    assert (reading.state, reading.started_at, len(reading.alerts)) == ("up", 0.0, 1)


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        (HttpAnswer(fault=HttpFault.REFUSED, reason="refused"), "down", "refused"),
        (HttpAnswer(401, body=b"no"), "unknown", "status 401 no"),
        (HttpAnswer(200, body=b"<html>"), "unknown", "bad reply: prometheus alerts: cannot read '<html>'"),
        (HttpAnswer(200, body=b'{"data":{"alerts":[{"labels":3}]}}'), "unknown", None),
    ],
)  # fmt: skip
async def test_a_server_that_cannot_be_read_clears_nothing(answer, state, reason):
    prometheus = Prometheus()
    prometheus.http.replies[f"{URL}/api/v1/alerts"] = answer

    reading = await prometheus.read()

    assert (reading.state, reading.alerts) == (state, ())
    assert reason in (None, reading.reason)


class Lists:
    """A reader that gives lists of any size, in any time."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.size = 0
        self.took = 0.0
        self.names: tuple[str, ...] = ()
        self.fails = False

    async def ask(self, url: str) -> Any:
        from opsconsole.collect.member import Member

        self.clock.jump(self.took)
        found = tuple(
            RemoteAlert(name, {"severity": "critical" if name.startswith("c") else "info"}, {}, 1.0)
            for name in self.names
        )
        return Member(url, alerts=found, size=self.size, reason="silent" if self.fails else "")


def lists(most: int = 10) -> tuple[Any, Lists, FakeSink]:
    from opsconsole.collect.source_probe import SourceProbe

    clock, sink = VirtualClock(), FakeSink()
    reader = Lists(clock)
    source = AlertSource("big", "alertmanager", ("http://x",), max_alerts=most)
    return SourceProbe(source, reader, sink=sink, clock=clock), reader, sink


async def test_a_big_list_is_asked_for_once_a_minute_and_the_feed_says_so():
    probe, reader, sink = lists()
    reader.size = 3_400_000
    wish = await probe.poll()
    told = sink.readings[-1]
    reader.size = 1000
    later = await probe.poll()

    assert (wish, told.every) == (60.0, 60.0)
    assert told.reason == "asked every 60 s, as a list has 3.4 MB"
    assert (later, sink.readings[-1].every, sink.readings[-1].reason) == (None, 15.0, "")


async def test_one_slow_poll_is_chance_and_two_are_a_slow_source():
    probe, reader, sink = lists()
    reader.took = 0.7
    wishes = [await probe.poll(), await probe.poll()]
    reader.took = 0.1
    wishes.append(await probe.poll())

    assert wishes == [None, 60.0, None]
    assert sink.readings[1].reason == "asked every 60 s, as a poll takes 0.7 s"


async def test_a_source_that_does_not_answer_is_not_asked_less_often_for_it():
    probe, reader, _ = lists()
    reader.took, reader.fails = 5.0, True

    assert [await probe.poll() for _ in range(3)] == [None, None, None]


async def test_what_is_over_the_cap_is_said_and_pushes_nothing_out_that_is_in():
    probe, reader, sink = lists(most=2)
    reader.names = ("a", "b", "c1")
    await probe.poll()
    first = {alert.fingerprint for alert in sink.readings[-1].alerts}
    reader.names = ("c9", "b", "c1", "a")
    await probe.poll()

    assert first == {"c1", "a"}
    assert sink.readings[-1].unchanged
    assert sink.readings[-1].reason == "only 2 of 4 alerts are taken in"
