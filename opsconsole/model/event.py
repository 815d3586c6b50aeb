"""What happened: one line of the Activity pane, of the history, of a hand-over."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

KINDS: Final = (
    "fired", "resolved", "acked", "taken", "noted", "host", "check", "feed", "run", "deploy", "note",
    "unlock", "freeze", "config", "engine", "escalated", "incident", "maintenance", "silence", "notify",
    "mark",
)  # fmt: skip
"""What events are about; people may tell some of other kinds (`opsconsole event --kind`)."""


class Event(Struct, frozen=True):
    """Something that happened, told once, never changed."""

    id: int
    """Grows by one; 0 until the store numbered it."""
    at: float
    actor: str
    """A person, or `engine`, or a source's name."""
    kind: str
    """One of KINDS, or a word of whoever told it."""
    subject: str
    """A reference, or empty."""
    text: str
    severity: str = ""
    """critical, warning, ok, unknown or empty: the sign in front."""
    data: Mapping[str, str] = {}
