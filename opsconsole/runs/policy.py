"""Who may do what now: locked environments, read-only engines, freezes, and how a person confirms; pure."""

from collections.abc import Collection, Mapping
from typing import Final

from opsconsole.errors import RefusedError
from opsconsole.model.action import ActionSpec, Plan
from opsconsole.model.policy import Ruling
from opsconsole.model.snapshot import Access, HostRecord
from opsconsole.model.states import Confirm, Effect
from opsconsole.query.freezes import frozen_by

COUNT_ABOVE: Final = 5
"""A change on more targets than this is confirmed by typing their number."""
_LEVELS: Final = tuple(Confirm)


def confirm_level(spec: ActionSpec, count: int, least: Confirm | None = None) -> Confirm:
    """Decide how a plan is confirmed; never weaker than the effect demands, nor than `least`."""
    if spec.effect is Effect.READ:
        return max(least or Confirm.NONE, spec.confirm, key=_LEVELS.index)
    floor = max(least or Confirm.NONE, _floor(spec, count), key=_LEVELS.index)
    return max(floor, spec.confirm, key=_LEVELS.index)


def _floor(spec: ActionSpec, count: int) -> Confirm:
    floor = Confirm.TYPED if spec.effect is Effect.DESTRUCTIVE else Confirm.KEY
    if count > COUNT_ABOVE:
        floor = max(floor, Confirm.COUNT, key=_LEVELS.index)
    return floor


def why_peer(spec: ActionSpec, ruling: Ruling) -> str:
    """Say why a second person has to agree; empty: nobody has to."""
    own = "the action wants a second person" if spec.confirm is Confirm.PEER else ""
    return "; ".join(why for why in (ruling.peer, own) if why)


def expected_answer(spec: ActionSpec, level: Confirm, targets: Collection[str]) -> str:
    """Say what must be typed back: the number, or the one target's name, or the action's."""
    match level:
        case Confirm.COUNT:
            return str(len(targets))
        case Confirm.TYPED | Confirm.PEER:
            return next(iter(targets)) if len(targets) == 1 else spec.id.partition(".")[2]
        case _:
            return ""


def check_answer(plan: Plan, typed: str) -> None:
    """Compare what was typed back.

    Raises:
        RefusedError: `confirm`.
    """
    if plan.expect and typed.strip() != plan.expect:
        raise RefusedError("confirm", f"type {plan.expect} to confirm {plan.title}")


def answers_yes(plan: Plan) -> bool:
    """Tell whether a bare yes (`--yes`, one key) is enough for this plan."""
    return plan.confirm in (Confirm.NONE, Confirm.KEY)


def why_refused(
    effect: Effect,
    hosts: Collection[str],
    *,
    access: Access,
    actor: str,
    now: float,
    records: Mapping[str, HostRecord],
) -> tuple[str, str]:
    """Say whether a change may be made now: a code and a sentence, both empty when it may.

    Args:
        effect: Reads are always allowed.
        hosts: The hosts it touches.
        access: What holds now.
        actor: Who asks.
        now: Epoch seconds.
        records: Hosts by name, for the scopes of freezes.
    """
    if effect is Effect.READ:
        return "", ""
    if access.read_only:
        return "read-only", "this engine is read-only; it changes nothing"
    if freeze := frozen_by(access, hosts, records, now):
        return "frozen", f"frozen by {freeze.actor}: {freeze.reason}"
    if access.locked and not any(
        unlock.actor == actor and unlock.until > now for unlock in access.unlocks
    ):
        where = access.environment or "this environment"
        return "locked", f"{where} is LOCKED; :unlock 15m REASON turns changes on for you"
    return "", ""
