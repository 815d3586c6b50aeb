"""Whether a plan that was shown may be started now: it is the same plan, of the same person, of the same world."""

from typing import Final

from opsconsole.errors import RefusedError
from opsconsole.model.calls import StartRun
from opsconsole.model.snapshot import Access, Snapshot
from opsconsole.runs.batches import has_canary
from opsconsole.runs.healthy import CARRIES
from opsconsole.runs.planned import Prepared, asking_of
from opsconsole.runs.policy import check_answer, why_refused
from opsconsole.runs.ports import Ports

PLAN_GOOD_FOR: Final = 900.0
"""Seconds from plan to start; longer ago is another world."""


def admit(
    prepared: Prepared | None,
    call: StartRun,
    actor: str,
    snapshot: Snapshot,
    *,
    access: Access,
    now: float,
) -> Prepared:
    """Let a plan through, or say why not.

    Args:
        prepared: The plan that was kept under the id; None: there is none.
        call: Its hash, and what was typed back.
        actor: Who asks.
        snapshot: For freezes, and whether the targets are still what they were.
        access: What holds now.
        now: Epoch seconds.

    Raises:
        RefusedError: plan, confirm, locked, read-only, frozen.
    """
    if prepared is None or prepared.actor != actor:
        raise RefusedError("plan", "that plan is gone; make it again")
    plan = prepared.plan
    if call.hash != plan.hash:
        raise RefusedError("plan", "that is not the plan that was shown; make it again")
    if now - plan.at > PLAN_GOOD_FOR:
        raise RefusedError("plan", "the plan is more than 15 minutes old; make it again")
    if drift := _drift(prepared, snapshot):
        raise RefusedError("plan", f"{drift}; make the plan again")
    _check_policy(prepared, call, actor, snapshot, access=access, now=now)
    check_answer(plan, call.confirm)
    return prepared


async def check_again(prepared: Prepared, ports: Ports, now: float) -> None:
    """Look once more, before what was confirmed earlier begins, whether the world is as it was shown.

    Raises:
        RefusedError: plan, policy, read-only, frozen.
    """
    snapshot = ports.snapshot()
    if drift := _drift(prepared, snapshot):
        raise RefusedError("plan", f"{drift}; make the plan again")
    code, why = why_refused(
        prepared.plan.effect,
        prepared.hosts,
        access=ports.access(),
        actor=prepared.actor,
        now=now,
        records=snapshot.hosts,
    )
    if code and code != "locked":  # it was unlocked when it was confirmed
        raise RefusedError(code, why)
    await check_ruling(prepared, ports, now)


async def check_ruling(prepared: Prepared, ports: Ports, now: float) -> None:
    """Ask the policy again, as it stands now.

    Raises:
        RefusedError: policy: it says no; plan: it does not say what was shown.
    """
    ruling = await ports.judge(asking_of(prepared, now))
    if ruling.denied:
        raise RefusedError("policy", ruling.denied)
    if ruling != prepared.ruling:
        raise RefusedError("plan", "the policy says something else now; make the plan again")


def _drift(prepared: Prepared, snapshot: Snapshot) -> str:
    """Say what is not as it was shown; empty when nothing that matters moved."""
    gone = [name for name in prepared.hosts if name not in snapshot.hosts]
    if gone:
        return f"{gone[0]} is not there any more"
    plan = prepared.plan
    if plan.rollout is None or not has_canary(plan.rollout, plan.batches):
        return ""
    was = {target.name: target.state for target in plan.targets}
    for name in plan.batches[0]:
        record = snapshot.hosts.get(name)
        if was.get(name) == "ok" and record is not None and record.state not in CARRIES:
            return f"the canary {name} was ok and is {record.state} now"
    return ""


def _check_policy(
    prepared: Prepared,
    call: StartRun,
    actor: str,
    snapshot: Snapshot,
    *,
    access: Access,
    now: float,
) -> None:
    code, why = why_refused(
        prepared.plan.effect,
        prepared.hosts,
        access=access,
        actor=actor,
        now=now,
        records=snapshot.hosts,
    )
    unlocked_here = code == "locked" and bool(call.unlock.strip())
    if code and not unlocked_here:
        raise RefusedError(code, why)
