"""`oncall`, `incident` and `notify` against a real engine: their words, their documents, their exit codes."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Verbs
from tests.program import Program

CONFIG = """\
version: 1
hosts: [{{name: here, transport: local}}]
on_call: {{rotation: {{people: [op1, op2], every: 1w, start: "2026-01-05T09:00"}}}}
notify:
  - {{name: pager, kind: exec, run: [{tell}], when: "*"}}
  - {{name: broken, kind: exec, run: [{broken}], when: "*"}}
"""


def _script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return path


@pytest.fixture
def running(program: Program) -> Program:
    tell = _script(program.folder / "tell.sh", f"cat > {program.folder}/told")
    broken = _script(program.folder / "broken.sh", "echo no line >&2; exit 3")
    config = program.folder / "opsconsole.yaml"
    config.write_text(CONFIG.format(tell=tell, broken=broken))
    program.line = ("-c", str(config), "-E", "verbs")
    started = program.verb("engine", "start")
    assert started.returncode == 0, started.stderr
    return program


@pytest.mark.timeout(90)
def test_who_is_on_call_is_said_for_now_and_for_a_moment(running: Program) -> None:
    first = running.verb("oncall", "--at", "2026-01-06T12:00:00Z", "--json")
    next_week = running.verb("oncall", "--at", "2026-01-13T12:00:00Z", "--json")
    words = running.verb("oncall")

    found = [json.loads(answer.stdout) for answer in (first, next_week)]
    assert {document["schema"] for document in found} == {"opsconsole.oncall/1"}
    assert [document["on_call"]["primary"] for document in found] == ["op1", "op2"]
    assert [document["on_call"]["secondary"] for document in found] == ["op2", "op1"]
    assert (first.returncode, words.returncode) == (0, 0)
    assert "op1" in words.stdout
    assert "op2" in words.stdout


@pytest.mark.timeout(90)
def test_where_nobody_is_on_call_it_says_so_and_exits_1(program: Program) -> None:
    config = program.folder / "opsconsole.yaml"
    config.write_text("version: 1\nhosts: [{name: here, transport: local}]\n")
    program.line = ("-c", str(config), "-E", "verbs")

    answer = program.verb("oncall", "--json")

    assert answer.returncode == 1
    assert json.loads(answer.stdout)["on_call"]["primary"] == ""


@pytest.mark.timeout(90)
def test_an_incident_is_opened_noted_changed_written_up_and_closed(running: Program) -> None:
    none = running.verb("incident", "list")
    opened = running.verb("incident", "open", "--title", "checkout fails", "--on", "host:here")
    active = running.verb("incident", "list", "--json")
    (one,) = json.loads(active.stdout)["incidents"]
    noted = running.verb("incident", "note", one["id"], "the pool \x1b[2Jis full")
    running.verb("incident", "set", one["id"], "--commander", "op2", "--severity", "warning")
    page = running.verb("incident", "show", one["id"], "--json")
    report = running.verb("incident", "export", one["id"])
    closed = running.verb("incident", "close", one["id"], "-m", "a bigger pool")
    left = running.verb("incident", "list", "--json")
    every = running.verb("incident", "list", "--all", "--json")

    assert (none.returncode, none.stdout) == (0, "no incident is open\n")
    assert (opened.returncode, noted.returncode, closed.returncode) == (0, 0, 0)
    assert active.returncode == 1
    assert (one["title"], one["status"], one["on"]) == ("checkout fails", "active", ["host:here"])
    assert json.loads(page.stdout)["schema"] == "opsconsole.incident/1"
    assert "the pool ␛[2Jis full" in page.stdout
    assert report.stdout.startswith("# ")
    assert "op2" in report.stdout
    assert "\x1b" not in report.stdout
    assert (left.returncode, json.loads(left.stdout)["incidents"]) == (0, [])
    (over,) = json.loads(every.stdout)["incidents"]
    assert (over["status"], over["summary"]) == ("closed", "a bigger pool")


@pytest.mark.timeout(90)
def test_an_incident_that_is_not_there_is_named_with_those_that_are(running: Program) -> None:
    running.verb("incident", "open", "--title", "checkout fails")
    (one,) = json.loads(running.verb("incident", "list", "--json").stdout)["incidents"]

    shown = running.verb("incident", "show", "i99")
    noted = running.verb("incident", "note", "i99", "x")

    assert (shown.returncode, noted.returncode) == (64, 64)
    assert f"no incident i99: {one['id']}" in shown.stderr
    assert "i99" in noted.stderr


@pytest.mark.timeout(90)
def test_a_notifier_is_tried_and_says_how_it_does(running: Program) -> None:
    good = running.verb("notify", "test", "pager")
    bad = running.verb("notify", "test", "broken")
    unknown = running.verb("notify", "test", "pagr")
    table = running.verb("notify", "list")
    listed = json.loads(running.verb("notify", "list", "--json").stdout)

    told = json.loads((running.folder / "told").read_text())
    assert told["schema"] == "opsconsole.notification/1"
    assert good.returncode == 0, good.stderr
    assert bad.returncode != 0
    assert "exit 3: no line" in bad.stderr
    assert unknown.returncode == 64
    assert "pagr" in unknown.stderr
    assert table.stdout.split()[:6] == ["NAME", "KIND", "SENT", "FAILED", "HELD", "WHY"]
    assert listed["schema"] == "opsconsole.notifiers/1"
    assert {each["name"]: each["kind"] for each in listed["notifiers"]} == {
        "pager": "exec",
        "broken": "exec",
    }


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (("incident", "opn"), "open"),
        (("notify", "lst"), "list"),
        (("maintenance", "opne"), "open"),
        (("silence", "expre"), "expire"),
    ],
)
def test_a_verb_that_is_typed_wrong_is_guessed(
    verbs: Verbs, typed: tuple[str, ...], meant: str
) -> None:
    answer = verbs.run(*typed)

    assert answer.exit_code == 64
    assert f"did you mean {meant}?" in answer.stderr
