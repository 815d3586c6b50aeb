"""The levels of a rule, `warning: 10%` or `critical: {limit: 5%, for: 1h}`, and what bends a rule."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from opsconsole.config import kinds
from opsconsole.config.fields import Field, Kind, Values, describe, record_of, table
from opsconsole.config.loader import Map, Node, Scalar
from opsconsole.config.problems import Problems
from opsconsole.model.inventory import RuleSettings
from opsconsole.model.rules import LevelSpec
from opsconsole.model.states import Severity

LIMIT_KIND: Final = kinds.quantity()
SPAN: Final = kinds.duration(0, 86400 * 30, "a time up to 30d")
_WORDS: Final = {
    "info": Severity.INFO, "notice": Severity.INFO, "none": Severity.INFO,
    "warning": Severity.WARNING, "warn": Severity.WARNING, "ticket": Severity.WARNING,
    "critical": Severity.CRITICAL, "crit": Severity.CRITICAL, "page": Severity.CRITICAL,
}  # fmt: skip


def expression() -> Kind[str]:
    """An expression of a rule, as text; it is read once its neighbours are known."""

    def read(node: Node, problems: Problems) -> str | None:
        if isinstance(node, Scalar) and node.text.strip():
            return node.text.strip()
        problems.add(node.mark, f"must be an expression, not {describe(node)}")
        return None

    return Kind(read, {"type": ["string", "number", "boolean"]})


EXPRESSION: Final = expression()
LEVEL_LIMIT = Field("limit", LIMIT_KIND, "What `limit` stands for in the rule's expressions.")
LEVEL_EXPR = Field("expr", EXPRESSION, "A condition of its own, in place of the rule's.")
LEVEL_CLEAR = Field("clear", EXPRESSION, "When this level is over.")
HOLD = Field("for", SPAN, "How long it must hold before it fires: 10m.")
LEVEL: Final = table("a level", LEVEL_LIMIT, LEVEL_EXPR, LEVEL_CLEAR, HOLD)


class LevelEntry(Struct, frozen=True):
    """One level as it was written; None: not said."""

    limit: float | None = None
    expr: str | None = None
    clear: str | None = None
    hold: float | None = None


_AS_MAP: Final = record_of(
    LEVEL,
    lambda v, _: LevelEntry(v.get(LEVEL_LIMIT), v.get(LEVEL_EXPR), v.get(LEVEL_CLEAR), v.get(HOLD)),
)


def _level() -> Kind[LevelEntry]:
    def read(node: Node, problems: Problems) -> LevelEntry | None:
        if isinstance(node, Map):
            return _AS_MAP.read(node, problems)
        limit = LIMIT_KIND.read(node, problems)
        return None if limit is None else LevelEntry(limit)

    return Kind(read, {"anyOf": [LIMIT_KIND.schema, _AS_MAP.schema]})


WARNING = Field(
    "warning", _level(), "The level of a warning: its limit, or {limit, expr, clear, for}."
)
CRITICAL = Field("critical", _level(), "The same for a critical.")
INFO = Field("info", _level(), "The same for what is only worth knowing.")
LEVELS: Final = ((INFO, Severity.INFO), (WARNING, Severity.WARNING), (CRITICAL, Severity.CRITICAL))

BENT_CLEAR = Field("clear", LIMIT_KIND, "Value at which it is over.")
KEEP = Field("keep_firing_for", SPAN, "How long it must be clear before it is over.")
OFF = Field("off", kinds.boolean(), "`true` switches the rule off.")
RUNBOOK = Field("runbook", kinds.action, "Id of the action to offer first: core.disk-hogs.")
RUNBOOK_URL = Field("runbook_url", kinds.text(2000), "Where the runbook can be read.")
BENT_WARNING = Field(
    "warning", LIMIT_KIND, "Limit of a warning, in the metric's unit: 10%, 2, 21d."
)
BENT_CRITICAL = Field("critical", LIMIT_KIND, "Limit of a critical.")
BENT_INFO = Field("info", LIMIT_KIND, "Limit of what is only worth knowing.")
BENT: Final = table(
    "a rule's settings",
    BENT_WARNING, BENT_CRITICAL, BENT_INFO, BENT_CLEAR, HOLD, KEEP, OFF, RUNBOOK, RUNBOOK_URL,
)  # fmt: skip


def read_bent(values: Values, _problems: Problems) -> RuleSettings:
    """Make the settings that bend a rule."""
    return RuleSettings(
        warning=values.get(BENT_WARNING),
        critical=values.get(BENT_CRITICAL),
        info=values.get(BENT_INFO),
        clear=values.get(BENT_CLEAR),
        hold=values.get(HOLD),
        keep=values.get(KEEP),
        off=values.value(OFF, default=False),
        runbook=values.get(RUNBOOK),
        runbook_url=values.get(RUNBOOK_URL),
    )


def severity_of(word: str) -> Severity | None:
    """Read `labels: {severity: page}`; None for a word that is none of ours."""
    return _WORDS.get(word.lower())


def levels_of(values: Values, usual: Severity, hold: float) -> tuple[LevelSpec, ...]:
    """Make the levels of a rule, mildest first; with none given there is one, of the usual severity."""
    found = [(severity, values.get(field)) for field, severity in LEVELS]
    said: Iterable[tuple[Severity, LevelEntry]] = [(s, one) for s, one in found if one is not None]
    if not said:
        return (LevelSpec(usual, hold=hold),)
    return tuple(
        LevelSpec(
            severity,
            limit=one.limit,
            expr=one.expr or "",
            clear=one.clear or "",
            hold=hold if one.hold is None else one.hold,
        )
        for severity, one in said
    )
