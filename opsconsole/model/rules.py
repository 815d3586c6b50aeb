"""Rules as they were written: what the configuration reads, `rules show` prints and alerting compiles."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from opsconsole.model.states import Severity

BUILT_IN: Final[Mapping[str, str]] = {
    "unreachable": "HostUnreachable",
    "key-changed": "HostKeyChanged",
    "service": "ServiceDown",
    "check": "CheckDown",
    "source": "SourceUnreachable",
    "blind": "Blind",
}
"""Conditions that are code and no expression, and the alerts they make: each is about a state, not a number."""
NO_DATA: Final = ("keep", "fire", "ok")
"""What a rule makes of a value that its host does not give: nothing, a fire, or that all is well."""


class LevelSpec(Struct, frozen=True):
    """One severity of a rule; what it does not say is the rule's."""

    severity: Severity
    limit: float | None = None
    """What the name `limit` stands for in the rule's expressions."""
    expr: str = ""
    clear: str = ""
    hold: float = 0.0
    """`for:`, seconds."""


class RuleSpec(Struct, frozen=True):
    """One rule, as text; every expression was read once without a mistake."""

    name: str
    levels: tuple[LevelSpec, ...] = ()
    """Mildest first; they share an instance, and the worst that is on is the alert's severity."""
    expr: str = ""
    clear: str = ""
    """When it is over; empty: as soon as `expr` does not hold."""
    where: str = ""
    """Which instances count; empty: all."""
    value: str = ""
    """What `{value}` shows; empty: the left side of the first comparison."""
    margin: float = 0.0
    """What the name `margin` stands for."""
    keep: float = 0.0
    """`keep_firing_for:`, seconds."""
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    """Templates; `runbook` and `runbook_url` too."""
    no_data: str = "keep"
    depends_on: tuple[str, ...] = ()
    """References; while one of them is down the alert is suppressed."""
    built_in: str = ""
    """A word of `BUILT_IN`, in place of `expr`."""
    off: bool = False
    source: str = ""
    """`file:line`."""
    shipped: bool = False
