"""Calls about incidents and telling people: see `model.calls`, which has the others and the union of all."""

from msgspec import Struct

from opsconsole.model.call import Call
from opsconsole.model.oncall import NotifierState


class OpenIncident(Call, frozen=True, tag="open-incident"):
    """Open one, from fires or without any. Answered with IncidentOpened."""

    title: str = ""
    """Empty: the first fire's name and object."""
    severity: str = ""
    """critical, warning or info; empty: the worst of its fires."""
    fires: tuple[str, ...] = ()
    """Episodes."""
    on: tuple[str, ...] = ()
    """References beside those of the fires: `service:checkout`."""
    summary: str = ""


class NoteIncident(Call, frozen=True, tag="note-incident"):
    """Write a line on its timeline. Done."""

    id: str
    text: str


class SetIncident(Call, frozen=True, tag="set-incident"):
    """Change what is given; None leaves it. Done."""

    id: str
    status: str | None = None
    """active or stable."""
    title: str | None = None
    severity: str | None = None
    commander: str | None = None
    summary: str | None = None
    impact: str | None = None
    link: str | None = None
    """One more."""
    fires: tuple[str, ...] = ()
    """Episodes that belong to it, too."""
    on: tuple[str, ...] = ()


class CloseIncident(Call, frozen=True, tag="close-incident"):
    """Close it. Done."""

    id: str
    summary: str = ""


class TestNotifier(Call, frozen=True, tag="test-notifier"):
    """Send a message that says it is a test, past every filter and limit. Done, or refused with why not."""

    __test__ = False
    name: str


class ReadNotifiers(Call, frozen=True, tag="notifiers"):
    """Ask how the notifiers do. Answered with Notifiers."""


class ReadOnCall(Call, frozen=True, tag="on-call"):
    """Ask who is on call at a moment. Answered with `model.oncall.OnCall`."""

    at: float | None = None
    """Epoch seconds; None: now."""


class IncidentOpened(Struct, frozen=True):
    """It exists."""

    id: str
    text: str = ""


class Notifiers(Struct, frozen=True):
    """How each notifier does, in the configuration's order."""

    notifiers: tuple[NotifierState, ...]
