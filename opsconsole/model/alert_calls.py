"""Calls about silences, maintenance and capacity: see `model.calls`, which has the others and the union of all."""

from msgspec import Struct

from opsconsole.model.call import Call
from opsconsole.model.silence import SilenceDraft


class PreviewSilence(Call, frozen=True, tag="preview-silence"):
    """Work out what a silence would hide; nothing is made. Answered with `model.silence.SilenceEffect`."""

    draft: SilenceDraft
    ask: bool = False
    """True: the source counts too, by its own patterns."""


class MakeSilence(Call, frozen=True, tag="silence"):
    """Make or change the silence that was previewed. Answered with SilenceMade."""

    draft: SilenceDraft
    hash: str
    confirm: str = ""
    """What was typed back, where the preview expects it."""


class ExpireSilence(Call, frozen=True, tag="expire-silence"):
    """End silences now, by id or the beginning of one. Done."""

    ids: tuple[str, ...]


class OpenMaintenance(Call, frozen=True, tag="maintenance"):
    """Say that trouble is expected on hosts or services for a while. Done."""

    name: str
    seconds: float
    on: str = ""
    """A filter over hosts; `*` for all."""
    services: tuple[str, ...] = ()
    starts: float | None = None
    """None: now."""


class CloseMaintenance(Call, frozen=True, tag="end-maintenance"):
    """End a window that a person opened. Done."""

    id: str


class ReadCapacity(Call, frozen=True, tag="capacity"):
    """Ask what fills up, and when. Answered with `model.capacity.Capacity`."""

    select: str = ""
    """A filter over hosts; empty: all."""


class ReadCourse(Call, frozen=True, tag="course"):
    """Ask for the past of one resource. Answered with `model.capacity.Course`."""

    host: str
    metric: str


class ReadOdd(Call, frozen=True, tag="odd"):
    """Ask which hosts are unlike their peers now, or one unlike its past. Answered with `model.capacity.Odds`."""

    host: str = ""
    """Its name; empty: all, against their peers."""


class SilenceMade(Struct, frozen=True):
    """A silence was made or changed."""

    id: str
    text: str = ""
