"""Takes a collector's answer apart: sections behind marker lines that carry a nonce.

A file's content cannot forge a section: it would have to know a random word made for this round.
"""

from collections.abc import Mapping
from typing import Final

from opsconsole.errors import ParseError

MARK: Final = b"\x1e"
"""ASCII record separator: begins each marker line, `\\x1e<nonce> <section>`."""


def split_sections(answer: bytes) -> Mapping[str, bytes]:
    """Split an answer into its sections.

    Args:
        answer: What the script wrote; its last line is `\\x1e<nonce> end`, and gives the nonce.

    Returns:
        Section name to its bytes, trailing newlines kept; of two with one name, the first counts.

    Raises:
        ParseError: The answer is cut: it does not end with an end mark.
    """
    body, mark, last = answer.rstrip(b"\n").rpartition(MARK)
    nonce, space, word = last.partition(b" ")
    if not mark or not space or word != b"end" or not nonce:
        raise ParseError("answer without an end", answer[-80:].decode("latin-1"))
    sections: dict[str, bytes] = {}
    for chunk in body.split(MARK + nonce + b" ")[1:]:
        name, _, content = chunk.partition(b"\n")
        sections.setdefault(name.decode("latin-1"), content)
    return sections
