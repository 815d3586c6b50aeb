"""`status` over a real fleet: 200 addresses of real sshds, a real Alertmanager, a real Prometheus."""

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.realservers import RealAlertmanager, RealPrometheus
from tests.program import Program
from tests.realsshd import RealSshd

HOSTS = 200
ALERTS = 1_000
DOCUMENT = {
    "hosts": {"name", "state", "reach", "reason", "age", "labels", "metrics"},
    "services": {"name", "state", "reason", "age", "latency"},
    "alerts": {
        "fingerprint", "episode", "name", "severity", "state", "since", "on", "source", "labels",
        "owner", "ack", "suppressed_by", "freshness", "summary", "value",
    },
    "feeds": {"name", "kind", "state", "reason", "age"},
}  # fmt: skip
NEEDED = ("cpu.busy", "mem.available", "load.1m", "fs.worst_used_ratio")


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[RealSshd]:
    addresses = [f"127.0.1.{n}" for n in range(1, HOSTS + 1)]
    server = RealSshd(tmp_path / "sshd", addresses)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[RealAlertmanager]:
    with RealAlertmanager(tmp_path / "alertmanager") as server:
        server.post(ALERTS)
        yield server


@pytest.fixture
def prometheus(tmp_path: Path, alertmanager: RealAlertmanager) -> Iterator[RealPrometheus]:
    with RealPrometheus(tmp_path / "prometheus", alertmanager) as server:
        yield server


@pytest.mark.real
@pytest.mark.timeout(180)
def test_status_shows_two_hundred_real_hosts_and_a_thousand_real_alerts(
    program: Program,
    sshd: RealSshd,
    alertmanager: RealAlertmanager,
    prometheus: RealPrometheus,
    tmp_path: Path,
) -> None:
    config = tmp_path / "opsconsole.yaml"
    config.write_text(_configuration(sshd, alertmanager, prometheus))
    _wait_for_the_rule(alertmanager)

    answer = program.run("-c", str(config), "status", "--json", "--wait", "30", timeout=90)
    document = json.loads(answer.stdout)
    hosts = document["hosts"]
    alerts = [one for one in document["alerts"] if one["source"] == "main"]

    assert document["schema"] == "opsconsole.status/1"
    assert set(document) == {"schema", "at", "counts", *DOCUMENT}
    for kind, keys in DOCUMENT.items():
        assert {frozenset(one) for one in document[kind]} == {frozenset(keys)}
    assert [(h["name"], h["reach"], h["reason"]) for h in hosts if h["reach"] != "up"] == []
    assert len(hosts) == HOSTS
    assert [h["name"] for h in hosts if any(name not in h["metrics"] for name in NEEDED)] == []
    assert [h["name"] for h in hosts if not any("{mount=" in name for name in h["metrics"])] == []
    assert {h["age"] is not None and h["age"] < 30 for h in hosts} == {True}
    assert len({a["fingerprint"] for a in alerts}) == ALERTS + 1
    assert len(alerts) == ALERTS + 1
    assert {a["on"] for a in alerts} == {f"host:web{n:03}" for n in range(1, HOSTS + 1)}
    assert [(s["name"], s["state"]) for s in document["services"]] == [("prometheus", "up")]
    assert {f["name"]: f["state"] for f in document["feeds"]}["main"] == "up"
    assert answer.returncode == 2
    assert not (program.state / "opsconsole").exists()


def _configuration(
    sshd: RealSshd, alertmanager: RealAlertmanager, prometheus: RealPrometheus
) -> str:
    hosts = "\n".join(
        f"  - {{name: web{n:03}, address: {address}}}"
        for n, address in enumerate(sshd.addresses, 1)
    )
    return (
        "version: 1\n"
        f"defaults: {{every: 20s, timeout: 20s, user: {sshd.user}, port: {sshd.port}, identity: {sshd.client_key},"
        f" known_hosts: {sshd.known_hosts}}}\n"
        f"hosts:\n{hosts}\n"
        f"services:\n  - {{name: prometheus, http: '{prometheus.url}/-/healthy', must: [status == 200]}}\n"
        f"alert_sources:\n  - {{name: main, kind: alertmanager, urls: ['{alertmanager.url}']}}\n"
    )


def _wait_for_the_rule(alertmanager: RealAlertmanager) -> None:
    give_up = time.monotonic() + 30
    url = f"{alertmanager.url}/api/v2/alerts?filter=alertname%3DAlwaysOn"
    while True:
        with urllib.request.urlopen(url, timeout=5) as answer:
            if json.load(answer):
                return
        assert time.monotonic() < give_up, "Prometheus did not send its alert"
        time.sleep(0.1)  # another process has to move
