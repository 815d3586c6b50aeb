"""The younger kinds of checks: dns, icmp, ssh, prom, heartbeat; and what the numbers before an answer tell."""

from pathlib import Path

import pytest

from opsconsole.collect.checks import CheckProbe, Ways
from opsconsole.collect.credentials import Credentials
from opsconsole.collect.heartbeats import Heartbeats, write
from opsconsole.model.inventory import AlertSource, Check
from opsconsole.model.sample import CheckResult
from opsconsole.transport.base import Answer, Ending
from opsconsole.transport.http_answer import (
    CertFacts,
    DnsAnswer,
    HttpAnswer,
    HttpFault,
    PingAnswer,
    ProbeAnswer,
)
from tests.collect_fakes import NO_SECRETS, FakeHttp, FakeRemote, FakeSink, VirtualClock

NOW = 1_700_001_000.0
PROM = AlertSource("prom", "prometheus", ("http://p1.example/x", "http://p2.example"))
QUERY_1 = "http://p1.example/x/api/v1/query"
QUERY_2 = "http://p2.example/api/v1/query"


class Asking:
    """One check over fakes."""

    def __init__(self, check: Check, folder: Path | None = None) -> None:
        self.clock = VirtualClock()
        self.http = FakeHttp()
        self.remote = FakeRemote()
        self.sink = FakeSink()
        self.sources = {"prom": PROM}
        self.heartbeats = Heartbeats(self.clock, folder)
        ways = Ways(
            self.http, self.remote, Credentials(dict, self.clock), self.heartbeats,
            lambda _name: None, self.sources.get,
        )  # fmt: skip
        self.probe = CheckProbe(check, 5.0, ways, sink=self.sink, clock=self.clock)

    async def result(self) -> CheckResult:
        await self.probe.poll()
        return self.sink.results[-1]


def dns(*answers: str, rcode: str = "NOERROR", **more: object) -> DnsAnswer:
    return DnsAnswer(rcode, answers, 300.0, 0.02, "192.0.2.53", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("must", "answer", "state", "reason"),
    [
        ((), dns("192.0.2.1"), "up", ""),
        ((), dns(rcode="NXDOMAIN"), "down", "NXDOMAIN"),
        ((), dns(), "down", "no such record"),
        (("rcode == NXDOMAIN",), dns(rcode="NXDOMAIN"), "up", ""),
        (("[DNS_RCODE] == NOERROR",), dns(rcode="SERVFAIL"), "down", "rcode SERVFAIL, must be == NOERROR"),
        (('answers contains "192.0.2.9"',), dns("192.0.2.1", "192.0.2.9"), "up", ""),
        (('answers contains "192.0.2.9"',), dns("192.0.2.1"), "down", None),
        (("len(answers) >= 2", "ttl >= 1m", "latency < 1s"), dns("a", "b"), "up", ""),
        ((), DnsAnswer(fault=HttpFault.TIMEOUT, reason="no answer"), "down", "no answer"),
        ((), DnsAnswer(fault=HttpFault.NO_TOOL, reason="dig is not on web01"), "unknown", "dig is not on web01"),
    ],
)  # fmt: skip
async def test_a_name_servers_answer_is_judged(must, answer, state, reason):
    asking = Asking(Check("www", "dns", "www.example.com", must=must))
    asking.http.lookups["www.example.com"] = answer

    result = await asking.result()

    assert result.state == state
    assert reason in (None, result.reason)


@pytest.mark.parametrize(
    ("should", "answer", "state", "reason"),
    [
        ((), PingAnswer(3, 3, 0.01, 0.02), "up", ""),
        ((), PingAnswer(3, 1, 0.01, 0.02), "up", ""),
        (("loss == 0%",), PingAnswer(3, 2, 0.01, 0.02), "degraded", "loss 33.3%, should be == 0%"),
        (("rtt < 5ms",), PingAnswer(3, 3, 0.01, 0.02), "degraded", "rtt 10ms, should be < 5ms"),
        ((), PingAnswer(3, 0), "down", "none of 3 echoes came back"),
        ((), PingAnswer(fault=HttpFault.DNS, reason="no such name"), "down", "no such name"),
    ],
)
async def test_echoes_are_judged(should, answer, state, reason):
    asking = Asking(Check("gw", "icmp", "192.0.2.1", should=should))
    asking.http.pings["192.0.2.1"] = answer

    result = await asking.result()

    assert (result.state, result.reason) == (state, reason)


async def test_where_we_may_not_ping_the_systems_ping_does():
    asking = Asking(Check("gw", "icmp", "192.0.2.1"))
    asking.http.pings["192.0.2.1"] = PingAnswer(fault=HttpFault.NOT_ALLOWED, reason="no socket")
    said = b"3 packets transmitted, 3 received, 0% packet loss\nrtt min/avg/max/mdev = 0.1/0.2/0.3/0.0 ms\n"
    asking.remote.answers["localhost"] = Answer(Ending.EXITED, 0, stdout=said)

    result = await asking.result()

    assert (result.state, result.took) == ("up", 0.0002)


@pytest.mark.parametrize(
    ("must", "answer", "state"),
    [
        ((), ProbeAnswer(banner="SSH-2.0-OpenSSH_9.2p1 Debian-2"), "up"),
        (('software =~ /openssh_9/',), ProbeAnswer(banner="SSH-2.0-OpenSSH_9.2p1 Debian-2"), "up"),
        (('software =~ /openssh_9/',), ProbeAnswer(banner="SSH-2.0-dropbear"), "down"),
        ((), ProbeAnswer(fault=HttpFault.BAD_REPLY, reason="does not speak SSH"), "down"),
    ],
)  # fmt: skip
async def test_what_an_ssh_port_says_is_judged(must, answer, state):
    asking = Asking(Check("login", "ssh", "192.0.2.1:22", must=must))
    asking.http.probes["192.0.2.1:22"] = answer

    assert (await asking.result()).state == state


def result(kind: str, rows: str) -> HttpAnswer:
    body = f'{{"status":"success","data":{{"resultType":"{kind}","result":{rows}}}}}'
    return HttpAnswer(200, body=body.encode(), took=0.02)


def vector(*values: str) -> HttpAnswer:
    rows = ",".join(f'{{"metric":{{"job":"shop"}},"value":[1.5,"{value}"]}}' for value in values)
    return result("vector", f"[{rows}]")


@pytest.mark.parametrize(
    ("must", "reply", "state", "reason"),
    [
        (("value < 2%",), vector("0.01"), "up", ""),
        (("value < 2%",), vector("0.05", "0.01"), "down", "value 0.05, must be < 2%"),
        (("max(values) < 2%",), vector("0.01", "0.05"), "down", "max(values) 0.05, must be < 2%"),
        (('labels.job == "shop"', "series == 2"), vector("1", "2"), "up", ""),
        ((), vector(), "down", "no series"),
        ((), vector("NaN"), "down", "no series"),
        (("value < 2%",), result("scalar", '[1,"0.5"]'),
         "down", "value 0.5, must be < 2%"),
        ((), HttpAnswer(400, body=b'{"status":"error","error":"parse error"}'), "unknown", "parse error"),
        ((), HttpAnswer(502, body=b"<html>"), "unknown", "bad reply: status 502"),
        ((), result("matrix", "[]"), "unknown",
         "bad reply: not Prometheus' JSON"),
    ],
)  # fmt: skip
async def test_a_query_is_judged_and_a_prometheus_that_cannot_answer_is_unknown(
    must, reply, state, reason
):
    asking = Asking(Check("errors", "prom", "up", source="prom", must=must))
    asking.http.replies[QUERY_1] = asking.http.replies[QUERY_2] = reply

    result = await asking.result()

    assert (result.state, result.reason) == (state, reason)
    assert asking.http.asked[0].body == b"query=up&timeout=2500ms"


async def test_the_second_member_answers_for_the_first():
    asking = Asking(Check("errors", "prom", "up", source="prom"))
    asking.http.replies[QUERY_1] = HttpAnswer(fault=HttpFault.REFUSED, reason="refused")
    asking.http.replies[QUERY_2] = vector("1")

    assert (await asking.result()).state == "up"


async def test_the_numbers_of_earlier_answers_can_be_asked_for():
    must = ("avg(rtt, 1m) < 20ms", "max(loss, 10m) == 0%", "count(rtt, 1m) <= 6")
    asking = Asking(Check("gw", "icmp", "192.0.2.1", must=must))
    states = []
    for rtt in (0.010, 0.020, 0.060):
        asking.http.pings["192.0.2.1"] = PingAnswer(3, 3, rtt, rtt)
        states.append((await asking.result()).state)
        await asking.clock.advance(10)

    assert states == ["up", "up", "down"]
    assert asking.sink.results[-1].reason == "avg(rtt, 1m) 30ms, must be < 20ms"


async def test_a_certificates_chain_names_and_issuer_can_be_asked_for():
    cert = CertFacts(NOW + 90 * 86400, NOW + 5 * 86400, "CN=R11,O=Example", ("a.example",))
    should = (
        "cert.chain_expires_in > 14d",
        'cert.san contains "a.example"',
        "cert.issuer =~ /R11/",
    )
    asking = Asking(Check("edge", "tls", "a.example:443", should=should))
    asking.http.probes["a.example:443"] = ProbeAnswer(cert_expires_at=cert.expires_at, cert=cert)

    result = await asking.result()

    assert result.state == "degraded"
    assert result.reason.startswith("cert.chain_expires_in ")


class TestHeartbeats:
    """A job that tells that it ran."""

    CHECK = Check("backup", "heartbeat", "", span=3600.0, fails=1)

    async def test_one_that_was_heard_is_up_until_its_time_is_over(self):
        asking = Asking(self.CHECK)
        asking.heartbeats.hear("backup")
        await asking.clock.advance(3600)
        before = await asking.result()
        await asking.clock.advance(60)

        after = await asking.result()

        assert (before.state, before.reason) == ("up", "")
        assert (after.state, after.reason) == ("down", "not heard for 61m, at most 60m may pass")

    async def test_one_that_was_never_heard_is_unknown_first_and_then_down(self):
        asking = Asking(self.CHECK)
        first = await asking.result()
        await asking.clock.advance(3601)

        later = await asking.result()

        assert (first.state, first.reason) == ("unknown", "not heard yet")
        assert (later.state, later.reason) == ("down", "never heard in 60m, at most 60m may pass")

    async def test_what_was_heard_survives_a_restart_and_names_are_kept_apart(self, tmp_path):
        asking = Asking(self.CHECK, tmp_path)
        asking.heartbeats.hear("backup")
        asking.heartbeats.hear("web01/../backup")

        again = Asking(self.CHECK, tmp_path)

        assert (await again.result()).state == "up"
        assert {path.parent for path in tmp_path.iterdir()} == {tmp_path}

    async def test_what_was_put_down_while_no_engine_ran_counts(self, tmp_path):
        write(tmp_path, "backup", at=VirtualClock().now() - 100)

        assert (await Asking(self.CHECK, tmp_path).result()).state == "up"

    async def test_silence_while_we_were_away_is_unknown_until_we_have_listened(self, tmp_path):
        write(tmp_path, "backup", at=VirtualClock().now() - 5000)
        asking = Asking(self.CHECK, tmp_path)
        at_start = await asking.result()
        await asking.clock.advance(301)

        later = await asking.result()

        assert (at_start.state, later.state) == ("unknown", "down")

    async def test_garbage_in_the_folder_is_passed_over(self, tmp_path):
        (tmp_path / "backup").write_bytes(b"\xff\xfe heard")
        (tmp_path / "other").write_text("heard soon")
        (tmp_path / "sub").mkdir()

        assert (await Asking(self.CHECK, tmp_path).result()).reason == "not heard yet"


async def test_a_command_gives_a_secret_and_is_not_run_for_every_poll(monkeypatch):
    ran: list[tuple[str, ...]] = []

    async def run(argv: tuple[str, ...]) -> str:
        ran.append(argv)
        return "t0ken\n"

    clock = VirtualClock()
    credentials = Credentials(lambda: {"x": "command:pass show 'my token'"}, clock, run)
    source = AlertSource("am", "alertmanager", bearer="secret:x")
    first = await credentials.of_source(source)
    await credentials.of_source(source)
    await clock.advance(61)
    await credentials.of_source(source)

    assert first["authorization"].reveal() == "Bearer t0ken"
    assert ran == [("pass", "show", "my token")] * 2


async def test_basic_authentication_is_written_as_the_rfc_says():
    source = AlertSource("am", "alertmanager", user="Aladdin", password="open sesame")

    found = await NO_SECRETS.of_source(source)

    assert found["authorization"].reveal() == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
