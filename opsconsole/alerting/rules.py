"""What the rules are made of: limits, waits, and what evaluation needs to know beside the snapshot."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from opsconsole.alerting.targets import TargetIndex
from opsconsole.model.alert import Alert
from opsconsole.model.inventory import AlertSource

Summary = Callable[[Mapping[str, float], str, float], str]
"""Metrics of the subject, the instance's label value, the value: what the WHAT column says."""
FindRunbook = Callable[[Alert], str | None]
"""The first offered action whose `match` names the alert, or None."""
HasAction = Callable[[str], bool]


class Threshold(Struct, frozen=True):
    """A limit on a metric, for each of its label values."""

    name: str
    metric: str
    summary: Summary
    warning: float | None = None
    critical: float | None = None
    margin: float = 0.0
    """How far back over a limit the value must come to be clear."""
    warning_hold: float = 0.0
    critical_hold: float = 0.0
    keep: float = 0.0
    label: str = ""
    """The metric's label, when it has one."""
    below: bool = False
    """True: small values are bad."""
    signed: bool = False
    """True: the sign does not matter, the size does."""
    absent_is_clear: bool = False
    """True: a host that answers and does not give the metric is well."""
    skip: str = ""
    """A metric with the same label that takes an instance out when it is above zero."""

    def is_touched(self, value: float) -> bool:
        """Tell whether a value is over any of the limits; NaN is over none."""
        size = abs(value) if self.signed else value
        for limit in (self.warning, self.critical):
            if limit is not None and (size < limit if self.below else size > limit):
                return True
        return False


class StateRule(Struct, frozen=True):
    """A rule about what something is, not about a number."""

    name: str
    hold: float = 0.0
    keep: float = 0.0


class Rules(Struct, frozen=True):
    """All rules in force; a new object after each reload, so that every alert is made anew."""

    host_thresholds: tuple[Threshold, ...] = ()
    check_thresholds: tuple[Threshold, ...] = ()
    states: Mapping[str, StateRule] = {}
    """By name; a rule that is off is not here."""
    sources: Mapping[str, AlertSource] = {}
    index: TargetIndex = TargetIndex()
    find_runbook: FindRunbook | None = None
    has_action: HasAction | None = None


HOST_UNREACHABLE: Final = "HostUnreachable"
HOST_KEY_CHANGED: Final = "HostKeyChanged"
UNIT_FAILED: Final = "UnitFailed"
SERVICE_DOWN: Final = "ServiceDown"
CHECK_DOWN: Final = "CheckDown"
SOURCE_UNREACHABLE: Final = "SourceUnreachable"
BLIND: Final = "Blind"
