"""A real Prometheus and two clustered Alertmanagers: one row an alert, and never an end that was a restart."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.realservers import RealAlertmanager, RealPrometheus
from tests.e2e.swallower import Swallower
from tests.program import Program
from tests.realsshd import need

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

ALERTMANAGER = """
route: {receiver: none, group_by: [instance]}
receivers: [{name: none}]
inhibit_rules:
  - {source_matchers: [alertname="DbDown"], target_matchers: [alertname="DbSlow"], equal: [instance]}
"""
RULES = """
groups:
  - name: fleet
    interval: 1s
    rules:
      - {alert: DbDown, expr: vector(41) + 1, labels: {severity: critical, instance: "db1:9100"}}
      - {alert: DbSlow, expr: vector(1), labels: {severity: warning, instance: "db1:9100"}}
      - {alert: Waiting, expr: vector(1), for: 1h, labels: {severity: warning, instance: "db2:9100"}}
      - alert: Broken
        expr: vector(1) * on() (label_replace(vector(1),"a","1","","") or label_replace(vector(1),"a","2","",""))
"""
FLEETING = """
      - {alert: Fleeting, expr: vector(1), labels: {severity: warning, instance: "db2:9100"}}
"""
SETTLED = {"DbDown", "DbSlow", "RulesBroken"}


class Pair:
    """Prometheus (external labels, a replica label) over two Alertmanagers that gossip."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.a = RealAlertmanager(folder / "am-a", [], ALERTMANAGER)
        self.b = RealAlertmanager(folder / "am-b", [self.a], ALERTMANAGER)
        self.prometheus = RealPrometheus(
            folder / "prom", self.a, self.b, rules=RULES + FLEETING,
            external="{cluster: eu, replica: one}",
        )  # fmt: skip
        for server in (self.a, self.b, self.prometheus):
            stack.enter_context(server)

    def configuration(self) -> str:
        return (
            "version: 1\nhosts:\n"
            "  - {name: db1, address: 127.0.0.1, transport: local, every: 1m}\n"
            "alert_sources:\n"
            f"  - {{name: am, kind: alertmanager, urls: ['{self.a.url}', '{self.b.url}'],"
            " every: 1s, timeout: 1s}\n"
            f"  - {{name: prom, kind: prometheus, urls: ['{self.prometheus.url}'], every: 1s, timeout: 1s}}\n"
        )


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with ExitStack() as stack:
        yield Pair(tmp_path, stack)


class Watcher:
    """Looks at the engine by its own command line."""

    def __init__(self, program: Program, config: Path) -> None:
        self.program = program
        program.line = ("-c", str(config), "-E", "src")
        assert program.verb("engine", "start").returncode == 0

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.program.verb("status", "--json").stdout)
        return found

    def firing(self) -> dict[str, dict[str, Any]]:
        """Every alert that fires, by name; each is there once, whatever tells of it."""
        rows = [a for a in self.status()["alerts"] if a["state"] == "firing"]
        twice = [
            each for each, count in Counter((a["name"], a["on"]) for a in rows).items() if count > 1
        ]
        assert twice == []
        return {a["name"]: a for a in rows}

    def feed(self, name: str) -> dict[str, Any]:
        [found] = [feed for feed in self.status()["feeds"] if feed["name"] == name]
        return dict(found)

    def still_all(self) -> bool:
        """Tell whether what fires is all there: asserted at every look."""
        assert self.firing().keys() >= SETTLED
        return True

    def resolved(self) -> list[str]:
        events = json.loads(self.program.verb("events", "--since", "1h", "--json").stdout)["events"]
        return [event["text"] for event in events if event["kind"] == "resolved"]

    def wait(self, condition: Any, what: str) -> None:
        self.program.wait_for(condition, what, within=40)


def test_fired_grouped_inhibited_killed_and_restarted_it_is_one_row_and_no_end(
    program: Program, pair: Pair, tmp_path: Path
) -> None:
    config = tmp_path / "opsconsole.yaml"
    config.write_text(pair.configuration())
    see = Watcher(program, config)
    see.wait(lambda: see.firing().keys() >= {*SETTLED, "Fleeting"}, "all alerts")
    see.wait(lambda: see.firing()["DbDown"]["source"] == "am,prom", "both sources to agree")
    see.wait(lambda: bool(see.firing()["DbSlow"]["suppressed_by"]), "the inhibition")
    first = see.firing()

    # what each source alone knows is on the one row
    assert first["DbDown"]["on"] == "host:db1"
    assert first["DbDown"]["labels"]["cluster"] == "eu"
    assert "replica" not in first["DbDown"]["labels"]
    assert first["DbSlow"]["suppressed_by"] == [f"inhibited:{first['DbDown']['fingerprint']}"]
    assert "Broken: " in first["RulesBroken"]["summary"]
    assert first["RulesBroken"]["on"] == "feed:prom"
    assert "Waiting" not in first

    # an end that is one
    pair.prometheus.use(RULES)
    see.wait(lambda: see.still_all() and see.resolved() == ["Fleeting"], "the real end")

    # one peer killed, both restarted, Prometheus too: none of it is an end
    pair.b.stop()
    see.wait(lambda: see.still_all() and see.feed("am")["state"] == "degraded", "one peer away")
    assert see.feed("am")["reason"].startswith("1/2 members; ")
    pair.b.start()
    see.wait(lambda: see.still_all() and see.feed("am")["state"] == "up", "the peer back")
    pair.a.stop()
    pair.b.stop()
    see.wait(lambda: see.still_all() and see.feed("am")["state"] == "down", "both away")
    pair.a.start()
    pair.b.start()
    pair.prometheus.stop()
    pair.prometheus.start()
    see.wait(
        lambda: see.still_all() and see.feed("am")["state"] == see.feed("prom")["state"] == "up",
        "everybody back",
    )
    see.wait(
        lambda: see.still_all() and see.firing()["DbDown"]["freshness"] == "live", "it is repeated"
    )
    last = see.firing()

    assert see.resolved() == ["Fleeting"]
    assert {n: last[n]["episode"] for n in SETTLED} == {n: first[n]["episode"] for n in SETTLED}


def test_a_pulled_cable_is_one_blind_alert_a_source_and_neither_an_end_nor_green(
    program: Program, pair: Pair, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        am = stack.enter_context(Swallower(pair.a.port))
        prom = stack.enter_context(Swallower(pair.prometheus.port))
        web = stack.enter_context(Swallower(pair.prometheus.port))
        config = tmp_path / "opsconsole.yaml"
        config.write_text(
            "version: 1\nrules: {SourceUnreachable: {for: 1s}}\nalert_sources:\n"
            f"  - {{name: am, kind: alertmanager, urls: ['{am.url}'], every: 1s, timeout: 500ms}}\n"
            f"  - {{name: prom, kind: prometheus, urls: ['{prom.url}'], every: 1s, timeout: 500ms,"
            " external_labels: {cluster: eu}}\n"
            "services:\n"
            f"  - {{name: web, http: '{web.url}/-/ready', every: 1s, timeout: 500ms, fails: 1}}\n"
            "  - {name: up, prom: 'vector(1)', every: 1s, timeout: 500ms}\n"
        )
        see = Watcher(program, config)
        see.wait(lambda: see.firing().keys() >= {*SETTLED, "Fleeting"}, "all alerts")
        see.wait(lambda: {s["state"] for s in see.status()["services"]} == {"up"}, "services up")
        before = see.firing().keys()

        for cable in (am, prom, web):
            cable.swallow()
        blind = "SourceUnreachable"
        rows: list[dict[str, Any]] = []

        def both_blind() -> bool:
            rows[:] = see.status()["alerts"]
            names = {a["name"] for a in rows if a["state"] == "firing"}
            assert names >= before
            return sorted(a["on"] for a in rows if a["name"] == blind) == ["feed:am", "feed:prom"]

        see.wait(both_blind, "one blind alert a source")
        see.wait(lambda: see.status()["services"][0]["state"] != "up", "the service not green")
        shown = see.status()

        assert see.resolved() == []
        assert {a["freshness"] for a in rows if a["name"] in before} == {"stale"}
        assert {f["state"] for f in shown["feeds"] if f["name"] in ("am", "prom")} == {"unknown"}
        states = {s["name"]: s["state"] for s in shown["services"]}
        assert (states["up"], states["web"]) == ("unknown", "down")

        for cable in (am, prom, web):
            cable.heal()
        see.wait(lambda: see.firing().keys() == before, "the blind alerts to end, and only they")

        assert set(see.resolved()) == {blind, "ServiceDown"}, "of our own view, and of web"


def _amtool(url: str) -> dict[str, str]:
    """The silences in force as Alertmanager's own tool has them: id and end."""
    program = need("amtool", "prometheus-alertmanager")
    answer = subprocess.run(
        [program, f"--alertmanager.url={url}", "silence", "query", "-o", "json"],
        capture_output=True, check=True, timeout=20,
    )  # fmt: skip
    return {str(each["id"]): str(each["endsAt"])[:19] for each in json.loads(answer.stdout)}


def test_a_silence_is_one_for_the_cluster_and_both_members_tool_agrees_with_the_list(
    program: Program, pair: Pair, tmp_path: Path
) -> None:
    config = tmp_path / "opsconsole.yaml"
    config.write_text(pair.configuration())
    see = Watcher(program, config)
    see.wait(lambda: see.firing().keys() >= SETTLED, "all alerts")

    def listed() -> dict[str, str]:
        found = json.loads(program.verb("silence", "list", "--json").stdout)["silences"]
        return {
            each["id"]: datetime.fromtimestamp(each["ends"], UTC).isoformat()[:19] for each in found
        }

    def agreed(url: str, count: int) -> bool:
        ours = listed()
        return len(ours) == count and ours == _amtool(url)

    refused = program.verb("silence", "add", "alertname=DbDown", "-m", "failover", "--yes")
    made = program.verb(
        "silence", "add", "alertname=DbDown", "-m", "failover", "--yes", "--confirm", "1"
    )
    assert refused.returncode == 4, "a critical is typed back"
    assert made.returncode == 0, made.stderr
    see.wait(lambda: agreed(pair.a.url, 1) and agreed(pair.b.url, 1), "both members")
    see.wait(
        lambda: any(r.startswith("silence:") for r in see.firing()["DbDown"]["suppressed_by"]),
        "the row to say so",
    )
    [(identity, ends)] = listed().items()

    pair.a.stop()
    extended = program.verb("silence", "extend", identity, "--by", "1h", "--confirm", "1")
    assert extended.returncode == 0, extended.stderr
    assert list(_amtool(pair.b.url)) == [identity]
    assert _amtool(pair.b.url)[identity] > ends
    pair.a.start()
    see.wait(lambda: agreed(pair.a.url, 1) and agreed(pair.b.url, 1), "the member that was away")

    ended = program.verb("silence", "expire", identity)
    assert ended.returncode == 0, ended.stderr
    see.wait(lambda: agreed(pair.a.url, 0) and agreed(pair.b.url, 0), "both members again")
    see.wait(lambda: see.firing()["DbDown"]["suppressed_by"] == [], "it to be heard again")
    assert "DbDown" not in see.resolved()
