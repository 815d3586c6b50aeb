"""Silences by command line over a real Alertmanager: looked at first, made, shown, ended; and those of acks."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.realservers import RealAlertmanager
from tests.program import Program
from tests.realsshd import need


def _config(folder: Path, url: str) -> Path:
    path = folder / "opsconsole.yaml"
    path.write_text(
        "version: 1\nalert_sources:\n"
        f"  - {{name: main, kind: alertmanager, urls: ['{url}'], every: 1s, timeout: 1s}}\n"
    )
    return path


def _mute(program: Program) -> list[str]:
    alerts = json.loads(program.verb("status", "--json").stdout)["alerts"]
    return [
        one["name"] for one in alerts if any(r.startswith("silence:") for r in one["suppressed_by"])
    ]


@pytest.mark.real
@pytest.mark.timeout(120)
def test_a_silence_is_looked_at_made_extended_and_ended(program: Program, tmp_path: Path) -> None:
    with RealAlertmanager(tmp_path / "am") as server:
        server.post(3)
        program.line = ("-c", str(_config(tmp_path, server.url)), "-E", "sil")
        assert program.verb("engine", "start").returncode == 0
        program.verb("status", "--wait", "20")

        looked = program.verb("silence", "add", 'alertname="Test0001"', "-m", "deploy")
        nothing = program.verb("silence", "list")
        refused = program.verb("silence", "add", 'alertname=~".*"', "-m", "all", "--yes")
        made = program.verb("silence", "add", 'alertname="Test0001"', "-m", "deploy", "--yes")
        program.wait_for(lambda: _mute(program) == ["Test0001"], "the alert to be muted")
        (listed,) = json.loads(program.verb("silence", "list", "--json").stdout)["silences"]
        extended = program.verb("silence", "extend", listed["id"][:8], "--by", "1h")
        (longer,) = json.loads(program.verb("silence", "list", "--json").stdout)["silences"]
        ended = program.verb("silence", "expire", listed["id"][:8])
        program.wait_for(lambda: _mute(program) == [], "the alert to be heard again")
        events = program.verb("events", "--since", "1h").stdout

    assert "hides 1 now" in looked.stdout
    assert "nothing was made" in looked.stdout
    assert "nothing is silenced" in nothing.stdout
    assert refused.returncode == 4
    assert "silence everything" in refused.stderr
    assert made.returncode == 0, made.stderr
    assert listed["hides"] == 1
    assert extended.returncode == 0, extended.stderr
    assert longer["id"] == listed["id"]
    assert 3_595 < longer["ends"] - listed["ends"] < 3_605
    assert ended.returncode == 0
    assert "silenced 1 alerts" in events
    assert "ended silence" in events


def _alert(program: Program, name: str) -> Any:
    alerts = json.loads(program.verb("status", "--json").stdout)["alerts"]
    return next((one for one in alerts if one["name"] == name), None)


def _amtool(server: RealAlertmanager) -> Any:
    amtool = need("amtool", "prometheus-alertmanager")
    asked = [amtool, "silence", "query", "-o", "json", f"--alertmanager.url={server.url}"]
    return json.loads(subprocess.run(asked, capture_output=True, check=True, timeout=20).stdout)


@pytest.mark.real
@pytest.mark.timeout(120)
def test_an_ack_may_silence_its_fire_there_and_takes_the_silence_along(
    program: Program, tmp_path: Path
) -> None:
    with (
        RealAlertmanager(tmp_path / "a", peers=()) as one,
        RealAlertmanager(tmp_path / "b", peers=(one,)) as two,
    ):
        one.post(3)
        two.post(3)
        config = tmp_path / "opsconsole.yaml"
        config.write_text(
            "version: 1\nalert_sources:\n"
            f"  - {{name: main, kind: alertmanager, urls: ['{one.url}', '{two.url}'], every: 1s,"
            " timeout: 1s}\n"
        )
        program.line = ("-c", str(config), "-E", "mir")
        assert program.verb("engine", "start").returncode == 0
        program.verb("status", "--wait", "20")

        acked = program.verb("ack", "Test0001", "--mirror", "-m", "cleaning wal")
        (made,) = _amtool(one)
        program.wait_for(lambda: len(_amtool(two)) == 1, "the other member to hear of it")
        program.wait_for(
            lambda: _alert(program, "Test0001")["ack"]["silences"] == [made["id"]], "its id"
        )
        plain = program.verb("ack", "Test0002")
        shown = _alert(program, "Test0001")
        (listed,) = json.loads(program.verb("silence", "list", "--json").stdout)["silences"]
        dropped = program.verb("ack", "Test0001", "--drop")
        after = _alert(program, "Test0001")
        left = _amtool(one)

    assert acked.returncode == 0, acked.stderr
    assert acked.stdout.strip() == "1 fire seen; silenced while the ack holds"
    assert {m["name"]: m["value"] for m in made["matchers"]} == {
        "alertname": "Test0001",
        "instance": "web002:9100",
        "severity": "warning",
    }
    assert made["comment"].startswith("ACK ")
    assert made["comment"].endswith(": cleaning wal")
    assert shown["suppressed_by"] == []
    assert listed["hides"] == 1
    assert plain.stdout.strip() == "1 fire seen"
    assert dropped.stdout.strip() == "1 fire not acked any more; its silence is ended"
    assert after["ack"] is None
    assert left == []
