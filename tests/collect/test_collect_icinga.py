"""Icinga 2's API, by answers in the shape its documentation shows."""

import json
from typing import Any

import pytest

from opsconsole.model.inventory import AlertSource
from opsconsole.model.sample import SourceReading
from opsconsole.transport.http_answer import HttpAnswer
from tests.collect_fakes import FakeSink, VirtualClock, probe_of

URL = "https://icinga.example:5665"


def row(kind: str, **attrs: Any) -> dict[str, Any]:
    usual = {
        "state": 2.0, "state_type": 1.0, "acknowledgement": 0.0, "downtime_depth": 0.0, "notes_url": "",
        "last_check_result": {"output": "DISK CRITICAL - 97% used\n/var 97%", "exit_status": 2.0},
        "last_state_ok": 1795340000.5, "last_state_up": 1795340000.5, "last_state_change": 1795341000.0,
    }  # fmt: skip
    return {"attrs": usual | attrs, "joins": {}, "meta": {}, "name": attrs["name"], "type": kind}


class Icinga:
    def __init__(self) -> None:
        self.sink = FakeSink()
        self.services: list[dict[str, Any]] = []
        self.hosts: list[dict[str, Any]] = []
        source = AlertSource("ici", "icinga", (URL,))
        self.probe = probe_of(source, self, self.sink, VirtualClock())  # type: ignore[arg-type]

    async def fetch(self, endpoint: Any) -> HttpAnswer:
        path = endpoint.url.removeprefix(URL).partition("?")[0]
        app = {"icingaapplication": {"app": {"program_start": 1795300000.25, "version": "r2.14.0"}}}
        found = {
            "/v1/objects/services": self.services,
            "/v1/objects/hosts": self.hosts,
            "/v1/status/IcingaApplication": [{"name": "IcingaApplication", "status": app}],
        }[path]
        return HttpAnswer(200, body=json.dumps({"results": found}).encode())

    async def read(self) -> SourceReading:
        await self.probe.poll()
        return self.sink.readings[-1]


async def test_a_problem_of_a_service_is_an_alert_on_its_host():
    icinga = Icinga()
    icinga.services = [row("Service", name="db-02!disk", host_name="db-02")]

    reading = await icinga.read()

    [found] = reading.alerts
    assert (reading.state, reading.started_at) == ("up", 1795300000.25)
    assert found.labels == {
        "alertname": "disk", "host": "db-02", "service": "disk", "severity": "critical",
    }  # fmt: skip
    assert found.annotations == {"summary": "DISK CRITICAL - 97% used"}
    assert (found.starts_at, found.pending, found.muted_by) == (1795340000.5, False, ())


@pytest.mark.parametrize(
    ("attrs", "severity", "pending", "muted"),
    [
        ({"state": 1.0}, "warning", False, ()),
        ({"state": 3.0}, "unknown", False, ()),
        ({"state_type": 0.0}, "critical", True, ()),
        ({"acknowledgement": 2.0}, "critical", False, ("icinga-acknowledged",)),
        ({"acknowledgement": 1.0, "downtime_depth": 1.0}, "critical", False,
         ("icinga-acknowledged", "icinga-downtime")),
    ],
)  # fmt: skip
async def test_what_icinga_knows_of_it_is_told(attrs, severity, pending, muted):
    icinga = Icinga()
    icinga.services = [row("Service", name="db-02!disk", host_name="db-02", **attrs)]

    [found] = (await icinga.read()).alerts

    assert (found.labels["severity"], found.pending, found.muted_by) == (severity, pending, muted)


async def test_it_stays_the_same_alert_while_it_gets_worse():
    icinga = Icinga()
    icinga.services = [row("Service", name="db-02!disk", host_name="db-02", state=1.0)]
    [warning] = (await icinga.read()).alerts
    icinga.services = [row("Service", name="db-02!disk", host_name="db-02", state=2.0)]
    [critical] = (await icinga.read()).alerts

    assert warning.fingerprint == critical.fingerprint
    assert warning.starts_at == critical.starts_at
    assert warning.labels["severity"] != critical.labels["severity"]


async def test_a_host_that_is_down_is_critical():
    icinga = Icinga()
    icinga.hosts = [row("Host", name="db-03", state=1.0, notes_url="https://runbooks.example/db")]

    [found] = (await icinga.read()).alerts

    assert found.labels == {"alertname": "HostDown", "host": "db-03", "severity": "critical"}
    assert found.annotations["runbook_url"] == "https://runbooks.example/db"
