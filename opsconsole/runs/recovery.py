"""What earlier engines left: finished runs for the list, and runs that died with their engine, told as they are.

A step that was dispatched and never settled may have acted: its target reads UNKNOWN. Nothing is resumed.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from opsconsole.clock import Clock
from opsconsole.model.action import Plan
from opsconsole.model.policy import Approval
from opsconsole.model.rollout import Rollout, RolloutStatus
from opsconsole.model.run import Run, RunTarget
from opsconsole.model.states import TargetState
from opsconsole.runs.batches import batch_numbers, has_canary
from opsconsole.runs.budget import Meter
from opsconsole.runs.chain import Chain, Entry, JournalError, read_chain
from opsconsole.runs.ending import judge_run
from opsconsole.runs.journal import Journal
from opsconsole.runs.recovered import target_of
from opsconsole.runs.steering import choices_after

RUNS_SHOWN: Final = 50


def recover_runs(
    folder: Path, clock: Clock, executor: Executor
) -> tuple[tuple[Run, ...], tuple[str, ...]]:
    """Read earlier runs, closing those whose engine died. Blocks: call it on a thread.

    Returns:
        The newest runs, oldest first, and what could not be read, one sentence each.
    """
    runs: list[Run] = []
    wrong: list[str] = []
    if not folder.is_dir():
        return (), ()
    for place in sorted(each for each in folder.iterdir() if each.is_dir())[-RUNS_SHOWN:]:
        try:
            run = _recover(place, clock, executor)
        except JournalError as error:
            wrong.append(str(error))
            continue
        if run is not None:
            runs.append(run)
    return tuple(runs), tuple(wrong)


def _recover(place: Path, clock: Clock, executor: Executor) -> Run | None:
    finished = _finished(place)
    if finished is not None:
        return finished
    chain = read_chain(place)
    if any(entry.kind == "run.end" for entry in chain.entries):
        return _rebuild(place, chain)
    journal = Journal.reopen(place, clock, executor)
    if journal is None:
        return None
    try:
        return _close(place, journal, clock)
    finally:
        journal.close()


def read_run(place: Path, chain: Chain) -> Run:
    """Read a run that is over, as it was last written down, or as its journal proves it.

    Raises:
        JournalError: It cannot be read.
    """
    return _finished(place) or _rebuild(place, chain)


def _finished(place: Path) -> Run | None:
    """run.json is written last, whole; when it is there nothing else needs reading."""
    try:
        return msgspec.json.decode((place / "run.json").read_bytes(), type=Run)
    except (OSError, msgspec.DecodeError):
        return None


def _close(place: Path, journal: Journal, clock: Clock) -> Run:
    run = _rebuild(place, read_chain(place))
    states = {target.name: str(target.state) for target in run.targets}
    journal.write(
        "run.end", {"state": str(run.state), "targets": states, "note": run.note}, sync=True
    )
    return replace(run, ended=clock.now())


def _rebuild(place: Path, chain: Chain) -> Run:
    """Say of each target what the journal proves."""
    plan = read_plan(place)
    begin = next((entry for entry in chain.entries if entry.kind == "run.plan"), None)
    targets = tuple(_targets(plan, chain))
    end = next((entry for entry in chain.entries if entry.kind == "run.end"), None)
    meter = _spent(plan, targets)
    return Run(
        id=place.name,
        action=plan.action,
        title=plan.title,
        effect=plan.effect,
        actor=begin.text("actor") if begin else "",
        state=judge_run(
            targets,
            stopped=True,
            halted=False,
            rolled_back=any(target.state is TargetState.UNDONE for target in targets),
        ),
        at=begin.at if begin else plan.at,
        params=plan.params,
        targets=targets,
        plan_hash=plan.hash,
        ended=chain.entries[-1].at if chain.entries else plan.at,
        reason=(begin.text("reason") or begin.text("unlock")) if begin else "",
        note=(end.text("note") if end else "") or "the engine died",
        max_parallel=plan.max_parallel,
        rollout=RolloutStatus(
            batch=max((target.batch for target in targets if target.started), default=0),
            batches=plan.batches,
            has_canary=plan.rollout is not None and has_canary(plan.rollout, plan.batches),
            bad=meter.bad,
            limit=meter.limit,
        ),
        operator=_operator(chain),
        rerun_of=begin.text("rerun_of") if begin else "",
        approval=_approval(chain),
        choices=_choices(targets, chain),
    )


def _choices(targets: Sequence[RunTarget], chain: Chain) -> tuple[str, ...]:
    kinds = {entry.kind for entry in chain.entries}
    back = any(entry.kind == "undo.push" and entry.text("plain") for entry in chain.entries)
    has_way_back = back and not {"undo.dispatch", "undo.later"} & kinds
    return choices_after(targets, has_way_back=has_way_back, closed="run.close" in kinds)


def _spent(plan: Plan, targets: Sequence[RunTarget]) -> Meter:
    """Count what went bad against the plan's budget."""
    going = sum(target.state is not TargetState.SKIPPED for target in targets)
    meter = Meter((plan.rollout or Rollout()).budget, going)
    for target in targets:
        meter.settle(target.name, target.state)
    return meter


def _targets(plan: Plan, chain: Chain) -> Iterator[RunTarget]:
    told, numbers = _told_states(chain), batch_numbers(plan.batches)
    lines: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in chain.entries:
        lines[entry.text("target")].append(entry)
    for each in plan.targets:
        mine = lines[each.name]
        if each.skip:
            target = RunTarget(each.name, TargetState.SKIPPED, why=each.skip)
        else:
            target = _believed(told.get(each.name), target_of(each.name, mine))
        yield _resolved(replace(target, batch=numbers.get(each.name, 0)), mine)


def _believed(told: RunTarget | None, proven: RunTarget) -> RunTarget:
    """Where the engine's last word and the lines agree, the lines say more: why, and when."""
    return proven if told is None or told.state is proven.state else told


def _approval(chain: Chain) -> Approval | None:
    """Say how it came by a second person; one whose word never came had none."""
    said = [entry for entry in chain.entries if entry.kind == "approval"]
    if not said:
        return None
    last, until = said[-1], said[0].fields.get("until")
    is_open = last.text("verdict") == "waiting"
    return Approval(
        "withdrawn" if is_open else last.text("verdict"),
        last.text("why"),
        float(until) if isinstance(until, int | float) else 0.0,
        "engine" if is_open else last.text("actor"),
        chain.entries[-1].at if is_open else last.at,
        last.text("reason"),
    )


def _operator(chain: Chain) -> str:
    """Name who started it, or took it over last."""
    said = [e for e in chain.entries if e.kind in ("run.plan", "takeover")]
    return said[-1].text("actor") if said else ""


def read_plan(place: Path) -> Plan:
    """Read the plan that a run carried out.

    Raises:
        JournalError: It cannot be read.
    """
    try:
        return msgspec.json.decode((place / "plan.json").read_bytes(), type=Plan)
    except OSError as error:
        raise JournalError(f"journal {place.name}: no plan: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise JournalError(f"journal {place.name}: plan.json: {error}") from error


def _told_states(chain: Chain) -> dict[str, RunTarget]:
    """What the engine still wrote down while it was stopped."""
    for entry in chain.entries:
        states = entry.fields.get("targets")
        if entry.kind == "run.end" and isinstance(states, dict):
            return {
                name: RunTarget(name, TargetState(state), why=entry.text("note"))
                for name, state in states.items()
                if state in tuple(TargetState)
            }
    return {}


def _resolved(target: RunTarget, mine: Iterable[Entry]) -> RunTarget:
    """Take what a host's spool or a person said later."""
    for entry in mine:
        if entry.kind in ("target.resolve", "human.resolve"):
            state = TargetState(entry.text("state"))
            target = replace(
                target, state=state, why=entry.text("why"), evidence=entry.text("evidence")
            )
    return target
