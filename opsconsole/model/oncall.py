"""Who is called: the shifts, when a fire goes on to the next person, and the ways of telling."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

PRIMARY: Final = "primary"
SECONDARY: Final = "secondary"


class Rotation(Struct, frozen=True):
    """People who take turns; the secondary is whoever is next."""

    people: tuple[str, ...] = ()
    every: float = 7 * 86_400.0
    """Seconds of one turn; whole days are days on the wall: a hand-over stays at its hour over a clock change."""
    start: float = 0.0
    """Epoch seconds at which the first of them began."""
    zone: str = "UTC"


class Schedule(Struct, frozen=True):
    """`on_call:`: a rotation, an iCalendar file, or both; where the file names somebody, it holds."""

    rotation: Rotation = Rotation()
    ical: str = ""
    """Absolute path; empty: none."""


class Shift(Struct, frozen=True):
    """One person's time."""

    start: float
    end: float
    user: str
    role: str = PRIMARY
    """primary or secondary."""


class OnCall(Struct, frozen=True):
    """Who has it now, and who is next; all empty where nobody said."""

    primary: str = ""
    secondary: str = ""
    until: float | None = None
    """Epoch seconds of the next hand-over; None: none is known."""
    next: str = ""
    """Who is primary after it; empty: not known."""
    next_secondary: str = ""
    problem: str = ""
    """Why the schedule cannot be read, or that nobody is on it."""


class EscalationStep(Struct, frozen=True):
    """A critical that nobody has after so many seconds goes to somebody."""

    after: float
    to: str
    """primary, secondary, or a person."""


class Escalation(Struct, frozen=True):
    """The mark that a step left on a fire."""

    at: float
    to: str
    """As the step says it: primary, secondary, or a person."""
    who: str = ""
    """The person it was then; empty: nobody was on call."""


class Notifier(Struct, frozen=True):
    """One way of telling somebody who does not look at the screen."""

    name: str
    kind: str
    """exec, webhook, apprise or plugin."""
    argv: tuple[str, ...] = ()
    """exec: the program, which gets a JSON document on its stdin."""
    url: str = ""
    """webhook: where the document is posted; apprise: its address. `secret:NAME` for all of it."""
    headers: Mapping[str, str] = {}
    """webhook: more headers; a value may end with `secret:NAME`."""
    ca: str | None = None
    plugin: str = ""
    """plugin: the contribution's id."""
    when: str = "sev:critical"
    """A filter over fires; empty: all."""
    on: tuple[str, ...] = ("fired", "escalated", "resolved", "blind", "approval")
    limit: int = 10
    """Messages in `per`; what is more comes as one digest."""
    per: float = 600.0
    timeout: float = 10.0


class NotifierState(Struct, frozen=True):
    """How a notifier does."""

    name: str
    kind: str
    sent: int = 0
    failed: int = 0
    """In a row."""
    held: int = 0
    """Over its limit: they come in the next digest."""
    dropped: int = 0
    """Neither sent nor to come."""
    at: float = 0.0
    """Last success; 0: never."""
    reason: str = ""
    """Why the last one failed; empty: it did not."""


class Fix(Struct, frozen=True):
    """An action after which fires of one name ended before."""

    action: str
    cleared: int
    """Fires that ended within half an hour of it."""
    tried: int
    median: float
    """Seconds from its start to the end of the fire."""
    same: bool = False
    """True: on this very object; False: elsewhere."""


class Fixes(Struct, frozen=True):
    """What earlier fires of the same name tell."""

    episode: str
    fixes: tuple[Fix, ...] = ()
    """Best first."""
    before: int = 0
    """Earlier fires of this name."""
    before_same: int = 0
    """Of these, on the same object."""
    alone: int = 0
    """Of these, how many ended without a run on their target."""
