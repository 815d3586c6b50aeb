"""Whether a gate holds: looks in a row make a verdict, and only a clear one opens or shuts it; pure."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from opsconsole.model.rollout import Gate, GateStatus

PASS: Final = "pass"  # noqa: S105 - a gate's word
FAIL: Final = "fail"
INCONCLUSIVE: Final = "inconclusive"
WAITING: Final = "waiting"


class Look(Struct, frozen=True):
    """What one look at a gate saw."""

    verdict: str
    """pass, fail or inconclusive: not having seen is no verdict."""
    said: str = ""


class Watch:
    """Follows one gate from its first look to its verdict."""

    def __init__(self, gate: Gate, now: float) -> None:
        self.gate = gate
        self._until = now + gate.hold
        self._fails = 0
        self.status = GateStatus(gate.id, WAITING, 0, gate.stable, "", self._until)

    @property
    def is_over(self) -> bool:
        """Tell whether there is a verdict."""
        return self.status.verdict != WAITING

    def take(self, look: Look, now: float) -> GateStatus:
        """Weigh one look: `stable` passes in a row open, as many failures in a row shut it, time ends it open."""
        passes = self.status.passes + 1 if look.verdict == PASS else 0
        self._fails = self._fails + 1 if look.verdict == FAIL else 0
        verdict = WAITING
        if passes >= self.gate.stable:
            verdict = PASS
        elif self._fails >= self.gate.stable:
            verdict = FAIL
        elif now + self.gate.every > self._until:
            verdict = INCONCLUSIVE
        self.status = replace(self.status, verdict=verdict, passes=passes, said=look.said)
        return self.status


def combine(statuses: tuple[GateStatus, ...]) -> GateStatus | None:
    """Find the gate that decides: one that failed, else one that is not clear; None: all passed."""
    for word in (FAIL, INCONCLUSIVE, WAITING):
        for status in statuses:
            if status.verdict == word:
                return status
    return None
