"""The real program on terminals that misbehave: they stop reading, lie about their size, paste, or are dumb."""

import getpass
import json
import re
import time

import pytest

from tests.e2e.demofleet import DemoFleet
from tests.e2e.ptys import Pty
from tests.program import Program

pytestmark = pytest.mark.pty

MB = 1 << 20
SIZES = ((1, 1), (20, 5), (0, 0), (500, 300), (65_535, 65_535), (2, 2), (80, 24))


@pytest.mark.timeout(120)
def test_t01_a_terminal_that_stops_reading_holds_up_nobody_and_is_painted_anew(
    program: Program, fleet: DemoFleet
) -> None:
    line = ("-c", str(fleet.config), "-E", "e2e")
    with Pty(program, *line) as terminal:
        terminal.wait("UnitFailed")
        clogged = _fill(terminal)
        told = program.run(*line, "ack", "UnitFailed", "-m", "seen it on another screen")
        assert told.returncode == 0, told.stderr
        document = json.loads(program.run(*line, "status", "--json").stdout)
        terminal.look(lambda: _has_owner(terminal.text), "who has the fire")

    assert clogged > 1_000
    assert {one["reach"] for one in document["hosts"]} == {"up"}
    assert "unknown" not in {one["state"] for one in document["hosts"]}


def _has_owner(screen: str) -> bool:
    rows = [row for row in screen.splitlines() if "UnitFailed" in row]
    return any(getpass.getuser()[:3] in row for row in rows)


def _fill(terminal: Pty) -> int:
    """Have it paint until nothing more goes into the terminal; give the bytes that wait there."""
    before, same, give_up = 0, 0, time.monotonic() + 40
    while same < 5 or not before:
        assert time.monotonic() < give_up, f"{before} bytes wait, and still more come"
        for width in (81, 80) * 2:
            terminal.resize(width, 24)
            time.sleep(0.1)  # another process has to paint
        same = same + 1 if terminal.unread == before else 0
        before = terminal.unread
    return before


@pytest.mark.timeout(120)
def test_t06_no_size_breaks_the_screen_or_fills_the_memory(program: Program) -> None:
    with Pty(program, "--solo") as terminal:
        terminal.wait("feed 1/1")  # engine and screen are whole: what is loaded late is no growth
        terminal.write(b"?")
        terminal.wait("Help")
        terminal.write(b"\x1b")
        before = terminal.memory
        for width, height in SIZES:
            seen = len(terminal.raw)
            terminal.resize(width, height)
            terminal.look(lambda: len(terminal.raw) > seen, f"a paint at {width}x{height}")  # noqa: B023
        terminal.write(b"?")
        shown = terminal.wait("Help")
        grown = terminal.memory - before

    assert "Traceback" not in shown
    assert grown < 20 * MB, grown / MB


@pytest.mark.timeout(60)
@pytest.mark.parametrize("term", ["dumb", ""])
def test_t07_a_dumb_terminal_gets_the_status_as_text(program: Program, term: str) -> None:
    with Pty(program, TERM=term) as terminal:
        terminal.read_to_the_end()

    assert re.search(rb"hosts? +1", terminal.raw), terminal.raw
    assert b"\x1b[?1049h" not in terminal.raw
    assert terminal.code in (0, 1, 2, 3)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("term", ["linux", "screen", "vt100", "nonesuch"])
def test_t07_a_terminal_of_any_kind_is_drawn_on(program: Program, term: str) -> None:
    with Pty(program, "--solo", TERM=term) as terminal:
        shown = terminal.wait("Hosts 1")

    assert "? help" in shown


def _helped(terminal: Pty) -> bool:
    if "type to search" in terminal.text:
        return True
    terminal.write(b"?")  # a flood is cut each second, and this key may be one of the cut
    return False


@pytest.mark.timeout(120)
def test_t09_five_megabytes_of_paste_and_a_flood_of_keys_start_nothing(program: Program) -> None:
    with Pty(program, "--solo") as terminal:
        terminal.wait("? help")
        before = terminal.memory
        terminal.write(b"\x1b[200~" + b"rqy\r:unlock 1h x\r" * (5 * MB // 17) + b"\x1b[201~")
        terminal.write(b"j" * 10_000)
        terminal.look(lambda: "Hosts 1" in terminal.text, "the screen")
        grown = terminal.memory - before
        terminal.look(lambda: _helped(terminal), "help, once it hears keys again")
        ended = terminal.has_ended()

    assert not ended
    assert grown < 60 * MB
    assert not list(program.state.glob("opsconsole/*/runs/*"))
