"""The remote spool: a write step runs once, under a small supervisor, and the host keeps how it ended.

`~/.opsc/<run>/<step>/` on the host holds `start` (made exclusively: whoever comes second is refused), `pid`
(process, start time, boot id), `out`, `err`, and `rc` once it is over. This module writes the commands and reads
their words; `spooled` asks them. The scripts are constant; every value is an argument.
"""

import re
from enum import StrEnum
from importlib.resources import files
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from opsconsole.transport.base import Command, Spool

MARGIN: Final = 4.0
"""Seconds our channel outlives the command's own limit, so that its end is seen."""
GRACE: Final = 10
"""Seconds between TERM and KILL."""
ASK_BUDGET: Final = 10.0
_BLOCK: Final = 512
_SLACK: Final = 64 * 1024
_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,120}")
_KILLED: Final = (124, 137, 143)


class Known(StrEnum):
    """What a host knows of a step."""

    STARTED = "started"
    """It was started; nothing more was heard."""
    RC = "rc"
    """It is over, and its exit code is there."""
    ALIVE = "alive"
    """Its supervisor runs: same boot, same start time."""
    DIED = "died"
    """It was started, its supervisor is gone, and it left no exit code."""
    NEVER = "never"
    """It was not started, and never will be."""
    REFUSED = "refused"
    """The host would not start it: it was started before, or the spool is not ours."""
    BARE = "bare"
    """Nothing can be kept there; it was run without a spool."""
    LOST = "lost"
    """Nothing can be read there now."""


class Report(Struct, frozen=True):
    """What a host said of a step."""

    known: Known
    code: int | None = None
    took: float = 0.0
    pid: int = 0
    boot: str = ""
    """Boot id when it was started."""
    boot_now: str = ""
    signals: tuple[str, ...] = ()
    """What was sent to end it: TERM, KILL."""
    why: str = ""

    @property
    def is_over(self) -> bool:
        """Tell whether it does not run any more, for certain."""
        return self.known in (Known.RC, Known.DIED, Known.NEVER)

    @property
    def evidence(self) -> str:
        """Say it in a few words."""
        match self.known:
            case Known.RC:
                return f"exit {self.code} in the host's spool"
            case Known.ALIVE | Known.STARTED:
                return f"still running there: pid {self.pid}, same boot"
            case Known.DIED:
                return _died_words(self)
            case Known.NEVER:
                return f"never started there{f': {self.why}' if self.why else ''}"
            case _:
                return self.why


def _died_words(report: Report) -> str:
    gone = "its process is gone and left no exit code"
    if "-" in (report.boot, report.boot_now):
        return f"{gone}; the host tells no boot id"
    if report.boot != report.boot_now:
        return f"{gone}; the host was booted since ({report.boot[:8]} → {report.boot_now[:8]})"
    return f"{gone}; same boot {report.boot[:8]}"


def _script(*names: str) -> str:
    """Put parts together, without their comment lines."""
    folder = files("opsconsole.transport").joinpath("sh")
    text = "".join(folder.joinpath(f"{name}.sh").read_text(encoding="utf-8") for name in names)
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


def start_command(command: Command, token: str) -> Command:
    """Wrap a command so that the host starts it once and keeps how it ended."""
    spool = _checked(command.spool)
    words = command.argv or ("sh", "-c", command.script, "opsconsole", *command.args)
    blocks = -(-command.max_output // _BLOCK)
    args = (token, spool.run, spool.step, str(len(command.stdin)), str(blocks))
    return replace(
        command,
        argv=(),
        script=_script("place", "state", "follow", "kills", "start"),
        args=(*args, str(max(1, round(command.timeout))), _script("hold"), *words),
        timeout=command.timeout + MARGIN,
        max_output=4 * command.max_output + _SLACK,
        spool=None,
    )


def again_command(
    spool: Spool, token: str, *, follow: bool, budget: float, max_output: int
) -> Command:
    """Take a step up again: show what it said, and what is known; never starts it, and bars a late start."""
    spool = _checked(spool)
    how = "follow" if follow else "look"
    return Command(
        script=_script("place", "state", "follow", "again"),
        args=(token, spool.run, spool.step, how),
        timeout=budget,
        max_output=4 * max_output + _SLACK,
    )


def kill_command(spool: Spool, token: str, *, sudo: bool) -> Command:
    """End a step by TERM, then KILL, and look again."""
    spool = _checked(spool)
    return Command(
        script=_script("place", "state", "kill"),
        args=(token, spool.run, spool.step, str(GRACE), "sudo" if sudo else ""),
        timeout=GRACE + 8.0,
    )


PROBE: Final = Command(
    script=_script("kills")
    + """\
h=${HOME:-}
case $h in /*) ;; *) echo 'no home folder'; exit ;; esac
if ! command -v setsid >/dev/null 2>&1; then echo 'no setsid there'
elif [ -e "$h/.opsc" ] && [ ! -w "$h/.opsc" ] || [ ! -e "$h/.opsc" ] && [ ! -w "$h" ]; then
  echo "$h/.opsc cannot be written"
elif is_killed && ! own_scope; then
  echo "logind ends a step with its connection (KillUserProcesses=yes; loginctl enable-linger $me)"
else echo spool
fi
""",
    timeout=9.0,
    max_output=4_096,
)
"""Prints `spool`, or why the host can keep nothing; writes nothing. `own_scope` alone may take six seconds."""


def _checked(spool: Spool | None) -> Spool:
    if spool is None or not _NAME.fullmatch(spool.run) or not _NAME.fullmatch(spool.step):
        raise ValueError(f"{spool} names no spool")
    return spool


class Words:
    """Parts the host's words about a step from what the step itself says on the same stream."""

    def __init__(self, token: str) -> None:
        self._mark = b"\x1e" + token.encode()
        self._held = b""
        self._signals: list[str] = []
        self._boot_now = ""
        self.report: Report | None = None
        """The last word."""

    def feed(self, chunk: bytes) -> bytes:
        """Take a chunk of stderr, give what the step said."""
        self._held += chunk
        said = b""
        while (place := self._held.find(self._mark)) >= 0:
            line, newline, rest = self._held[place:].partition(b"\n")
            said += self._held[:place]
            self._held = rest if newline else line
            if not newline:
                return said
            self._read(line[len(self._mark) :].decode("utf-8", "replace").split())
        keep = self._held.rfind(b"\x1e")
        if keep < 0 or not self._mark.startswith(self._held[keep:]):
            keep = len(self._held)
        said, self._held = said + self._held[:keep], self._held[keep:]
        return said

    def end(self) -> bytes:
        """Give what was held back."""
        held, self._held = self._held, b""
        return b"" if held.startswith(self._mark) else held

    def _read(self, words: list[str]) -> None:
        match words:
            case ["sent", name]:
                self._signals.append(name)
                return
            case ["rc", code, took] if code.isdigit():
                report = Report(Known.RC, code=int(code), took=_seconds(took))
            case ["started" | "alive" as known, pid, boot] if pid.isdigit():
                report = Report(Known(known), pid=int(pid), boot=boot)
            case ["died", boot, now]:
                report = Report(Known.DIED, boot=boot, boot_now=now)
            case ["here", boot]:
                self._boot_now = boot
                return
            case ["never" | "refused" | "bare" | "lost" as known, *why]:
                report = Report(Known(known), why=" ".join(why))
            case _:
                return
        self.report = self._joined(report)

    def _joined(self, report: Report) -> Report:
        """What was learned at the start stays known at the end."""
        before = self.report
        if before is not None:
            report = replace(report, pid=report.pid or before.pid, boot=report.boot or before.boot)
        now = report.boot_now or self._boot_now
        return replace(report, signals=tuple(self._signals), boot_now=now)


def _seconds(word: str) -> float:
    return float(word) if word.isdigit() else 0.0


def was_ended(report: Report, seconds: float) -> bool:
    """Tell whether the host's own time limit ended it, rather than that it exited so."""
    return report.code in _KILLED and report.took >= round(seconds)
