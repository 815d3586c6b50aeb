"""A rule that starts a run by itself when something fires, as the configuration says it; data."""

from msgspec import Struct


class Trigger(Struct, frozen=True):
    """One rule; it does nothing but tell, until somebody makes it live."""

    name: str
    alert: str
    """The name of the fires it answers, or a glob of names."""
    action: str
    mode: str = "shadow"
    """shadow (tells what it would have done), live, or off."""
    after: float = 120.0
    """Seconds a fire must have burnt, with nobody on it."""
    cooldown: float = 1800.0
    """Seconds between two runs of the action on the same target."""
    per_hour: int = 2
    """Runs of this rule within an hour at most."""
