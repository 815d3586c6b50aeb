"""Whether a rule's expressions and texts can be read, each mistake at its place in the file."""

from collections.abc import Iterator
from typing import NamedTuple

from opsconsole.config.expressions import place_in
from opsconsole.config.loader import Map, Scalar
from opsconsole.config.problems import Problems
from opsconsole.errors import QueryError
from opsconsole.model.rules import BUILT_IN, LevelSpec, RuleSpec
from opsconsole.query.nodes import Expr
from opsconsole.query.rule_names import filled, read_rule, shape_of
from opsconsole.query.templates import read_template

_ON_A_RULE = ("expr", "clear", "where", "value")
_ON_A_LEVEL = ("expr", "clear")


class _Read(NamedTuple):
    item: Scalar
    expr: Expr


def check_rule(spec: RuleSpec, tree: Map, problems: Problems) -> None:
    """Tell every mistake in a rule's expressions and templates."""
    before = len(problems)
    if spec.built_in and spec.expr:
        problems.add(tree.mark, f"{spec.name} has `built_in:` and `expr:`; it takes one of them")
    name = BUILT_IN.get(spec.built_in, spec.name)
    if name != spec.name:
        problems.add(tree.mark, f"the built-in condition {spec.built_in} is the alert {name}")
    read = [found for item in _expressions(tree) if (found := _parsed(item, problems))]
    _check_templates(tree, problems)
    if len(problems) > before or spec.built_in:
        return
    _check_levels(spec, tree, problems)
    try:
        shape_of((one.item.text.strip(), one.expr) for one in read)
    except QueryError as error:
        item = next((one.item for one in read if one.item.text.strip() == error.source), None)
        problems.add(
            place_in(item, error.column) if item else tree.mark, error.text, error.excerpt()
        )


def _expressions(tree: Map) -> Iterator[Scalar]:
    places: list[tuple[Map, tuple[str, ...]]] = [(tree, _ON_A_RULE)]
    for word in ("info", "warning", "critical"):
        level = tree.get(word)
        if isinstance(level, Map):
            places.append((level, _ON_A_LEVEL))
    for holder, keys in places:
        for key in keys:
            item = holder.get(key)
            if isinstance(item, Scalar) and item.text.strip():
                yield item


def _parsed(item: Scalar, problems: Problems) -> _Read | None:
    try:
        return _Read(item, read_rule(item.text.strip()))
    except QueryError as error:
        problems.add(place_in(item, error.column), error.text, error.excerpt())
        return None


def _check_templates(tree: Map, problems: Problems) -> None:
    texts = tree.get("annotations")
    if not isinstance(texts, Map):
        return
    for item in texts.entries.values():
        if isinstance(item, Scalar):
            try:
                read_template(item.text)
            except QueryError as error:
                problems.add(place_in(item, error.column), error.text, error.excerpt())


def _check_levels(spec: RuleSpec, tree: Map, problems: Problems) -> None:
    for level in spec.levels:
        try:
            _fill(spec, level)
        except QueryError as error:
            place = tree.keys.get(level.severity.value, tree.mark)
            problems.add(place, f"{spec.name}, {level.severity}: {error.text}; write `limit:`")


def _fill(spec: RuleSpec, level: LevelSpec) -> None:
    constants = {"margin": spec.margin}
    if level.limit is not None:
        constants["limit"] = level.limit
    condition = level.expr or spec.expr
    if not condition:
        raise QueryError("it has no condition: `expr:` is missing", 0)
    for text in (condition, level.clear or spec.clear):
        if text:
            filled(read_rule(text), constants)
