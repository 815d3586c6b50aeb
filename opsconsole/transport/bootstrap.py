"""Carry an argument list to a host through any login shell, unchanged and uninterpreted.

The SSH exec request is always BOOTSTRAP: it holds one pair of single quotes and no value, so that dash, bash, zsh,
fish, tcsh and busybox read it alike. What to do arrives as the first line of its stdin, written by `line`, and is
read by a plain `sh`. `read` takes one line and no more, so the rest of stdin belongs to the command.
"""

import math
import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final

from opsconsole.transport.base import Command

BOOTSTRAP: Final = """exec sh -c 'IFS= read -r l && eval "$l"'"""

_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]*")
_FORBIDDEN_NAMES: Final = frozenset({"PATH", "IFS", "BASH_ENV", "ENV"})
_PRINTABLE: Final = re.compile(r"[ -~]*")
_PRINTABLE_LINES: Final = re.compile(r"[ -~\n\t]*")
_KILL_AFTER: Final = 2


class Killer(StrEnum):
    """What the host has to end a command that runs too long."""

    TIMEOUT = "timeout"
    """GNU and newer busybox: `timeout -k 2 N`."""
    OLD_BUSYBOX = "old-busybox"
    """`timeout -t N`, which knows no -k."""
    NONE = "none"


FIND_KILLER: Final = """\
if timeout -k 1 1 true; then echo timeout
elif timeout -t 1 true; then echo old-busybox
else echo none
fi 2>/dev/null
"""
"""A script that prints a Killer."""


def line(command: Command, nonce: str, killer: Killer = Killer.NONE) -> bytes:
    """Write the line that makes BOOTSTRAP run a command.

    Its first act is to write `\\x1e<nonce>` and a newline to stdout: what stands before comes from the login
    shell, and a command whose marker never came was never started.

    Args:
        command: Exactly one of argv and script is set; a whole second more or less does not matter to its timeout.
        nonce: Hex digits.
        killer: What ends the command remotely.

    Raises:
        ValueError: A value holds NUL, a name is forbidden, or there is nothing to run.
    """
    encoder = _Encoder()
    words = [*_killer_words(killer, command.timeout), *(encoder.word(w) for w in _words(command))]
    exports = [_export(encoder, name, value) for name, value in command.env.items()]
    parts = [f"printf '\\036%s\\n' {nonce}", *encoder.assignments, *exports]
    return ("; ".join([*parts, "exec " + " ".join(words)]) + "\n").encode("ascii")


def loop_line(script: str, env: Mapping[str, str], nonce: str) -> bytes:
    """Write the line that makes BOOTSTRAP run a script of ours in the very shell that reads the line.

    No shell more is started for it; the script reads the rest of stdin. The first act is that of `line`.

    Raises:
        ValueError: A value holds NUL, or a name is forbidden.
    """
    return f"printf '\\036%s\\n' {nonce}; {_loop(script, tuple(env.items()))}\n".encode("ascii")


@lru_cache(maxsize=8)
def _loop(script: str, env: tuple[tuple[str, str], ...]) -> str:
    """Quote a script of ours once, whatever the number of hosts."""
    encoder = _Encoder()
    word = encoder.word(script)
    exports = [_export(encoder, name, value) for name, value in env]
    return "; ".join([*encoder.assignments, *exports, f"eval {word}"])


def _words(command: Command) -> tuple[str, ...]:
    if bool(command.argv) == bool(command.script):
        raise ValueError("a command has either an argument list or a script")
    return command.argv or ("sh", "-c", command.script, "opsconsole", *command.args)


def _killer_words(killer: Killer, seconds: float) -> list[str]:
    whole = str(max(1, math.ceil(seconds)))
    if killer is Killer.TIMEOUT:
        return ["timeout", "-k", str(_KILL_AFTER), whole]
    return ["timeout", "-t", whole] if killer is Killer.OLD_BUSYBOX else []


def _export(encoder: "_Encoder", name: str, value: str) -> str:
    if not _NAME.fullmatch(name) or name in _FORBIDDEN_NAMES or name.startswith("LD_"):
        raise ValueError(f"{name!r} may not be set on a host")
    return f"{name}={encoder.word(value)}; export {name}"


class _Encoder:
    """Quotes values for POSIX sh; remembers the assignments that the quoted words need before them."""

    def __init__(self) -> None:
        self.assignments: list[str] = []
        self._white: set[str] = set()

    def word(self, value: str) -> str:
        """Write one value as one shell word that is pure printable ASCII."""
        if "\0" in value:
            raise ValueError("an argument cannot hold a NUL character")
        if _PRINTABLE.fullmatch(value):
            return _quote(value)
        if _PRINTABLE_LINES.fullmatch(value):
            return self._lines(value)
        return self._octal(value)

    def _lines(self, value: str) -> str:
        for char, name, escape in (("\n", "nl", "\\n"), ("\t", "tb", "\\t")):
            if char in value and name not in self._white:
                self._white.add(name)
                # the underscore keeps the newline, which `$( )` would cut off
                self.assignments += [f"{name}=$(printf '{escape}_')", f"{name}=${{{name}%_}}"]
        return _quote(value).replace("\n", """'"$nl"'""").replace("\t", """'"$tb"'""")

    def _octal(self, value: str) -> str:
        name = f"a{len(self.assignments)}"
        octal = "".join(f"\\0{byte:03o}" for byte in value.encode("utf-8", "surrogateescape"))
        self.assignments.append(f"{name}=$(printf '%b_' '{octal}')")
        return f'"${{{name}%_}}"'


def _quote(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"
