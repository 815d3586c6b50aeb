"""How much something flaps, by Icinga's measure: changes among the last twenty evaluations, newer ones weigh more.

Source: Icinga 2, lib/icinga/checkable-flapping.cpp; weights 0.8 for the oldest to 1.18 for the newest.
"""

from collections.abc import Container, Iterable, Mapping
from typing import Final

from msgspec import Struct

from opsconsole.alerting.life_cycle import Seen

KEPT: Final = 20
HIGH: Final = 30.0
"""Above this score something flaps ..."""
LOW: Final = 25.0
"""... until it is below this one."""
_NEWEST: Final = 1 << (KEPT - 1)


class Flap(Struct, frozen=True):
    """The last twenty evaluations of one instance."""

    changes: int = 0
    """A bit each, set where the state had changed; the highest is the newest."""
    state: int = 0
    """What it was last: 0 well, above it the level that was breached."""
    at: float = 0.0
    """When it was evaluated last; the same sample counts once."""
    on: bool = False

    @property
    def score(self) -> float:
        """Give the score, 0 to 99."""
        weights = (0.8 + 0.02 * place for place in range(KEPT) if self.changes >> place & 1)
        return 100.0 * sum(weights) / KEPT

    @property
    def is_over(self) -> bool:
        """Tell whether nothing is left to remember."""
        return not self.changes and not self.state


def turned(flap: Flap, state: int | None, at: float) -> Flap:
    """Take one evaluation; None, not known, is not counted."""
    if state is None or at <= flap.at:
        return flap
    changed = state != flap.state
    moved = Flap(flap.changes >> 1 | (_NEWEST if changed else 0), state, at, flap.on)
    score = moved.score
    on = score >= LOW if flap.on else score > HIGH
    return moved if on is flap.on else Flap(moved.changes, state, at, on)


def counted(
    before: Mapping[str, Flap],
    seen: Iterable[Seen],
    living: Container[str],
    at: float,
    *,
    is_fresh: bool,
) -> Mapping[str, Flap]:
    """Take one sample of a subject into what is remembered of its instances.

    Args:
        before: By key.
        seen: What was seen breached, or lives.
        living: Keys that live now; only such are begun.
        at: When the sample was taken; the same one counts once.
        is_fresh: Whether the subject was seen: then what is not in `seen` is well.
    """
    after: dict[str, Flap] = {}
    looked = {sight.key: sight for sight in seen}
    for key, sight in looked.items():
        if key in before or key in living:
            flap = before.get(key, _NEW)
            after[key] = turned(flap, _state_of(sight, flap.state), at)
    if before:
        for key, flap in before.items():
            if key not in looked:
                after[key] = turned(flap, 0, at) if is_fresh else flap
    return {key: flap for key, flap in after.items() if not flap.is_over}


def _state_of(seen: Seen, before: int) -> int | None:
    """Name the worst level that is breached; between limit and clear it is what it was; None: not seen."""
    known = False
    for level, sight in zip((3, 2, 1), reversed(seen.sights), strict=True):
        if sight is None or sight.breached is None:
            continue
        if sight.breached:
            return level
        if not sight.cleared and before >= level:
            return before
        known = True
    return 0 if known else None


_NEW: Final = Flap()
