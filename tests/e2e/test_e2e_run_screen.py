"""A run that goes wrong, by keyboard at 80x24 over the demo fleet: form, plan, canary, halted, stopped, again."""

import sys

import pytest

from tests.e2e.demofleet import DemoFleet
from tests.e2e.test_e2e_journey import line_of, runs
from tests.e2e.tmuxes import Tmux
from tests.program import Program

WRONG = "systemctl restart nosuch.service"


@pytest.mark.pty
@pytest.mark.timeout(150)
def test_a_bad_canary_halts_and_what_was_not_started_can_be_planned_again(
    program: Program, fleet: DemoFleet
) -> None:
    with Tmux(program, (sys.executable, "-m", "opsconsole", *line_of(fleet))) as screen:
        screen.wait("LOCKED", "web-prod-", "UnitFailed", "db-prod-01")  # the form is to say of it
        screen.line(":", "unlock 15m try it")
        screen.wait("UNLOCKED")
        screen.line(":", "run adhoc mail-prod-01 db-prod-01")
        form = screen.wait("command", "2 targets", "enter plan")
        screen.fill(WRONG)
        plan = screen.press_until("Enter", "canary", "type 2 to run it")
        screen.answer("2", "HALTED")
        halted = screen.wait("C continue 1 held", "1 bad, 0 may be")
        screen.press_until("X", "Stop here?")
        screen.press_until("y", "FAILED", "not-started")
        screen.press_until("r", "again for")
        again = screen.press_until("n", "1 of 1", "to run it")
        screen.press_until("Escape", "not-started")

    (run,) = runs(program, fleet)
    assert "alerting db-prod-01" in form
    assert WRONG in plan
    assert "LOCKED" not in halted.replace("UNLOCKED", "")
    assert WRONG in again
    assert run["state"] == "failed"
    assert sorted(target["state"] for target in run["targets"]) == ["failed", "not-started"]
