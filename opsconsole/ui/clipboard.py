"""Text for the terminal's clipboard: OSC 52, bounded, cleaned, and wrapped where tmux stands between.

Source: XTerm Control Sequences (OSC 52); tmux(1), `allow-passthrough` and `set-clipboard`.
"""

import base64
from collections.abc import Mapping
from typing import Final

from opsconsole.model.text import clean

LIMIT: Final = 100_000
"""Characters; what is longer goes to a file."""


def sequence(text: str, environ: Mapping[str, str]) -> str:
    """Make the control sequence that copies a text of at most LIMIT characters."""
    payload = base64.b64encode(clean(text, LIMIT, multiline=True).encode()).decode()
    plain = f"\x1b]52;c;{payload}\x07"
    if not environ.get("TMUX"):
        return plain
    # tmux obeys the plain one where `set-clipboard on`, the wrapped one where `allow-passthrough on`.
    doubled = plain.replace("\x1b", "\x1b\x1b")
    return f"{plain}\x1bPtmux;{doubled}\x1b\\"


def report(text: str, environ: Mapping[str, str]) -> str:
    """Say what happened, and what to set where nothing arrives."""
    lines = text.count("\n") + 1
    said = f"copied {lines} lines" if lines > 1 else "copied"
    if environ.get("TMUX"):
        said += "; if nothing arrives: tmux set -g set-clipboard on, or set -g allow-passthrough on"
    return said
