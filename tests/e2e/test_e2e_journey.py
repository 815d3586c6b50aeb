"""The main job over the demo fleet: from a fire to green again, by keyboard alone and by command line."""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.demofleet import DemoFleet
from tests.e2e.tmuxes import Tmux, descendants
from tests.program import Program

RESTART = ("run", "unit-restart", "-t", "web-prod-01", "-p", "unit=checkout.service")


def line_of(fleet: DemoFleet, *verb: str) -> tuple[str, ...]:
    return ("-c", str(fleet.config), "-E", "e2e", *verb)


def status(program: Program, fleet: DemoFleet) -> dict[str, Any]:
    answer = program.run(*line_of(fleet, "status", "--json"))
    assert answer.stdout, answer.stderr
    document: dict[str, Any] = json.loads(answer.stdout)
    return document


def runs(program: Program, fleet: DemoFleet) -> list[dict[str, Any]]:
    answer = program.run(*line_of(fleet, "runs", "--json"))
    assert answer.returncode == 0, answer.stderr
    found: list[dict[str, Any]] = json.loads(answer.stdout)["runs"]
    return found


def state_of(program: Program, fleet: DemoFleet, service: str) -> str:
    found = {one["name"]: one["state"] for one in status(program, fleet)["services"]}
    return str(found[service])


def fires_on(program: Program, fleet: DemoFleet, name: str, where: str) -> list[str]:
    return [
        one["state"]
        for one in status(program, fleet)["alerts"]
        if (one["name"], one["on"]) == (name, where) and one["state"] != "resolved"
    ]


@pytest.mark.timeout(150)
def test_a_dead_service_is_refused_while_locked_and_restarted_with_a_reason(
    program: Program, fleet: DemoFleet
) -> None:
    assert program.run(*line_of(fleet, "engine", "start")).returncode == 0
    program.wait_for(lambda: state_of(program, fleet, "checkout") == "down", "checkout to fail", 60)

    planned = program.run(*line_of(fleet, *RESTART, "--plan"))
    refused = program.run(*line_of(fleet, *RESTART, "--yes"))
    before = (runs(program, fleet), state_of(program, fleet, "checkout"))
    done = program.run(*line_of(fleet, *RESTART, "--yes", "--unlock", "checkout is down"))
    program.wait_for(lambda: state_of(program, fleet, "checkout") == "up", "checkout to come up")
    again = program.run(*line_of(fleet, *RESTART, "--yes"))

    assert "sudo -n -- systemctl restart -- checkout.service" in planned.stdout
    assert "LOCKED" in planned.stdout.upper()
    assert (refused.returncode, "LOCKED" in refused.stderr.upper()) == (4, True), refused.stderr
    assert before == ([], "down")
    assert done.returncode == 0, done.stderr
    assert again.returncode == 4  # one reason opens the door for one run
    assert [one["state"] for one in runs(program, fleet)] == ["succeeded"]
    program.wait_for(
        lambda: not fires_on(program, fleet, "ServiceDown", "service:checkout"), "the fire to end"
    )


def console(program: Program, fleet: DemoFleet) -> Tmux:
    return Tmux(program, (sys.executable, "-m", "opsconsole", *line_of(fleet)))


def to_the_plan(screen: Tmux, name: str) -> None:
    """From a fire that stands there: unlock, find it, `r`, a letter, the form, the plan."""
    screen.wait(name, "LOCKED")
    screen.line(":", "unlock 15m bring it back")
    screen.wait("UNLOCKED")
    screen.line("/", f"{name} host:db-*")
    screen.wait(f"filter: {name} host:db-*", "db-prod-01", "1 of ")
    screen.press("r")
    screen.wait(f"Runbooks for {name} on db-prod-01", "Restart a systemd unit")
    screen.press_until("r", "wal-archiver.service", "enter plan")
    screen.press_until("Enter", "systemctl restart -- wal-archiver.service", "y run it")


@pytest.mark.pty
@pytest.mark.timeout(150)
def test_from_a_fire_to_green_again_with_no_mouse_at_eighty_by_twenty_four(
    program: Program, fleet: DemoFleet
) -> None:
    with console(program, fleet) as screen:
        to_the_plan(screen, "UnitFailed")
        screen.press_until("y", "unit-restart", "wal-archiver.service", "db-prod-01", "Output")
        running = screen.wait("holds 1/3")
        ended = screen.wait("SUCCEEDED", "1 changed")
        screen.press_until("Escape", "overview")  # a notice in the way takes the first one
        green = screen.wait("filter: UnitFailed host:db-*", "0 of ", "✓ db-prod-01")

    (run,) = runs(program, fleet)
    assert "RUNNING" in running
    assert "holds 3/3" in ended
    assert all(len(row) <= 80 for row in green.splitlines())
    assert run["state"] == "succeeded"
    assert fires_on(program, fleet, "UnitFailed", "host:db-prod-01") == []


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _kill(screen: Tmux) -> None:
    for pid in descendants(screen.pid):
        os.kill(pid, signal.SIGKILL)
    screen.wait("Pane is dead")


@pytest.mark.pty
@pytest.mark.timeout(150)
@pytest.mark.parametrize("end", [_kill, Tmux.hang_up], ids=["killed", "hung-up"])
def test_t03_t05_a_console_that_ends_in_a_run_leaves_it_going_and_a_new_one_sees_its_end(
    program: Program, fleet: DemoFleet, end: Callable[[Tmux], None]
) -> None:
    with console(program, fleet) as screen:
        to_the_plan(screen, "UnitFailed")
        screen.press_until("y", "RUNNING")
        consoles = descendants(screen.pid)
        end(screen)
        program.wait_for(lambda: not any(map(_lives, consoles)), "the console to end")
        (after,) = runs(program, fleet)

    with console(program, fleet) as screen:
        screen.wait("overview", "UnitFailed")
        screen.line(":", f"go {after['id']}")
        seen = screen.wait("SUCCEEDED", "holds 3/3")
    (ended,) = runs(program, fleet)

    assert after["state"] == "running"
    assert after["id"] in seen
    assert (ended["id"], ended["state"]) == (after["id"], "succeeded")
