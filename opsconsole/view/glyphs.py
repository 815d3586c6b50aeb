"""The signs of the screen: one set of neutral-width signs, one of plain ASCII."""

from typing import Final

from msgspec import Struct


class Glyphs(Struct, frozen=True):
    """One set of signs; every one is one cell wide."""

    critical: str = "✗"
    warning: str = "▴"
    info: str = "∙"
    stale: str = "~"
    maintenance: str = "⊘"
    pending: str = "◌"
    ok: str = "✓"
    ack: str = "◉"
    run: str = "⟳"
    event: str = "◊"
    began: str = "▾"
    note: str = "∙"
    halt: str = "!"
    none: str = "—"
    ellipsis: str = "…"
    crumb: str = "▸"
    arrow: str = "→"
    times: str = "×"
    dot: str = "·"
    bar: str = "│"
    steps: str = "▁▂▃▄▅▆▇█"
    full: str = "█"
    empty: str = "░"
    same: str = "="
    differs: str = "≠"
    line: str = "•"


UNICODE: Final = Glyphs()
ASCII: Final = Glyphs(
    critical="X",
    warning="!",
    info="i",
    stale="~",
    maintenance="#",
    pending="?",
    ok=".",
    ack="a",
    run=">",
    event="D",
    began="v",
    note="-",
    none="-",
    ellipsis="~",
    crumb=">",
    arrow=">",
    times="x",
    dot="-",
    bar="|",
    steps="_.:-=+*#",
    full="#",
    empty=".",
    differs="/",
    line="o",
)

_OF_STATE: Final = {
    "critical": "critical",
    "down": "critical",
    "warning": "warning",
    "degraded": "warning",
    "unknown": "stale",
    "maintenance": "maintenance",
    "pending": "pending",
    "info": "info",
}


def state_glyph(state: str, glyphs: Glyphs) -> str:
    """Give the sign of a host's, service's or severity's word; healthy ones get the tick."""
    sign: str = getattr(glyphs, _OF_STATE.get(state, "ok"))
    return sign
