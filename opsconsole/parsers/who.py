"""`who` (POSIX who): login sessions."""

from collections.abc import Mapping

from opsconsole.parsers.reading import reads


@reads("who")
def parse_who(text: bytes) -> Mapping[str, float]:
    """Count sessions, one a line.

    Raises:
        ParseError: A line does not have a user and a terminal.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if any(len(line.split()) < 2 for line in lines):
        raise ValueError("not a session")
    return {"users": float(len(lines))}
