"""Verbs against a real engine that watches this machine."""

import json

import pytest

from tests.program import Program


@pytest.fixture
def running(program: Program) -> Program:
    config = program.folder / "opsconsole.yaml"
    config.write_text(
        "version: 1\nenvironment: prod\nhosts: [{name: here, transport: local, every: 2s}]\n"
    )
    program.line = ("-c", str(config), "-E", "verbs")
    started = program.verb("engine", "start")
    assert started.returncode == 0, started.stderr
    return program


def test_an_event_of_a_deploy_is_listed_again(running: Program) -> None:
    told = running.verb("event", "shop-api 4.2", "--kind", "deploy", "--on", "service:shop")
    listed = running.verb("events", "--since", "1h", "--json")
    document = json.loads(listed.stdout)
    deploys = [one for one in document["events"] if one["kind"] == "deploy"]

    assert told.returncode == 0, told.stderr
    assert document["schema"] == "opsconsole.events/1"
    assert [(one["text"], one["subject"]) for one in deploys] == [("shop-api 4.2", "service:shop")]


def test_unlock_and_lock_are_said(running: Program) -> None:
    unlocked = running.verb("unlock", "15m", "mailer", "again")
    locked = running.verb("lock")

    assert unlocked.stdout.startswith("changes are on for ")
    assert locked.stdout == "changes are off for you\n"


def test_a_freeze_is_numbered_and_thawed(running: Program) -> None:
    frozen = running.verb("freeze", "2h", "migration", "--scope", "role:db")
    thawed = running.verb("thaw", "f1")
    again = running.verb("thaw", "f1")

    assert frozen.stdout == "freeze f1 on role:db\n"
    assert thawed.stdout == "freeze f1 ended\n"
    assert again.returncode == 64
    assert "no freeze f1" in again.stderr


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        (("unlock", "15", "mailer"), 64, "a unit is missing"),
        (("unlock", "9h", "mailer"), 64, "between 1 s and 8 h"),
        (("ack", "nothing"), 64, "no fire nothing"),
        (("poll", "moon"), 64, "no target moon"),
        (("trust", "moon"), 64, "no host moon"),
        (("event", " "), 64, "an event needs a text"),
        (("event", "x", "--at", "yesterday"), 64, "is no time"),
        (("runs", "20260101-000000-abcdef"), 64, "no run"),
        (("run", "moon-walk", "-t", "here"), 64, "no action moon-walk"),
        (("run", "unit-restart", "-t", "moon", "-p", "unit=x.service"), 64, "moon"),
        (("run", "unit-restart", "-t", "here", "-p", "unit"), 64, "NAME=VALUE"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_with_its_code(
    running: Program, line: tuple[str, ...], code: int, says: str
) -> None:
    answer = running.verb(*line)

    assert (answer.returncode, says in answer.stderr) == (code, True), answer.stderr


def test_a_reload_with_a_mistake_keeps_the_old_configuration(running: Program) -> None:
    config = running.folder / "opsconsole.yaml"
    good = running.verb("engine", "reload")
    config.write_text("version: 1\nhosts: [{nam: here}]\n")

    bad = running.verb("engine", "reload")
    status = running.verb("status", "--json")

    assert good.stdout == "configuration taken over: nothing changed\n"
    assert bad.stdout.startswith("the old configuration stays:")
    assert [host["name"] for host in json.loads(status.stdout)["hosts"]] == ["here"]


def test_status_of_a_running_engine_is_its_truth(running: Program) -> None:
    text = running.verb("status", "--wait", "20")
    document = json.loads(running.verb("status", "--json", "--wait", "20").stdout)

    (host,) = document["hosts"]
    assert "here" in text.stdout
    assert (host["reach"], host["age"] < 60) == ("up", True)
    assert {"cpu.busy", "mem.available", "fs.worst_used_ratio"} <= set(host["metrics"])


def test_status_selects_by_the_filter_line(running: Program) -> None:
    none = json.loads(running.verb("status", "--json", "--select", "host:web*").stdout)
    wrong = running.verb("status", "--select", "state == (")

    assert none["hosts"] == []
    assert wrong.returncode == 3
    assert "^" in wrong.stderr


def test_what_fills_and_what_is_odd_is_told_by_the_engine(running: Program) -> None:
    running.verb("status", "--wait", "20")
    told = json.loads(running.verb("capacity", "--json").stdout)
    odd = json.loads(running.verb("odd", "--json").stdout)

    assert told["schema"] == "opsconsole.capacity/1"
    assert "memory" in {each["name"] for each in told["capacity"]["resources"]}
    assert running.verb("capacity", "--within", "1m").stdout.startswith("nothing fills within 1m")
    assert running.verb("capacity", "--select", "load>abc").returncode == 64
    assert odd["schema"] == "opsconsole.odd/1"
    assert odd["odd"]["odds"] == []
    assert "No host has four peers" in running.verb("odd").stdout
