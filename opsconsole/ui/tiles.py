"""Where each pane stands: from the size of the terminal to regions; pure, and the same every time."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from textual.geometry import Region, Size


class Scale(StrEnum):
    """How much fits: the four arrangements."""

    SINGLE = "single"
    """Below 60x15: one pane, the others by digit."""
    COMPACT = "compact"
    MEDIUM = "medium"
    WIDE = "wide"


class Grown(StrEnum):
    """How much of the screen the focused pane takes (`+`, `_`, `z`)."""

    NORMAL = "normal"
    HALF = "half"
    FULL = "full"


FIRES, HOSTS, SERVICES, PEEK, ACTIVITY = "fires", "hosts", "services", "peek", "activity"
FLEET, TIMELINE, PEOPLE = "fleet", "timeline", "people"
NUMBERS: Final[Mapping[str, str]] = {
    FIRES: "1", HOSTS: "2", SERVICES: "3", PEEK: "4", ACTIVITY: "5", FLEET: "6", TIMELINE: "7", PEOPLE: "8",
}  # fmt: skip
SHOWN: Final[Mapping[Scale, Sequence[str]]] = {
    Scale.SINGLE: (FIRES, HOSTS, SERVICES, PEEK, ACTIVITY),
    Scale.COMPACT: (FIRES, HOSTS, SERVICES, PEEK, ACTIVITY),
    Scale.MEDIUM: (FIRES, HOSTS, SERVICES, PEEK, ACTIVITY),
    Scale.WIDE: (FIRES, PEEK, HOSTS, SERVICES, FLEET, TIMELINE, ACTIVITY, PEOPLE),
}


def scale(size: Size) -> Scale:
    """Choose the arrangement for a terminal of this size, header and footer included."""
    if size.width < 60 or size.height < 15:
        return Scale.SINGLE
    if size.width >= 180 and size.height >= 50:
        return Scale.WIDE
    if size.width >= 100 and size.height >= 32:
        return Scale.MEDIUM
    return Scale.COMPACT


def arrange(
    size: Size, how: Scale, focused: str, grown: Grown, hidden: frozenset[str]
) -> dict[str, Region]:
    """Give the region of each pane that is shown.

    Args:
        size: The cells between header and footer.
        how: The arrangement for the whole terminal.
        focused: The pane that has the keys; the only one when single or full.
        grown: How much of the space it takes.
        hidden: Panes that the layout leaves out; the focused one is shown all the same.
    """
    if how is Scale.SINGLE or grown is Grown.FULL:
        return {focused: size.region}
    if grown is Grown.HALF:
        return _half(size, how, focused, hidden)
    if how is Scale.WIDE:
        return _wide(size, hidden)
    return _medium(size, hidden) if how is Scale.MEDIUM else _compact(size, hidden)


def _compact(size: Size, hidden: frozenset[str]) -> dict[str, Region]:
    tail = 0 if PEEK in hidden else 4 if size.height >= 21 else 3
    fires, rest = _rows(size.height - tail, (FIRES,), (HOSTS, SERVICES), 0.52, hidden)
    regions = _row(0, fires, size.width, (FIRES,), (1.0,), hidden)
    regions |= _row(fires, rest, size.width, (HOSTS, SERVICES), (0.5375, 0.4625), hidden)
    if tail:
        # One blank line is kept above the keys where there is room for it.
        regions[PEEK] = Region(0, fires + rest, size.width, 3)
    return regions


def _medium(size: Size, hidden: frozenset[str]) -> dict[str, Region]:
    bottom = 0 if {PEEK, ACTIVITY} <= hidden else round(size.height * 0.27)
    fires, middle = _rows(size.height - bottom, (FIRES,), (HOSTS, SERVICES), 0.445, hidden)
    shares = (0.5583, 0.4417)
    regions = _row(0, fires, size.width, (FIRES,), (1.0,), hidden)
    regions |= _row(fires, middle, size.width, (HOSTS, SERVICES), shares, hidden)
    return regions | _row(fires + middle, bottom, size.width, (PEEK, ACTIVITY), shares, hidden)


def _wide(size: Size, hidden: frozenset[str]) -> dict[str, Region]:
    people = 0 if {ACTIVITY, PEOPLE} <= hidden else round(size.height * 0.176)
    timeline = 0 if TIMELINE in hidden else round(size.height * 0.176)
    top, middle = _rows(
        size.height - people - timeline, (FIRES, PEEK), (HOSTS, SERVICES, FLEET), 0.405, hidden
    )
    regions = _row(0, top, size.width, (FIRES, PEEK), (0.67, 0.33), hidden)
    regions |= _row(top, middle, size.width, (HOSTS, SERVICES), (0.56, 0.44), hidden)
    if SERVICES in regions and FLEET not in hidden:
        whole = regions[SERVICES]
        upper = round(whole.height * 0.64)
        regions[SERVICES] = Region(whole.x, whole.y, whole.width, upper)
        regions[FLEET] = Region(whole.x, whole.y + upper, whole.width, whole.height - upper)
    regions |= _row(top + middle, timeline, size.width, (TIMELINE,), (1.0,), hidden)
    low = top + middle + timeline
    return regions | _row(
        low, size.height - low, size.width, (ACTIVITY, PEOPLE), (0.59, 0.41), hidden
    )


def _half(size: Size, how: Scale, focused: str, hidden: frozenset[str]) -> dict[str, Region]:
    upper = size.height // 2
    rest = [name for name in SHOWN[how] if name != focused and name not in hidden][:2]
    regions = {focused: Region(0, 0, size.width, upper)}
    shares = (1.0,) if len(rest) == 1 else (0.5, 0.5)
    return regions | _row(upper, size.height - upper, size.width, rest, shares, frozenset())


def _rows(
    height: int, upper: Sequence[str], lower: Sequence[str], share: float, hidden: frozenset[str]
) -> tuple[int, int]:
    if hidden.issuperset(upper):
        return 0, height
    if hidden.issuperset(lower):
        return height, 0
    first = round(height * share)
    return first, height - first


def _row(
    y: int,
    height: int,
    width: int,
    names: Sequence[str],
    shares: Sequence[float],
    hidden: frozenset[str],
) -> dict[str, Region]:
    if height < 2:
        return {}
    left = [(name, share) for name, share in zip(names, shares, strict=False) if name not in hidden]
    total = sum(share for _, share in left)
    regions: dict[str, Region] = {}
    x = 0
    for nth, (name, share) in enumerate(left):
        wide = width - x if nth == len(left) - 1 else round(width * share / total)
        regions[name] = Region(x, y, wide, height)
        x += wide
    return regions
