"""What hosts say later of writes whose end nobody saw, and what a target may then be called; pure."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from opsconsole.model.action import END_OF_PLAN, PlannedTarget
from opsconsole.model.run import Run, RunTarget
from opsconsole.model.states import Effect, TargetState
from opsconsole.runs.chain import Entry
from opsconsole.transport.base import Ending
from opsconsole.transport.spool import Known, Report, was_ended

OPEN: Mapping[TargetState, str] = {TargetState.UNKNOWN: "step", TargetState.UNDO_UNKNOWN: "undo"}
"""States that can be settled later, and what the journal calls the steps that decide them."""
_SEEN = (Ending.EXITED, Ending.SIGNALLED)


def sum_up(run: Run) -> str:
    """Say where a run stands, and which of its targets are still not known."""
    left = [target.name for target in run.targets if target.state in OPEN]
    return f"{run.state}" + (f"; still unknown: {', '.join(left)}" if left else "")


class Write(Struct, frozen=True):
    """One dispatched write, as the journal has it."""

    step: str
    spool: str = ""
    """Its folder in the host's spool; empty: it has none."""
    ok: tuple[int, ...] = (0,)
    way: str = ""
    """How the host was reached."""
    boot: str = ""
    """The host's boot id before it; empty: not known."""
    reboots: bool = False
    """Its end is another boot id."""
    limit: float = 0.0
    """Seconds after which the host ended it."""
    ending: str = ""
    """As it was settled; empty: it was not."""
    code: int | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether its end was not seen."""
        return self.ending not in (*_SEEN, Ending.UNREACHABLE)

    @property
    def was_dispatched(self) -> bool:
        """Tell whether it may have acted."""
        return self.ending != Ending.UNREACHABLE


def writes_of(entries: Iterable[Entry], target: str, ledger: str = "step") -> tuple[Write, ...]:
    """List a target's writes in the order they were dispatched, each with how it was settled."""
    found: list[Write] = []
    last_writes = False
    for entry in entries:
        if entry.text("target") != target:
            continue
        if entry.kind == f"{ledger}.dispatch":
            last_writes = entry.text("effect") != Effect.READ
            if last_writes:
                found.append(_write(entry))
        elif entry.kind == "target.again" and ledger == "step":
            found.clear()  # what it did before was judged then; this try starts from there
        elif entry.kind == f"{ledger}.settle" and last_writes and found:
            code = entry.fields.get("code")
            found[-1] = replace(
                found[-1],
                ending=entry.text("ending"),
                code=code if isinstance(code, int) else None,
            )
    return tuple(found)


def _write(entry: Entry) -> Write:
    ok, limit = entry.fields.get("ok"), entry.fields.get("limit")
    codes = tuple(int(code) for code in ok if str(code).isdigit()) if isinstance(ok, list) else (0,)
    return Write(
        entry.text("step"),
        spool=entry.text("spool"),
        ok=codes,
        way=entry.text("way"),
        boot=entry.text("boot"),
        reboots=entry.fields.get("reboots") is True,
        limit=float(limit) if isinstance(limit, int | float) else 0.0,
    )


def take_report(write: Write, report: Report) -> tuple[Write, str]:
    """Say what a host's word about a write proves.

    Returns:
        The write, settled where it is proved, and the evidence in a few words.
    """
    match report.known:
        case Known.RC if was_ended(report, write.limit):
            return write, f"{report.evidence}: ended by its time limit, it may have acted"
        case Known.RC:
            return replace(write, ending=str(Ending.EXITED), code=report.code), report.evidence
        case Known.NEVER if write.boot and write.boot == report.boot_now:
            evidence = "never started there, and barred from starting; same boot"
            return replace(write, ending=str(Ending.UNREACHABLE)), evidence
        case Known.NEVER:
            return write, "no trace of it there, and no proof that it is the same machine and boot"
        case _:
            return write, report.evidence


def take_boot(write: Write, boot: str) -> tuple[Write, str]:
    """Say what a host's boot id proves of a step that takes the host down."""
    if not write.boot or not boot:
        return write, "the host's boot id before it is not known"
    if boot == write.boot:
        return write, f"the host was not booted since: same boot {boot[:8]}"
    evidence = f"boot id changed: {write.boot[:8]} → {boot[:8]}"
    return replace(write, ending=str(Ending.EXITED), code=write.ok[0]), evidence


def conclude(
    target: RunTarget, planned: PlannedTarget | None, writes: Sequence[Write], evidence: str
) -> RunTarget:
    """Call a target what its writes prove; it stays as it is while one of them is open."""
    target = replace(target, evidence=evidence or target.evidence)
    if any(write.is_open for write in writes) or not writes:
        return target
    undone = target.state is TargetState.UNDO_UNKNOWN
    acted = [write for write in writes if write.was_dispatched]
    bad = next((write for write in acted if write.code not in write.ok), None)
    if bad is not None:
        state = TargetState.UNDO_FAILED if undone else TargetState.FAILED
        return replace(target, state=state, why=f"{bad.step}: {_end_words(bad)}", code=bad.code)
    if undone:
        return replace(target, state=TargetState.UNDONE, why="")
    if len(acted) < len(writes):
        why = f"{writes[-1].step} never started"
        state = TargetState.FAILED if acted else TargetState.NOT_STARTED
        return replace(target, state=state, why=f"{why}, after {acted[-1].step}" if acted else why)
    return _went_well(target, planned, acted[-1])


def _end_words(write: Write) -> str:
    return "killed by a signal" if write.code is None else f"exit {write.code}"


def _went_well(target: RunTarget, planned: PlannedTarget | None, last: Write) -> RunTarget:
    """Every write that was dispatched went well; what the plan had behind them was not run."""
    behind = _behind(planned, last.step)
    changes = [step for step, effect in behind if effect is not Effect.READ]
    said = f"{last.step}: exit {last.code}"
    if changes:
        why = f"{said}, but not run: {', '.join(changes)}"
        return replace(target, state=TargetState.FAILED, why=why, code=None)
    why = f"{said}; not finished: {', '.join(step for step, _ in behind)}" if behind else said
    return replace(target, state=TargetState.CHANGED, why=why, code=last.code)


def _behind(planned: PlannedTarget | None, step: str) -> tuple[tuple[str, Effect], ...]:
    steps = [(each.id, each.effect) for each in planned.steps] if planned else []
    names = [name for name, _ in steps]
    if step not in names:
        return ()
    last = len(names) - 1 - names[::-1].index(step)
    return tuple(each for each in steps[last + 1 :] if each[0] != END_OF_PLAN)
