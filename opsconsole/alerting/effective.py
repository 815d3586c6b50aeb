"""Which rules are in force: those that come with the program, the user's own, and what bends both."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from opsconsole.model.inventory import RuleSettings
from opsconsole.model.rules import LevelSpec, RuleSpec
from opsconsole.model.states import Severity

_ORDER = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)


def effective(
    shipped: Iterable[RuleSpec], own: Iterable[RuleSpec], bends: Mapping[str, RuleSettings]
) -> tuple[RuleSpec, ...]:
    """Give the rules in force, those that are off included; the user's rule of a name replaces the shipped one."""
    rules = {spec.name: spec for spec in shipped}
    rules.update((spec.name, spec) for spec in own)
    return tuple(bent(spec, bends[name]) if name in bends else spec for name, spec in rules.items())


def bent(spec: RuleSpec, said: RuleSettings) -> RuleSpec:
    """Bend a rule: other limits, another clear value, another wait, off."""
    limits = {
        Severity.INFO: said.info,
        Severity.WARNING: said.warning,
        Severity.CRITICAL: said.critical,
    }
    levels = {level.severity: level for level in spec.levels}
    for severity, limit in limits.items():
        if limit is not None:
            levels[severity] = replace(
                levels.get(severity, LevelSpec(severity, hold=_usual_hold(spec))), limit=limit
            )
    if said.hold is not None:
        levels = {severity: replace(level, hold=said.hold) for severity, level in levels.items()}
    mildest = next((levels[s] for s in (Severity.WARNING, *_ORDER) if s in levels), None)
    margin = spec.margin
    if said.clear is not None and mildest is not None and mildest.limit is not None:
        margin = abs(said.clear - mildest.limit)
    links = {"runbook": said.runbook, "runbook_url": said.runbook_url}
    return replace(
        spec,
        levels=tuple(levels[severity] for severity in _ORDER if severity in levels),
        margin=margin,
        keep=spec.keep if said.keep is None else said.keep,
        annotations={**spec.annotations, **{k: v for k, v in links.items() if v}},
        off=spec.off or said.off,
    )


def _usual_hold(spec: RuleSpec) -> float:
    return spec.levels[-1].hold if spec.levels else 0.0
