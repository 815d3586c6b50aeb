"""`transport: plain`: a command as the one line that a forced command, or a restricted shell, may look at; pure.

Everywhere else arguments travel behind a constant (`bootstrap`). Here the line itself is the command, so it is
sent only where nothing in it can mean anything to a shell: the login shell was seen to be POSIX, and every word is
of letters, digits and `_@%+=:,./-`. Nothing is kept on such a host, and nothing ends a stuck command there.
"""

import re
from typing import Final

from opsconsole.transport.base import Command

PLAIN: Final = "plain"
"""The word of the inventory."""
PROBE: Final = 'echo "opsconsole ${0##*/} $((6 * 7))"'
"""Only a POSIX shell answers it so; fish, tcsh and what is no shell do not."""
KEEPS_NOTHING: Final = "transport: plain keeps nothing there"
_WORD: Final = re.compile(r"[A-Za-z0-9_@%+=:,./-]*")


def why_not_plain(command: Command) -> str:
    """Say why a command cannot be a plain line; empty: it can."""
    if command.script:
        return "a script cannot be sent"
    words = _words(command)
    for word in words:
        if not _WORD.fullmatch(word):
            return f"{word[:40]!r} has more than letters, digits and _@%+=:,./-"
        if word.startswith("="):
            return f"{word[:40]!r} begins with ="
    return f"{words[0][:40]!r} would be an assignment" if "=" in command.argv[0] else ""


def plain_line(command: Command) -> str:
    """Write the line.

    Raises:
        ValueError: `why_not_plain` says why.
    """
    if why := why_not_plain(command):
        raise ValueError(why)
    return " ".join(word or "''" for word in _words(command))


def _words(command: Command) -> tuple[str, ...]:
    pairs = tuple(f"{name}={value}" for name, value in sorted(command.env.items()))
    return ("env", *pairs, *command.argv) if pairs else command.argv
