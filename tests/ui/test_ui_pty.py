"""On a real pseudo-terminal: whatever ends the screen, the terminal comes back."""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyte
import pytest

pytestmark = pytest.mark.pty

PROGRAM = Path(__file__).with_name("console_program.py")
WITHIN = 40.0
RESET = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?2004l", b"\x1b[?1000l")


class Terminal:
    """A pseudo-terminal with a program on it; reads until something is true."""

    def __init__(self, *arguments: str, size: tuple[int, int] = (80, 24), **environ: str) -> None:
        self.raw = b""
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        keep = ("PATH", "HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")
        env = {name: os.environ[name] for name in keep if name in os.environ}
        env |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", **environ}
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.before = termios.tcgetattr(slave)
        self.pid = os.fork()
        if self.pid == 0:
            os.close(master)
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for number in (0, 1, 2):
                os.dup2(slave, number)
            os.execvpe(sys.executable, [sys.executable, str(PROGRAM), *arguments], env)
        self._master, self.slave = master, slave
        self.code: int | None = None

    def read_until(self, is_there: Callable[[], bool]) -> None:
        """Read what the program writes until something is true."""
        end = time.monotonic() + WITHIN
        while not is_there():
            assert time.monotonic() < end, f"not within {WITHIN} s:\n" + "\n".join(
                self.screen.display
            )
            self._read(0.05)

    def shows(self, text: str) -> Callable[[], bool]:
        return lambda: any(text in line for line in self.screen.display)

    def has_ended(self) -> bool:
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is not None

    def children(self) -> list[int]:
        tasks = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(word) for word in tasks.split()]

    def write(self, data: bytes) -> None:
        os.write(self._master, data)

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def close(self) -> None:
        if not self.has_ended():
            for pid in (*self.children(), self.pid):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._master)
        os.close(self.slave)

    def _read(self, wait: float) -> None:
        ready, _, _ = select.select([self._master], [], [], wait)
        if ready:
            data = os.read(self._master, 65_536)
            self.raw += data
            self._stream.feed(data)


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Terminal]]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    opened: list[Terminal] = []

    def open_terminal(
        *arguments: str, size: tuple[int, int] = (80, 24), **environ: str
    ) -> Terminal:
        opened.append(Terminal(*arguments, size=size, **environ))
        return opened[-1]

    yield open_terminal
    for one in opened:
        one.close()


def is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def assert_restored(terminal: Terminal) -> None:
    last = terminal.raw[terminal.raw.rindex(b"PgReplLag") :]
    assert [sequence for sequence in RESET if sequence not in last] == []
    assert termios.tcgetattr(terminal.slave)[:4] == terminal.before[:4]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
def test_t02_a_signal_restores_the_terminal_and_is_told_in_the_exit_code(terminal, number):
    shown = terminal()
    shown.read_until(shown.shows("PgReplLag"))

    os.kill(shown.pid, number)
    shown.read_until(shown.has_ended)

    assert shown.code == 128 + number
    assert_restored(shown)


def test_t03_a_screen_that_is_killed_leaves_a_good_terminal(terminal):
    shown = terminal()
    shown.read_until(shown.shows("PgReplLag"))

    (screen,) = shown.children()
    os.kill(screen, signal.SIGKILL)
    shown.read_until(shown.has_ended)

    assert shown.code == 128 + signal.SIGKILL
    assert_restored(shown)


def test_a_screen_ends_with_its_guard(terminal):
    shown = terminal()
    shown.read_until(shown.shows("PgReplLag"))

    (screen,) = shown.children()
    os.kill(shown.pid, signal.SIGKILL)
    shown.read_until(lambda: not Path(f"/proc/{screen}/fd").exists() or b"\x1b[?1049l" in shown.raw)

    assert_restored(shown)


def test_leaving_by_key_restores_the_terminal(terminal):
    shown = terminal()
    shown.read_until(shown.shows("PgReplLag"))

    shown.write(b"q")
    shown.read_until(shown.shows("y leave"))

    typed_at = 0.0

    def answered() -> bool:
        nonlocal typed_at
        if time.monotonic() - typed_at > 0.3:  # as a hand types: faster is a burst, and refused
            shown.write(b"y")  # the first may come before the dialog takes keys
            typed_at = time.monotonic()
        return shown.has_ended()

    shown.read_until(answered)

    assert shown.code == 0
    assert_restored(shown)


def test_t04_stopping_gives_the_terminal_back_and_continuing_paints_again(terminal):
    shown = terminal()
    shown.read_until(shown.shows("PgReplLag"))

    (screen,) = shown.children()
    os.kill(screen, signal.SIGTSTP)
    shown.read_until(lambda: is_stopped(screen) and is_stopped(shown.pid))
    shown.read_until(lambda: b"\x1b[?1049l" in shown.raw)
    begun = len(shown.raw)
    shown.screen.reset()
    for pid in (shown.pid, screen):
        os.kill(pid, signal.SIGCONT)
    shown.read_until(shown.shows("PgReplLag"))

    assert b"\x1b[?1049h" in shown.raw[begun:]


def test_t06_a_storm_of_sizes_ends_in_a_whole_screen(terminal):
    shown = terminal()
    shown.read_until(shown.shows("PgReplLag"))

    for width, height in ((1, 1), (20, 5), (300, 90), (2, 2), (40, 12), (80, 24)) * 5:
        shown.resize(width, height)
    shown.screen.reset()
    shown.resize(100, 24)
    shown.screen.resize(24, 100)
    shown.read_until(shown.shows("? help"))

    assert not shown.has_ended()


@pytest.mark.parametrize(
    ("term", "colours"), [("xterm", ""), ("xterm-256color", ""), ("xterm-256color", "truecolor")]
)
def test_t07_no_color_has_the_terminals_own_colours_whatever_it_can(terminal, term, colours):
    plain = terminal(TERM=term, COLORTERM=colours, NO_COLOR="1")
    plain.read_until(plain.shows("? help"))

    cells = [cell for row in plain.screen.buffer.values() for cell in row.values()]
    assert {(cell.fg, cell.bg) for cell in cells} == {("default", "default")}
    assert any("PgReplLag" in line for line in plain.screen.display)


def test_t08_a_locale_without_utf_8_gets_ascii_signs(terminal):
    shown = terminal(
        LC_ALL="POSIX", PYTHONIOENCODING="ascii", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"
    )
    shown.read_until(shown.shows("? help"))

    text = "\n".join(shown.screen.display)
    assert text.isascii()
    assert "\\u" not in text
    assert "+" in text


def test_t10_answers_of_the_terminal_are_no_keys(terminal):
    shown = terminal()
    shown.read_until(shown.shows("? help"))

    shown.write(b"\x1b[?62;22c\x1b]11;rgb:1111/1111/1111\x1b\\\x1b[12;40R\x1b[0n")
    shown.write(b"?")
    shown.read_until(shown.shows("type to search"))

    assert "Help: fires" in "\n".join(shown.screen.display)


def fake_ssh(folder: Path, says: str, code: int) -> str:
    """Put an `ssh` into a folder and give the PATH that finds it first."""
    folder.mkdir()
    program = folder / "ssh"
    program.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def open_shell(shown: Terminal) -> None:
    shown.read_until(shown.shows("db-02"))
    shown.write(b"s")


def test_what_ssh_said_last_stays_until_a_key_is_pressed(terminal, tmp_path):
    path = fake_ssh(tmp_path / "bin", "op1@192.0.2.7: Permission denied (publickey).", 255)
    shown = terminal(PATH=path)
    open_shell(shown)

    shown.read_until(shown.shows("press a key to go back"))
    assert any("Permission denied (publickey)" in line for line in shown.screen.display)

    shown.write(b"q")
    shown.read_until(shown.shows("UNACKED"))
    shown.read_until(shown.shows("ssh to db-02 failed"))
    assert not any("press a key to go back" in line for line in shown.screen.display)


def test_a_shell_that_ends_well_gives_the_screen_back_at_once(terminal, tmp_path):
    path = fake_ssh(tmp_path / "bin", "Welcome to db-02", 0)
    shown = terminal(PATH=path)
    open_shell(shown)

    shown.read_until(lambda: b"Welcome to db-02" in shown.raw)
    shown.read_until(shown.shows("UNACKED"))
    shown.write(b"d")
    shown.read_until(shown.shows("esc close"))

    assert b"press a key to go back" not in shown.raw
