"""Which commands a sudo profile covers: held before anything is sent, exported for the hosts; pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

Rows = tuple[tuple[str, ...], ...]
SudoTable = Mapping[str, Rows]
"""Profile to argument lists; an element may hold `<unit>`, `<path>` ... where a value stands."""

KINDS: Final[Mapping[str, str]] = {
    "unit": r"[A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\-]*\.(service|socket|timer|target|mount)",
    "path": r"/[A-Za-z0-9_./@%+~-]*",
    "pid": r"[0-9]{1,10}",
    "number": r"[0-9]{1,12}",
    "size": r"[0-9]{1,12}[KMGT]?",
    "duration": r"[0-9]{1,8}(s|m|min|h|d|days|weeks)?",
    "word": r"[A-Za-z0-9_.@:+][A-Za-z0-9_.@:+-]*",
}
"""What each placeholder takes; one pattern for us and for sudo (POSIX ERE, sudo 1.9.10 and later)."""
_PLACE: Final = re.compile(r"<([a-z]+)>")
_SPECIAL: Final = re.compile(r"[][.^$*+?(){}|\\#]")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./@%+=:,<>-]+")


def row_problem(row: Sequence[str]) -> str:
    """Say what is wrong with a row of a table; empty: nothing."""
    if not row:
        return "an argument list begins with its program"
    if "<" in row[0] or not _PLAIN.fullmatch(row[0]):
        return f"{row[0]!r} is no program's name: the first element is fixed"
    for word in row:
        if not _PLAIN.fullmatch(word):
            return f"{word!r} may hold letters, digits, ./@%+=:,- and placeholders"
        for kind in _PLACE.findall(word):
            if kind not in KINDS:
                return f"<{kind}> is no placeholder; there is {', '.join(f'<{k}>' for k in KINDS)}"
    return ""


def why_refused(table: SudoTable, profile: str, argv: Sequence[str]) -> str:
    """Say why a command may not run under a profile; empty: it may. Without any table the host alone decides."""
    if not table:
        return ""
    if profile not in table:
        return f"the configuration has no sudo profile {profile}"
    if any(_matches(row, argv) for row in table[profile]):
        return ""
    shown = " ".join(argv)[:120]
    return f"sudo profile {profile} does not allow: {shown}"


def _matches(row: Sequence[str], argv: Sequence[str]) -> bool:
    return len(row) == len(argv) and all(
        re.fullmatch(_pattern(part), word) and not _climbs(part, word)
        for part, word in zip(row, argv, strict=True)
    )


def _climbs(part: str, word: str) -> bool:
    return "<path>" in part and ".." in word.split("/")


def _pattern(part: str) -> str:
    """Write one element as a regular expression."""
    pieces = _PLACE.split(part)
    return "".join(
        KINDS[piece] if at % 2 else _SPECIAL.sub(r"\\\g<0>", piece)
        for at, piece in enumerate(pieces)
    )


def sudoers(
    table: SudoTable, user: str, profiles: Sequence[str], *, programs: str = "/usr/bin"
) -> str:
    """Write the sudoers(5) fragment that lets an account run what the profiles cover, and nothing else.

    Args:
        table: The profiles.
        user: The account on the hosts.
        profiles: Which of them.
        programs: Where programs are that a row names without a path.
    """
    lines = [
        "# Check with `visudo -cf FILE`, then put it into /etc/sudoers.d/ with mode 0440.",
        "# Regular expressions in arguments need sudo 1.9.10 or later.",
    ]
    for profile in profiles:
        lines.append(f"# profile {profile}")
        lines += [f"{user} ALL=(root) NOPASSWD: {_rule(row, programs)}" for row in table[profile]]
    return "\n".join(lines) + "\n"


def _rule(row: Sequence[str], programs: str) -> str:
    program = row[0] if row[0].startswith("/") else f"{programs}/{row[0]}"
    if len(row) == 1:
        return f'{program} ""'
    return f"{program} ^{' '.join(_pattern(part) for part in row[1:])}$"
