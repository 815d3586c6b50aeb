"""The one seam where text from outside becomes text that may reach a terminal.

Show, do not hide: control characters become visible pictures, so nobody can smuggle an escape
sequence, and there is no escape parser here that could disagree with the terminal's.
"""

import re
import unicodedata
from typing import Final, NewType

Safe = NewType("Safe", str)
"""Text that went through `clean`: one line unless asked otherwise, no control or format characters."""

NAME_LIMIT: Final = 128
LABEL_LIMIT: Final = 1_000
MESSAGE_LIMIT: Final = 4_000

_PLAIN: Final = re.compile(r"[ -~]*")
_TAB: Final = "    "
_MARKS_PER_BASE: Final = 2


def clean(text: str | bytes, limit: int = MESSAGE_LIMIT, *, multiline: bool = False) -> Safe:
    """Make text from outside safe to show.

    Args:
        text: Bytes are read as UTF-8, wrong ones shown as U+FFFD.
        limit: Characters kept; the cut happens before anything else touches the string.
        multiline: Keep newlines; otherwise they are shown as U+240A.

    Returns:
        Text without C0, C1, DEL, bidi, tag, surrogate, private-use or unassigned characters, with no
        space but the plain one, and with at most two combining marks on a base.
    """
    if isinstance(text, bytes):
        text = text[: limit * 4].decode("utf-8", errors="replace")
    text = text[:limit]
    if _PLAIN.fullmatch(text):
        return Safe(text)
    shown: list[str] = []
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks <= _MARKS_PER_BASE:
            shown.append(_picture(char, category, multiline=multiline))
    return Safe("".join(shown)[: limit * len(_TAB)])


def _picture(char: str, category: str, *, multiline: bool) -> str:
    if char == "\n" and multiline:
        return char
    if char == "\t":
        return _TAB
    code = ord(char)
    if category == "Cc":
        if code < 0x20:
            return chr(0x2400 + code)
        return "\u2421" if code == 0x7F else "\ufffd"
    if category == "Cf":
        return "\ufffd" if _is_bidi_or_tag(code) else ""
    if category == "Zs":
        return " "  # of any width, broken or not: nobody could see which one it is
    return "\ufffd" if category in ("Cs", "Co", "Cn", "Zl", "Zp") else char


def _is_bidi_or_tag(code: int) -> bool:
    return (
        code in (0x061C, 0x200E, 0x200F)
        or 0x202A <= code <= 0x202E
        or 0x2066 <= code <= 0x2069
        or 0xE0000 <= code <= 0xE007F
    )
