"""An incident: trouble that people work on together, from its opening to its close."""

from msgspec import Struct

from opsconsole.model.alert import Note


class Incident(Struct, frozen=True):
    """One of them; its timeline is made of what history has between its begin and its end."""

    id: str
    """`i` and a number, counted up."""
    title: str
    severity: str = "critical"
    status: str = "active"
    """active, stable (the harm is over, the work is not) or closed."""
    opened: float = 0.0
    opener: str = ""
    began: float = 0.0
    """When the first of its fires began; `opened` where it has none."""
    stable: float | None = None
    closed: float | None = None
    commander: str = ""
    alerts: tuple[str, ...] = ()
    """Episodes."""
    names: tuple[str, ...] = ()
    """Names of these fires, for when they are gone."""
    on: tuple[str, ...] = ()
    """References of its hosts and services."""
    notes: tuple[Note, ...] = ()
    """Oldest first."""
    links: tuple[str, ...] = ()
    summary: str = ""
    impact: str = ""

    @property
    def is_open(self) -> bool:
        """Tell whether somebody still works on it."""
        return self.status != "closed"
