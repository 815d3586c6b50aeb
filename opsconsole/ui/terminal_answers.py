"""Bytes from the terminal that no person typed: answers to queries, late or injected, and floods.

Textual's key parser reissues a control sequence that it does not know as single keys, each of which
is bound to something here. So answers are taken out of the input before it sees them.
Source: ECMA-48 (5.4, 8.3) for the shapes; XTerm Control Sequences for who answers what.
"""

import re
from typing import Final

FLOOD_LIMIT: Final = 1_000
"""Keys taken in a second; the rest is dropped."""
_STRING_LIMIT: Final = 8_192

_ANSWER: Final = re.compile(
    r"\x1b[\]P_^X][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS, APC, PM, SOS
    r"|\x1b[\]P_^X][^\x07\x1b\x9c]+(?=\x1b[^\\])"  # one that another sequence cut short
    r"|\x1b\[[?>=<]?[0-9;:]*[cn]"  # device attributes, device status
    r"|\x1b\[(?!48;)[0-9;:]+t"  # window reports, but for sizes told in band
    r"|\x1b\[[0-9;]*[xy]"  # parameters, checksums
)
_STRING_BEGUN: Final = re.compile(r"\x1b[\]P_^X][^\x07\x1b\x9c]*\x1b?\Z")
_CSI_BEGUN: Final = re.compile(r"\x1b\[[?>=][0-9;:]*\Z")
_PASTE: Final = "\x1b[200~"


class AnswerFilter:
    """Takes answers out of a stream of input; holds back what may become one."""

    def __init__(self) -> None:
        self._held = ""
        self._in_string = False

    def strip(self, text: str) -> str:
        """Give the input without the terminal's answers; the text inside a paste is not touched."""
        text, self._held = self._held + text, ""
        if self._in_string:
            text = self._skip_string(text)
        if _PASTE in text:
            before, mark, rest = text.partition(_PASTE)
            return _ANSWER.sub("", before) + mark + rest
        text = _ANSWER.sub("", text)
        begun = _STRING_BEGUN.search(text) or _CSI_BEGUN.search(text)
        if begun is None:
            return text
        self._held = begun.group()
        if len(self._held) > _STRING_LIMIT:
            self._held, self._in_string = "", True
        return text[: begun.start()]

    def settle(self) -> str:
        """Give back what was held once nothing followed: two characters were keys, more is dropped."""
        held, self._held = self._held, ""
        return held if len(held) == 2 else ""

    def _skip_string(self, text: str) -> str:
        end = re.search(r"\x07|\x1b\\|\x9c", text)
        if end is None:
            return ""
        self._in_string = False
        return text[end.end() :]


class Throttle:
    """Takes at most so many keys in a second."""

    def __init__(self, limit: int = FLOOD_LIMIT) -> None:
        self._limit = limit
        self._second = float("-inf")
        self._taken = 0

    def drops(self, time: float) -> bool:
        """Tell whether a key at this time, in seconds, is one too many."""
        if time - self._second >= 1.0:
            self._second, self._taken = time, 0
        self._taken += 1
        return self._taken > self._limit
