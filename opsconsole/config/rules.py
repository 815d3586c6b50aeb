"""Rules as people write them: `rules:` of the configuration and of rule files, and those that come with us."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from opsconsole.config import kinds
from opsconsole.config.fields import (
    Field,
    Kind,
    Values,
    describe,
    list_of,
    map_of,
    record_of,
    table,
)
from opsconsole.config.hosts import DEPENDS_ON
from opsconsole.config.loader import Map, Node, Seq, read_file
from opsconsole.config.problems import Mark, Problems, did_you_mean
from opsconsole.config.rule_check import check_rule
from opsconsole.config.rule_levels import (
    BENT,
    EXPRESSION,
    HOLD,
    KEEP,
    LEVELS,
    LIMIT_KIND,
    OFF,
    RUNBOOK,
    RUNBOOK_URL,
    levels_of,
    read_bent,
    severity_of,
)
from opsconsole.model.inventory import RuleSettings
from opsconsole.model.rules import BUILT_IN, NO_DATA, RuleSpec
from opsconsole.model.states import Severity
from opsconsole.shipped import shipped_dir

ALERT = Field("alert", kinds.name, "Name of the alert.", required=True)
EXPR = Field("expr", EXPRESSION, "The condition: fs.available_ratio < limit.")
CLEAR = Field("clear", EXPRESSION, "When it is over; without it: when expr does not hold.")
WHERE = Field("where", EXPRESSION, "Which instances count: not readonly.")
VALUE = Field("value", EXPRESSION, "What {value} shows; without it the left side of the condition.")
MARGIN = Field("margin", LIMIT_KIND, "What `margin` stands for in `clear`.")
LABELS = Field("labels", map_of(kinds.label, kinds.text()), "Labels of the alert; {severity: ...}.")
ANNOTATIONS = Field(
    "annotations", map_of(kinds.label, kinds.text(1000)), 'Texts: {summary: "{mount} {used} used"}.'
)
ABSENT = Field("no_data", kinds.choice(NO_DATA), "What a missing value means: keep, fire or ok.")
CODE = Field("built_in", kinds.choice(BUILT_IN), "A condition of the program, in place of `expr`.")
RULE: Final = table(
    "a rule",
    ALERT, EXPR, WHERE, *(field for field, _ in LEVELS), HOLD, CLEAR, MARGIN, VALUE, KEEP, LABELS,
    ANNOTATIONS, ABSENT, DEPENDS_ON, RUNBOOK, RUNBOOK_URL, OFF, CODE,
    hints={
        "name": "the word is alert",
        "record": "recording rules are not supported",
        "severity": "write `labels: {severity: warning}`, or `warning:` and `critical:`",
        "summary": "write `annotations: {summary: ...}`",
        "keep": "the word is keep_firing_for",
        "threshold": "the word is limit, or `warning: 10%`",
    },
)  # fmt: skip
BEND: Final = table("a rule's settings", ALERT, *BENT.fields)


class Said(Struct, frozen=True):
    """What one place says of rules."""

    specs: tuple[RuleSpec, ...] = ()
    bends: Mapping[str, RuleSettings] = {}
    places: Mapping[str, Mark] = {}
    """Where each name of both was said."""


_bends: Final = map_of(kinds.name, record_of(BENT, read_bent))


def _rules() -> Kind[Said]:
    schema = {"anyOf": [_bends.schema, {"type": "array", "items": RULE.schema()}]}
    return Kind(_read, schema)


def _read(node: Node, problems: Problems) -> Said | None:
    """Read a list of rules, or a mapping of names to settings."""
    if isinstance(node, Map):
        found = _bends.read(node, problems) or {}
        return Said(bends=found, places={name: node.keys[name] for name in found})
    if not isinstance(node, Seq):
        problems.add(node.mark, f"rules are a list of `- alert: ...`, not {describe(node)}")
        return None
    specs: list[RuleSpec] = []
    bends: dict[str, RuleSettings] = {}
    places: dict[str, Mark] = {}
    for item in node.items:
        name, made = _entry(item, problems)
        if made is None:
            continue
        if name in places:
            problems.add(item.mark, f"{name} was already said in {places[name]}")
        places.setdefault(name, item.mark)
        if isinstance(made, RuleSpec):
            specs.append(made)
        else:
            bends[name] = made
    return Said(tuple(specs), bends, places)


def _entry(node: Node, problems: Problems) -> tuple[str, RuleSpec | RuleSettings | None]:
    """Read one entry: with a condition it is a rule, without one it bends a rule."""
    is_rule = not isinstance(node, Map) or any(key in node.entries for key in ("expr", "built_in"))
    is_rule = is_rule or (isinstance(node, Map) and _has_level_expr(node))
    values = (RULE if is_rule else BEND).read(node, problems)
    name = values.get(ALERT) if values is not None else None
    if values is None or name is None:
        return "", None
    return name, _made(name, values, problems) if is_rule else read_bent(values, problems)


def _has_level_expr(node: Map) -> bool:
    levels = (node.get(severity.value) for _, severity in LEVELS)
    return any(isinstance(level, Map) and "expr" in level.entries for level in levels)


def _made(name: str, values: Values, problems: Problems) -> RuleSpec | None:
    before = len(problems)
    labels = dict(values.value(LABELS, {}))
    word = labels.pop("severity", "warning")
    severity = severity_of(word)
    if severity is None:
        problems.add(values.place(LABELS), f"{word!r} is none of info, warning, critical")
    texts = dict(values.value(ANNOTATIONS, {}))
    for field in (RUNBOOK, RUNBOOK_URL):
        if said := values.get(field):
            texts[field.name] = said
    spec = RuleSpec(
        name=name,
        levels=levels_of(values, severity or Severity.WARNING, values.value(HOLD, 0.0)),
        expr=values.value(EXPR, ""),
        clear=values.value(CLEAR, ""),
        where=values.value(WHERE, ""),
        value=values.value(VALUE, ""),
        margin=values.value(MARGIN, 0.0),
        keep=values.value(KEEP, 0.0),
        labels=labels,
        annotations=texts,
        no_data=values.value(ABSENT, "keep"),
        depends_on=values.value(DEPENDS_ON, ()),
        built_in=values.value(CODE, ""),
        off=values.value(OFF, default=False),
        source=str(values.place(ALERT)),
    )
    if len(problems) == before:
        check_rule(spec, values.tree, problems)
    return spec if len(problems) == before else None


rules: Final = _rules()
RULES = Field("rules", rules, "Alert rules: a list of them, or built-in ones changed by name.")
RULE_FILES = Field(
    "rule_files", list_of(kinds.path(), or_one=True), "Files with more rules, patterns allowed."
)
RULE_FILE: Final = table(
    "a rule file", RULES,
    hints={"groups": "files of Prometheus are not read; write `rules:` with our expressions"},
)  # fmt: skip


def read_rule_file(path: Path, problems: Problems) -> Said:
    """Read one rule file; what is wrong goes to `problems`."""
    node = read_file(path, problems)
    values = RULE_FILE.read(node, problems)
    return (values.get(RULES) if values is not None else None) or Said()


def shipped_file() -> Path:
    """Name the file of the rules that come with the program."""
    return shipped_dir("rules") / "default.yaml"


def shipped_tests() -> Path:
    """Name the file with the tests of those rules."""
    return shipped_dir("rules") / "tests" / "default.yaml"


def shipped_rules() -> tuple[RuleSpec, ...]:
    """Read the rules that come with the program.

    Raises:
        ConfigError: The installation's file was changed, and is wrong now.
    """
    problems = Problems()
    said = read_rule_file(shipped_file(), problems)
    problems.raise_if_any()
    return tuple(replace(spec, shipped=True) for spec in said.specs)


def joined(parts: Iterable[Said], shipped: Iterable[RuleSpec], problems: Problems) -> Said:
    """Join what several places say; a name is said once, and what is bent exists."""
    specs: dict[str, RuleSpec] = {}
    bends: dict[str, RuleSettings] = {}
    places: dict[str, Mark] = {}
    for part in parts:
        for name, mark in part.places.items():
            if name in places and (name in specs) == any(s.name == name for s in part.specs):
                problems.add(mark, f"{name} was already said in {places[name]}")
            places[name] = mark
        specs.update((spec.name, spec) for spec in part.specs)
        bends.update(part.bends)
    known = {spec.name: spec for spec in shipped} | specs
    for name, bend in bends.items():
        _check_bend(name, bend, known, places[name], problems)
    return Said(tuple(specs.values()), bends, places)


def _check_bend(
    name: str, bend: RuleSettings, known: Mapping[str, RuleSpec], mark: Mark, problems: Problems
) -> None:
    spec = known.get(name)
    if spec is None:
        problems.add(
            mark, f"no rule is called {name}{did_you_mean(name, known)}; a new one has `expr:`"
        )
        return
    limits = (bend.warning, bend.critical, bend.info, bend.clear)
    if spec.built_in and any(limit is not None for limit in limits):
        problems.add(mark, f"{name} has no limit: it can be bent by `for:` and `off:`")
    elif any(limit is not None for limit in limits) and "limit" not in spec.expr:
        problems.add(mark, f"{name} has no `limit` in its condition; write it anew with `expr:`")
