"""Runs that nobody started by hand: which fires ask for one, and everything that speaks against it; pure.

Off by default; a new rule tells what it would have done. What changes something by itself is held to
less than a person is: it must be repeatable, on one target, where nobody else is at work.
"""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

from msgspec import Struct

from opsconsole.actions.registry import find_id
from opsconsole.errors import RefusedError
from opsconsole.model.action import ActionSpec
from opsconsole.model.alert import Alert
from opsconsole.model.run import Run
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import AlertState, Confirm, Effect, Freshness
from opsconsole.model.trigger import Trigger

ACTOR: Final = "trigger:"
"""What stands before a rule's name where a person's would stand."""
PER_HOUR: Final = 6
"""Runs of all rules together within an hour at most."""
CLEARS_WITHIN: Final = 300.0
"""Seconds a fire has to be gone after a run ended; else the run did not help."""
GIVES_UP_AFTER: Final = 2
"""Runs in a row that did not help; then the rule stops until the file is read again."""
_HOUR: Final = 3600.0


class Wish(Struct, frozen=True):
    """One fire that asks for one run."""

    trigger: Trigger
    action: str
    """The action's id, as it is loaded."""
    target: str
    """A reference."""
    episode: str
    alert: str
    refusal: str = ""
    """What speaks against it; empty: nothing does."""


class Ground(Struct, frozen=True):
    """What decides beside the fires."""

    now: float
    killed: bool = False
    """The kill-switch file is there."""
    given_up: frozenset[str] = frozenset()
    """Rules whose breaker is open."""


def wishes(snapshot: Snapshot, triggers: Sequence[Trigger], ground: Ground) -> tuple[Wish, ...]:
    """List what the rules ask for now, one for each fire that burns long enough with nobody on it."""
    return tuple(
        _wish(snapshot, trigger, alert, ground)
        for trigger in triggers
        if trigger.mode != "off"
        for alert in snapshot.alerts.values()
        if _asks(trigger, alert, ground.now)
    )


def _asks(trigger: Trigger, alert: Alert, now: float) -> bool:
    return (
        alert.state is AlertState.FIRING
        and fnmatchcase(alert.name, trigger.alert)
        and not alert.is_muted
        and now - alert.since >= trigger.after
    )


def _wish(snapshot: Snapshot, trigger: Trigger, alert: Alert, ground: Ground) -> Wish:
    spec = _spec(snapshot.actions, trigger.action)
    refusal = (
        _no_such(trigger) if spec is None else _why_not(snapshot, trigger, spec, alert, ground)
    )
    action = trigger.action if spec is None else spec.id
    return Wish(trigger, action, alert.on, alert.episode, alert.name, refusal)


def _spec(actions: Mapping[str, ActionSpec], name: str) -> ActionSpec | None:
    try:
        return actions[find_id(name, actions)]
    except RefusedError:
        return None


def _no_such(trigger: Trigger) -> str:
    return f"there is no action {trigger.action}"


def _why_not(
    snapshot: Snapshot, trigger: Trigger, spec: ActionSpec, alert: Alert, ground: Ground
) -> str:
    """Go through everything that speaks against it; the first thing that does is told."""
    return (
        _unfit_action(spec)
        or _unfit_fire(snapshot, alert)
        or _unfit_moment(snapshot, trigger, spec, alert, ground)
    )


def _unfit_action(spec: ActionSpec) -> str:
    if spec.effect is Effect.DESTRUCTIVE:
        return f"{spec.id} destroys: a person starts it"
    if not spec.idempotent:
        return f"{spec.id} is not idempotent"
    if spec.confirm is Confirm.PEER:
        return f"{spec.id} needs a second person"
    if spec.scope not in ("host", "service"):
        return f"{spec.id} is not for one host or service"
    return ""


def _unfit_fire(snapshot: Snapshot, alert: Alert) -> str:
    kind, _, name = alert.on.partition(":")
    known = {"host": snapshot.hosts, "service": snapshot.services}.get(kind, {})
    if name not in known:
        return f"{alert.on} is nothing of the inventory"
    if alert.owner or alert.ack is not None:
        who = alert.owner or (alert.ack.actor if alert.ack is not None else "")
        return f"{who} has it"
    if alert.no_data or alert.freshness is not Freshness.LIVE:
        return "it burns because nothing is known, not because of what was seen"
    return ""


def _unfit_moment(
    snapshot: Snapshot, trigger: Trigger, spec: ActionSpec, alert: Alert, ground: Ground
) -> str:
    if ground.killed:
        return "the kill switch is on"
    if trigger.name in ground.given_up:
        return f"{GIVES_UP_AFTER} runs did not clear the fire: it waits for a reload"
    people = [r for r in snapshot.runs.values() if not r.state.is_over and not is_ours(r)]
    if busy := [r for r in people if r.effect is not Effect.READ]:
        return f"{busy[0].operator or busy[0].actor} is at work: {busy[0].action}"
    return _spent(snapshot.runs.values(), trigger, spec, alert, ground.now)


def _spent(
    runs: Iterable[Run], trigger: Trigger, spec: ActionSpec, alert: Alert, now: float
) -> str:
    """Count what was done of late, by the runs themselves: that outlives a restart."""
    ours = [run for run in runs if is_ours(run)]
    name = alert.on.partition(":")[2]
    if any(not run.state.is_over for run in ours):
        return "another run of a trigger is under way"
    for run in ours:
        same = run.action == spec.id and any(target.name == name for target in run.targets)
        if same and now - run.at < trigger.cooldown:
            return f"cool-down: {spec.id} ran on {name} of late"
    lately = [run for run in ours if now - run.at < _HOUR]
    if len(lately) >= PER_HOUR:
        return f"{PER_HOUR} runs of triggers within an hour"
    if sum(run.actor == f"{ACTOR}{trigger.name}" for run in lately) >= trigger.per_hour:
        return f"{trigger.per_hour} runs of {trigger.name} within an hour"
    return ""


def is_ours(run: Run) -> bool:
    """Tell whether a rule started a run."""
    return run.actor.startswith(ACTOR)


def did_not_help(snapshot: Snapshot, run: Run, episode: str, now: float) -> bool | None:
    """Tell whether a fire still burns after a run for it; None: it is too early to say."""
    alert = snapshot.alerts.get(episode)
    burns = alert is not None and alert.state is AlertState.FIRING
    if not burns:
        return False
    if run.ended is None or now - run.ended < CLEARS_WITHIN:
        return None
    return True
