"""What rules are made of once they are read: conditions, waits, and what evaluation needs beside the snapshot."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from opsconsole.alerting.guards import Screen
from opsconsole.alerting.targets import TargetIndex
from opsconsole.model.alert import Alert
from opsconsole.model.inventory import AlertSource
from opsconsole.model.rules import BUILT_IN
from opsconsole.model.states import Severity
from opsconsole.query.fields import Kind
from opsconsole.query.nodes import Expr
from opsconsole.query.templates import Template

FindRunbook = Callable[[Alert], str | None]
"""The first offered action whose `match` names the alert, or None."""
HasAction = Callable[[str], bool]


class RuleLevel(Struct, frozen=True):
    """One severity of a rule, ready to be evaluated."""

    severity: Severity
    expr: Expr
    clear: Expr | None = None
    """None: clear as soon as `expr` does not hold."""
    hold: float = 0.0
    limit: float | None = None


class Eta(Struct, frozen=True):
    """What `{eta}` is computed of: when a metric will be at a limit, by what it did in a window."""

    metric: str
    limit: float
    window: float


class Rule(Struct, frozen=True):
    """One rule, ready to be evaluated."""

    name: str
    scope: str
    levels: tuple[RuleLevel, ...]
    label: str = ""
    """The label that tells its instances apart; empty: one instance a subject."""
    enumerated: tuple[str, ...] = ()
    """Metrics that have that label: their values of it are the instances."""
    where: Expr | None = None
    value: Expr | None = None
    kind: Kind = Kind.NUMBER
    """How the value is written."""
    eta: Eta | None = None
    keep: float = 0.0
    labels: Mapping[str, str] = {}
    summary: Template = ()
    annotations: Mapping[str, Template] = {}
    """Those with names in them."""
    fixed: Mapping[str, str] = {}
    """Those without: a runbook, a link."""
    no_data: str = "keep"
    about: str = ""
    """Scope `fleet`: the reference the alert is on."""


class StateRule(Struct, frozen=True):
    """A rule about what something is, not about a number."""

    name: str
    hold: float = 0.0
    keep: float = 0.0
    annotations: Mapping[str, str] = {}


class Rules(Struct, frozen=True):
    """All rules in force; a new object after each reload, so that every alert is made anew."""

    hosts: tuple[Rule, ...] = ()
    screen: Screen = Screen(())
    """Says which of `hosts` a sample can touch."""
    checks: tuple[Rule, ...] = ()
    check_screen: Screen = Screen(())
    fleet: tuple[Rule, ...] = ()
    states: Mapping[str, StateRule] = {}
    """By name; a rule that is off is not here."""
    depends_on: Mapping[str, tuple[str, ...]] = {}
    """Rule name to what must not be down for it to count."""
    windows: Mapping[str, float] = {}
    """Metric to the longest time a rule looks back on it, seconds."""
    functions: Mapping[str, frozenset[str]] = {}
    """Metric to the functions that look back on it."""
    sources: Mapping[str, AlertSource] = {}
    index: TargetIndex = TargetIndex()
    find_runbook: FindRunbook | None = None
    has_action: HasAction | None = None


HOST_UNREACHABLE: Final = BUILT_IN["unreachable"]
HOST_KEY_CHANGED: Final = BUILT_IN["key-changed"]
SERVICE_DOWN: Final = BUILT_IN["service"]
CHECK_DOWN: Final = BUILT_IN["check"]
SOURCE_UNREACHABLE: Final = BUILT_IN["source"]
BLIND: Final = BUILT_IN["blind"]
