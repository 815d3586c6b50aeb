"""Rules as YAML again: what is in force, written the way people write it."""

from collections.abc import Iterable, Mapping

from opsconsole.alerting.compile import compiled
from opsconsole.config.units import show_duration
from opsconsole.config.writer import Plain, dump
from opsconsole.model.rules import LevelSpec, RuleSpec
from opsconsole.query.fields import Kind


def rules_text(specs: Iterable[RuleSpec]) -> str:
    """Write rules as a file that reads as the same rules."""
    return dump({"rules": [_rule(spec) for spec in specs]})


def limit_text(limit: float, kind: Kind) -> str | float:
    """Write a limit in the unit of what it limits: `10%`, `14d`, `100ms`, `2`."""
    if kind is Kind.RATIO:
        return f"{limit * 100:.10g}%"
    if kind is Kind.SECONDS:
        return show_duration(limit)
    return int(limit) if limit == int(limit) else limit


def _rule(spec: RuleSpec) -> Plain:
    kind = Kind.NUMBER if spec.built_in else compiled(spec)[0].kind
    texts = {k: v for k, v in spec.annotations.items() if k not in ("runbook", "runbook_url")}
    said: dict[str, Plain] = {
        "alert": spec.name,
        "built_in": spec.built_in,
        "expr": spec.expr,
        "clear": spec.clear,
        "where": spec.where,
        **{str(level.severity): _level(level, kind) for level in spec.levels},
        "margin": limit_text(spec.margin, kind) if spec.margin else "",
        "value": spec.value,
        "keep_firing_for": show_duration(spec.keep) if spec.keep else "",
        "labels": dict(spec.labels),
        "annotations": texts,
        "no_data": spec.no_data if spec.no_data != "keep" else "",
        "depends_on": list(spec.depends_on),
        "runbook": spec.annotations.get("runbook", ""),
        "runbook_url": spec.annotations.get("runbook_url", ""),
        "off": spec.off or "",
    }
    return {key: value for key, value in said.items() if value not in ("", {}, [])}


def _level(level: LevelSpec, kind: Kind) -> Mapping[str, Plain]:
    said: dict[str, Plain] = {"expr": level.expr, "clear": level.clear}
    if level.limit is not None:
        said["limit"] = limit_text(level.limit, kind)
    said = {key: value for key, value in said.items() if value != ""}
    return {**said, "for": show_duration(level.hold)}
