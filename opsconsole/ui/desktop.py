"""A notification on the desktop behind the terminal: OSC 9 or OSC 777, for terminals known to take it.

Sources: iTerm2's and ConEmu's OSC 9, rxvt-unicode's OSC 777 (`notify;TITLE;BODY`); tmux(1), `allow-passthrough`.
A terminal that does not know the sequence may print it, so others get none.
"""

from collections.abc import Mapping
from typing import Final

from opsconsole.model.text import clean

_TITLE: Final = 80
_BODY: Final = 200
_OSC_9: Final = ("iTerm.app", "WezTerm", "ghostty", "mintty", "WarpTerminal")
"""Values of TERM_PROGRAM, or of LC_TERMINAL, which SSH carries along."""
_OSC_777: Final = ("foot", "rxvt-unicode", "contour")
"""Beginnings of TERM."""


def sequence(title: str, body: str, environ: Mapping[str, str]) -> str:
    """Make the control sequence that shows a notification; empty where the terminal is not known to take it."""
    plain = _plain(_bare(title, _TITLE), _bare(body, _BODY), environ)
    if not plain or not environ.get("TMUX"):
        return plain
    doubled = plain.replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{doubled}\x1b\\"


def _plain(title: str, body: str, environ: Mapping[str, str]) -> str:
    if environ.get("TERM_PROGRAM") in _OSC_9 or environ.get("LC_TERMINAL") == "iTerm2":
        return f"\x1b]9;{title}: {body}\x07"
    if environ.get("TERM", "").startswith(_OSC_777):
        return f"\x1b]777;notify;{title};{body}\x07"
    return ""


def _bare(text: str, limit: int) -> str:
    """Keep what machines said from ending the sequence, or from being its next field."""
    return clean(text, limit).replace(";", ",")
