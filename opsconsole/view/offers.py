"""Which actions are offered for what one stands on, in which order, and why one is refused now."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from opsconsole.actions.match import naming_clauses
from opsconsole.model.access import write_refusal
from opsconsole.model.action import ActionSpec
from opsconsole.model.alert import Alert
from opsconsole.model.selection import Selection
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import Effect
from opsconsole.query.freezes import frozen_by
from opsconsole.view.fitting import Fit, fit_of, focus_of
from opsconsole.view.triage import members

_EFFECT_ORDER: Final = {Effect.READ: 0, Effect.WRITE: 1, Effect.DESTRUCTIVE: 2}


_LOCKED: Final = "LOCKED"


class Offer(Struct, frozen=True):
    """One entry of the runbook menu."""

    action: ActionSpec
    targets: tuple[str, ...]
    """References the action would get."""
    refusal: str = ""
    """Why it cannot be started now; empty when it can. It can always be planned."""
    for_alert: bool = False
    """Its match names the fire one stands on, or one that burns on the object."""
    episode: str = ""
    """That fire, for `PlanRun.alert`."""

    @property
    def short_refusal(self) -> str:
        """The refusal; that all changes are LOCKED in one word: it is said once where one stands."""
        return _LOCKED if self.refusal.startswith(f"{_LOCKED}:") else self.refusal


def offers(snapshot: Snapshot, selection: Selection, now: float) -> tuple[Offer, ...]:
    """List the actions for a selection, those for its fire first, reads before writes."""
    focuses = [focus_of(snapshot, key) for key in _unfolded(snapshot, selection)]
    found: list[Offer] = []
    for spec in snapshot.actions.values():
        fits = [fit_of(snapshot, spec, focus, selection.me, now) for focus in focuses]
        known = [fit for fit in fits if fit is not None]
        if len(known) == len(fits) and (known or spec.scope in ("fleet", "console")):
            found.append(_offer(snapshot, spec, known, selection.me, now))
    wanted = next(
        (f.alert.runbook for f in focuses if f.alert is not None and f.alert.runbook), None
    )
    return tuple(sorted(found, key=lambda offer: _order(offer, wanted)))


def locked_words(found: Iterable[Offer]) -> str:
    """Give the sentence that `short_refusal` cuts, to be said once; empty where nothing is LOCKED."""
    return next((each.refusal for each in found if each.refusal != each.short_refusal), "")


def _order(offer: Offer, wanted: str | None) -> tuple[object, ...]:
    action = offer.action
    ours = wanted is not None and wanted in (action.id, short_id(action.id))
    return (not ours, not offer.for_alert, _EFFECT_ORDER[action.effect], action.title)


def runbook_word(snapshot: Snapshot, alert: Alert, now: float) -> str:
    """Say what the RUNBOOK column says of a fire: a short action name, `link`, or nothing."""
    if alert.runbook and (spec := resolve(snapshot, alert.runbook)) is not None:
        return short_id(spec.id)
    focus = focus_of(snapshot, f"alert:{alert.episode}")
    for spec in sorted(snapshot.actions.values(), key=lambda s: (_EFFECT_ORDER[s.effect], s.id)):
        if naming_clauses(spec.match):
            fit = fit_of(snapshot, spec, focus, "", now)
            if fit is not None and fit.named:
                return short_id(spec.id)
    return "link" if alert.runbook_url else ""


def resolve(snapshot: Snapshot, name: str) -> ActionSpec | None:
    """Find an action by its id, or by a bare name that only one plugin has."""
    if name in snapshot.actions:
        return snapshot.actions[name]
    found = [spec for key, spec in snapshot.actions.items() if short_id(key) == name]
    return found[0] if len(found) == 1 else None


def short_id(action: str) -> str:
    """Cut the plugin off an action's id."""
    return action.rpartition(".")[2]


def _unfolded(snapshot: Snapshot, selection: Selection) -> list[str]:
    """Replace a group by its fires."""
    unfolded: list[str] = []
    for key in selection.keys:
        if key.startswith("group:"):
            meant = members(snapshot, key, selection.folds)
            unfolded += [f"alert:{alert.episode}" for alert in meant]
        else:
            unfolded.append(key)
    return unfolded


def _offer(snapshot: Snapshot, spec: ActionSpec, fits: Sequence[Fit], me: str, now: float) -> Offer:
    targets = tuple(dict.fromkeys(target for fit in fits for target in fit.targets))
    episode = next((fit.focus.alert.episode for fit in fits if fit.focus.alert is not None), "")
    refusal = _refusal(snapshot, spec, fits, targets, me, now)
    return Offer(spec, targets, refusal, any(fit.named for fit in fits), episode)


def _refusal(
    snapshot: Snapshot,
    spec: ActionSpec,
    fits: Sequence[Fit],
    targets: tuple[str, ...],
    me: str,
    now: float,
) -> str:
    if spec.scope == "host" and not targets:
        on = next((fit.focus.alert.on for fit in fits if fit.focus.alert), "")
        return f"{on or 'this fire'} is no host of the inventory"
    if spec.arity == "one" and len(targets) > 1:
        return "takes one target; clear the marks"
    if spec.max_targets is not None and len(targets) > spec.max_targets:
        return f"takes at most {spec.max_targets} targets"
    if spec.effect is Effect.READ:
        return ""
    return write_refusal(snapshot.access, me, now) or _frozen(snapshot, targets, now)


def _frozen(snapshot: Snapshot, targets: Sequence[str], now: float) -> str:
    """Say which freeze covers a host among the targets; what a service's hosts are, the engine looks up."""
    names = (target.removeprefix("host:") for target in targets)
    for name in (name for name in names if name in snapshot.hosts):
        if freeze := frozen_by(snapshot.access, (name,), snapshot.hosts, now):
            return f"{name} is frozen by {freeze.actor}: {freeze.reason}"
    return ""
