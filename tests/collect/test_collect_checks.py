"""What an answer of a check means: up, degraded, down, unknown, and why."""

from collections.abc import Mapping

import pytest

from opsconsole.collect.checks import CheckProbe, Ways
from opsconsole.collect.credentials import Credentials
from opsconsole.collect.heartbeats import Heartbeats
from opsconsole.model.inventory import AlertSource, Check, Host
from opsconsole.model.sample import CheckResult
from opsconsole.transport.base import Answer, Ending
from opsconsole.transport.http import HttpAnswer, HttpFault, ProbeAnswer
from tests.collect_fakes import FakeHttp, FakeRemote, FakeSink, VirtualClock

URL = "https://shop.example/health"
HERE = Host("localhost", "127.0.0.1", transport="local")


class Asked:
    """One check over fakes."""

    def __init__(self, check: Check, secrets: Mapping[str, str] | None = None) -> None:
        self.clock = VirtualClock()
        self.http = FakeHttp()
        self.remote = FakeRemote()
        self.sink = FakeSink()
        self.host: Host | None = HERE
        self.heartbeats = Heartbeats(self.clock)
        self.sources: dict[str, AlertSource] = {}
        self.probe = CheckProbe(
            check,
            5.0,
            Ways(
                self.http,
                self.remote,
                Credentials(lambda: secrets or {}, self.clock),
                self.heartbeats,
                lambda _name: self.host,
                lambda name: self.sources.get(name),
            ),
            sink=self.sink,
            clock=self.clock,
        )

    async def result(self) -> CheckResult:
        await self.probe.poll()
        return self.sink.results[-1]


def http(**fields: object) -> Check:
    return Check("shop", "http", URL, service="shop", **fields)  # type: ignore[arg-type]


def ok(**fields: object) -> HttpAnswer:
    return HttpAnswer(**{"status": 200, "took": 0.1, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("must", "should", "reply", "state", "reason"),
    [
        ((), (), ok(), "up", ""),
        ((), (), ok(status=503), "down", "status 503"),
        ((), (), ok(status=302, redirect="https://login.example/"), "up", ""),
        (("status == 200",), (), ok(status=500), "down", "status 500, must be == 200"),
        (("status in (200, 503)",), (), ok(status=503), "up", ""),
        (("status == 200",), ("latency < 500ms",), ok(took=0.812), "degraded", "latency 812ms, should be < 500ms"),
        (('body.$.db == "up"',), (), ok(body=b'{"db": "up"}'), "up", ""),
        (('body.$.db == "up"',), (), ok(body=b'{"db": "down"}'), "down", 'body.$.db "down", must be == "up"'),
        (('body.$.db == "up"',), (), ok(body=b"<html>"), "down", 'body.$.db none, must be == "up"'),
        (('body contains "ready"',), (), ok(body=b"not ready\xff"), "up", ""),
        (('headers.x-version == "2"',), (), ok(headers={"x-version": "2"}), "up", ""),
        ((), ("cert.expires_in > 21d",), ok(cert_expires_at=1_700_001_000.0 + 86400), "degraded", None),
        ((), ("phases.dns < 100ms",), ok(phases={"dns": 0.02}), "up", ""),
    ],
)  # fmt: skip
async def test_a_must_is_down_and_a_should_is_degraded(must, should, reply, state, reason):
    asked = Asked(http(must=must, should=should))
    asked.http.replies[URL] = reply

    result = await asked.result()

    assert result.state == state
    if reason is not None:
        assert result.reason == reason


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (HttpFault.REFUSED, "down"),
        (HttpFault.DNS, "down"),
        (HttpFault.TIMEOUT, "down"),
        (HttpFault.TLS_EXPIRED, "down"),
        (HttpFault.TLS_WRONG_NAME, "down"),
        (HttpFault.BAD_REPLY, "down"),
        (HttpFault.TOO_LARGE, "down"),
        (HttpFault.BUSY, "unknown"),
    ],
)
async def test_h05_h07_a_fault_of_the_target_is_down_and_our_own_is_unknown(fault, state):
    asked = Asked(http())
    asked.http.replies[URL] = HttpAnswer(fault=fault, reason=f"said {fault}")

    result = await asked.result()

    assert (result.state, result.reason) == (state, f"said {fault}")


async def test_latency_phases_and_certificate_are_kept():
    asked = Asked(http())
    asked.http.replies[URL] = ok(
        took=0.25, phases={"tls": 0.1, "first_byte": 0.1}, cert_expires_at=1_700_001_000.0 + 1000
    )

    result = await asked.result()

    assert result.took == 0.25
    assert result.phases == {"tls": 0.1, "first_byte": 0.1}
    assert result.metrics == {"check.latency": 0.25, "cert.expires_in": pytest.approx(1000.0)}


async def test_an_expired_certificate_still_says_since_when():
    asked = Asked(http())
    asked.http.replies[URL] = HttpAnswer(
        fault=HttpFault.TLS_EXPIRED, reason="expired", cert_expires_at=1_700_001_000.0 - 60
    )

    assert (await asked.result()).metrics == {"cert.expires_in": pytest.approx(-60.0)}


async def test_a_percentile_is_over_the_answers_before():
    asked = Asked(http(should=("p95(latency, 10m) < 500ms",)))
    states = []
    for took in (0.1, 0.2, 0.9):
        asked.http.replies[URL] = ok(took=took)
        states.append((await asked.result()).state)

    assert states == ["up", "up", "degraded"]


async def test_a_soft_failure_is_asked_again_sooner_until_it_is_certain():
    asked = Asked(http(fails=3, retry=5.0, every=30.0))
    asked.http.replies[URL] = ok(status=500)
    wishes = [await asked.probe.poll() for _ in range(4)]
    asked.http.replies[URL] = ok()
    wishes += [await asked.probe.poll()]
    asked.http.replies[URL] = ok(status=500)
    wishes += [await asked.probe.poll()]

    assert wishes == [5.0, 5.0, None, None, None, 5.0]


async def test_a_secret_is_put_into_the_header_when_it_is_sent(monkeypatch, tmp_path):
    monkeypatch.setenv("SHOP_TOKEN", "s3cret")
    (tmp_path / "key").write_text("k3y\n")
    secrets = {"shop": "env:SHOP_TOKEN", "key": f"file:{tmp_path / 'key'}"}
    headers = {
        "Authorization": "Bearer secret:shop",
        "X-Key": "secret:key",
        "X-No": "secret:nope",
        "A": "b",
    }
    asked = Asked(http(headers=headers), secrets)
    asked.http.replies[URL] = ok()

    result = await asked.result()

    asked_for = asked.http.asked[0]
    assert {name: secret.reveal() for name, secret in asked_for.hidden.items()} == {
        "Authorization": "Bearer s3cret", "X-Key": "k3y", "X-No": "", "A": "b",
    }  # fmt: skip
    assert "s3cret" not in f"{result!r} {asked_for!r} {asked_for}"


@pytest.mark.parametrize(
    ("kind", "answer", "state", "reason"),
    [
        ("tcp", ProbeAnswer(took=0.01), "up", ""),
        ("tcp", ProbeAnswer(fault=HttpFault.REFUSED, reason="port 80 is closed"), "down", "port 80 is closed"),
        ("tls", ProbeAnswer(took=0.01, cert_expires_at=2e9), "up", ""),
        ("tls", ProbeAnswer(fault=HttpFault.TLS_WRONG_NAME, reason="for b.example"), "down", "for b.example"),
    ],
)  # fmt: skip
async def test_ports_and_handshakes_are_judged_alike(kind, answer, state, reason):
    asked = Asked(Check("edge", kind, "a.example:443"))
    asked.http.probes["a.example:443"] = answer

    result = await asked.result()

    assert (result.state, result.reason) == (state, reason)


@pytest.mark.parametrize(
    ("status", "must", "state", "reason"),
    [
        (0, (), "up", ""),
        (1, (), "degraded", "LOAD - high"),
        (2, (), "down", "LOAD - high"),
        (3, (), "unknown", "LOAD - high"),
        (127, (), "unknown", "LOAD - high"),
        (0, ("perf.load1 < 1",), "down", "perf.load1 3, must be < 1"),
        (1, ("perf.load1 < 9",), "degraded", "LOAD - high"),
        (3, ("code == 0",), "down", "code 3, must be == 0"),
    ],
)
async def test_a_plugin_speaks_by_its_exit_code_and_its_values(status, must, state, reason):
    check = Check("load", "exec", "", argv=("check_load", "-w", "5"), via="web01", must=must)
    asked = Asked(check)
    asked.remote.answers["localhost"] = Answer(
        Ending.EXITED, status, stdout=b"LOAD - high|load1=3;5;10", took=0.2
    )

    result = await asked.result()

    assert (result.state, result.reason) == (state, reason)
    assert result.metrics == {"check.latency": 0.2, "perf.load1": 3.0}
    assert asked.remote.commands[0][1].argv == ("check_load", "-w", "5")


@pytest.mark.parametrize("ending", [e for e in Ending if e is not Ending.EXITED])
async def test_a_plugin_whose_end_was_not_seen_is_unknown(ending):
    asked = Asked(Check("load", "exec", "", argv=("check_load",), via="web01"))
    asked.remote.answers["localhost"] = Answer(ending, reason="gone")

    result = await asked.result()

    assert (result.state, result.reason) == ("unknown", "gone")


async def test_a_plugin_that_says_nothing_is_explained_by_its_errors():
    asked = Asked(Check("load", "exec", "", argv=("check_load",)))
    asked.remote.answers["localhost"] = Answer(Ending.EXITED, 2, stderr=b"no such\x1b[2J file\n")

    assert (await asked.result()).reason == "no such\u241b[2J file"


async def test_a_check_by_way_of_a_host_that_is_gone_is_unknown():
    asked = Asked(Check("load", "exec", "", argv=("check_load",), via="web09"))
    asked.host = None

    assert (await asked.result()).reason == "no host web09 to ask from"


async def test_an_assertion_that_cannot_be_read_is_unknown_and_said():
    asked = Asked(http(must=("statsu == 200",)))
    asked.http.replies[URL] = ok()

    result = await asked.result()

    assert result.state == "unknown"
    assert "assertion" in result.reason


async def test_a_look_that_got_no_turn_is_our_own_trouble():
    asked = Asked(http())

    asked.probe.crashed(TimeoutError())

    assert asked.sink.results[0].state == "unknown"
    assert asked.sink.results[0].reason.startswith("console busy")


async def test_i03_what_a_target_says_reaches_nobody_uncleaned():
    asked = Asked(http(must=('body.$.db == "up"',)))
    asked.http.replies[URL] = ok(body=b'{"db": "\\u001b]52;c;aGk=\\u0007\\u202e"}')

    result = await asked.result()

    assert "\x1b" not in result.reason
    assert "\u202e" not in result.reason
