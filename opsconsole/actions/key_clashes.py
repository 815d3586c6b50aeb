"""Letters that two actions wish for: whoever was found first keeps it, the other one loses its letter only."""

from collections.abc import Iterable, Sequence
from dataclasses import replace as with_fields

from msgspec import Struct
from msgspec.structs import replace

from opsconsole.actions.steps import Action
from opsconsole.model.action import ActionSpec


class Binding(Struct, frozen=True):
    """One letter wished for, and whether it is had."""

    key: str
    scope: str
    action: str
    plugin: str
    lost_to: str = ""
    """The action that has it; empty: it is this one's."""


def bindings(specs: Iterable[ActionSpec]) -> tuple[Binding, ...]:
    """List every letter wished for, in the actions' order: the first to wish for one has it."""
    owners: dict[tuple[str, str], str] = {}
    found = []
    for spec in specs:
        if not spec.keys:
            continue
        owner = owners.setdefault((spec.keys, spec.scope), spec.id)
        plugin = spec.id.partition(".")[0]
        lost_to = "" if owner == spec.id else owner
        found.append(Binding(spec.keys, spec.scope, spec.id, plugin, lost_to))
    return tuple(found)


def without_clashes(actions: Sequence[Action]) -> tuple[tuple[Action, ...], tuple[Binding, ...]]:
    """Take the letter from every action that lost it; gives the actions, and who lost what to whom."""
    lost = {each.action: each for each in bindings(a.spec for a in actions) if each.lost_to}
    kept = tuple(
        with_fields(action, spec=replace(action.spec, keys=""))
        if action.spec.id in lost
        else action
        for action in actions
    )
    return kept, tuple(lost.values())
