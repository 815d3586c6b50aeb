"""Doctor's look at the terminal: size, kind, colours, letters, tmux."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping

from opsconsole.cli.findings import Finding, note, ok, warning

_TRUE = ("truecolor", "24bit")
_LEAST = (80, 24)


def look_at_terminal(
    environ: Mapping[str, str], *, is_terminal: bool, encoding: str, size: tuple[int, int]
) -> Iterator[Finding]:
    """Look at what the screen is drawn on; pure but for tmux."""
    term = environ.get("TERM", "")
    if not is_terminal:
        yield note("terminal", "no terminal here: `opsconsole` prints status instead")
        return
    if term in ("", "dumb"):
        text = f"TERM is {term!r}: no full screen, `opsconsole` prints status instead"
        yield warning("terminal", text, "export TERM=xterm-256color")
    else:
        yield ok("terminal", f"{term}, {size[0]}x{size[1]}")
    if size[0] < _LEAST[0] or size[1] < _LEAST[1]:
        yield note("terminal", f"{size[0]}x{size[1]} is small: fewer panes are shown")
    yield _colours(environ, term)
    yield _letters(encoding)


def _colours(environ: Mapping[str, str], term: str) -> Finding:
    if environ.get("NO_COLOR"):
        return note("colours", "NO_COLOR is set: signs and words carry the meaning")
    if environ.get("COLORTERM") in _TRUE:
        return ok("colours", "true colour")
    if "256color" in term:
        return ok("colours", "256 colours")
    fix = "export COLORTERM=truecolor, if your terminal can"
    return note("colours", "16 colours: the ansi theme is used", fix)


def _letters(encoding: str) -> Finding:
    if encoding.lower().replace("-", "") == "utf8":
        return ok("locale", "UTF-8")
    fix = "export LC_ALL=C.UTF-8, or use --ascii"
    return warning("locale", f"{encoding}: the screen is drawn with ASCII only", fix)


def look_at_tmux(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Ask tmux for the options that copying and escape keys depend on."""
    if not environ.get("TMUX"):
        return
    program = shutil.which("tmux")
    if program is None:
        yield note("tmux", "inside tmux, but its program is not in PATH")
        return
    clipboard = _option(program, "set-clipboard")
    if clipboard in ("on", "external"):
        yield ok("tmux", f"set-clipboard {clipboard}: copying works")
    else:
        text = f"set-clipboard is {clipboard or 'unknown'}: copying does not reach your terminal"
        yield warning("tmux", text, "tmux set -g set-clipboard on")
    delay = _option(program, "escape-time")
    if delay.isdigit() and int(delay) > 100:
        text = f"escape-time is {delay} ms: the escape key feels slow"
        yield warning("tmux", text, "tmux set -sg escape-time 20")


def _option(program: str, name: str) -> str:
    command = [program, "show-options", "-gqv", name]
    try:
        answer = subprocess.run(command, capture_output=True, timeout=2.0, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.decode(errors="replace").strip()
