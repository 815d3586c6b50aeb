"""Why a command does nothing now, in the words the status line says when its key is pressed."""

from collections.abc import Callable
from typing import Final

from opsconsole.model.access import unlock_of
from opsconsole.model.run import Run
from opsconsole.model.selection import Selection
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import RunState, TargetState

Reason = Callable[[Snapshot, Selection, float], str]
"""As `command.Reason` has it, which knows this module's words."""


def needs_engine(snapshot: Snapshot, selection: Selection, now: float) -> str:
    """Refuse while the engine is away, and on a board of before: nothing is done by what it shows."""
    return needs_now(snapshot, selection, now) or needs_link(snapshot, selection, now)


def needs_now(_: Snapshot, selection: Selection, __: float) -> str:
    """Refuse on a board of before."""
    return "this is the past: p goes back to now" if selection.past else ""


def needs_link(_: Snapshot, selection: Selection, __: float) -> str:
    """Refuse while the engine is away."""
    return "" if selection.live else "no engine at the moment; it re-attaches by itself"


def needs_past(_: Snapshot, selection: Selection, __: float) -> str:
    """Refuse going forward from now."""
    return "" if selection.past else "this is now: b and { go back"


def needs_selection(_: Snapshot, selection: Selection, __: float) -> str:
    """Refuse where there is nothing under the cursor."""
    return "" if selection.keys else "nothing under the cursor"


def needs_marks(_: Snapshot, selection: Selection, __: float) -> str:
    """Refuse without marks."""
    return "" if selection.marks else "nothing is marked: space marks"


def needs_two(_: Snapshot, selection: Selection, __: float) -> str:
    """Refuse without exactly two marks."""
    return "" if len(selection.marks) == 2 else "mark two rows to compare"


def needs_host(snapshot: Snapshot, selection: Selection, _: float) -> str:
    """Refuse where no host is meant."""
    return "" if host_of(snapshot, selection) else "there is no host under the cursor"


def needs_search(_: Snapshot, selection: Selection, __: float) -> str:
    """Refuse without an active search."""
    return "" if selection.searching else "no search is active: / searches"


def needs_actions(snapshot: Snapshot, _: Selection, __: float) -> str:
    """Refuse while no action is loaded."""
    return "" if snapshot.actions else "no actions are loaded: `:doctor` says why"


def needs_unread_only(snapshot: Snapshot, _: Selection, __: float) -> str:
    """Refuse notes and acks in a read-only console."""
    return "this console is read-only" if snapshot.access.read_only else ""


def needs_lock(snapshot: Snapshot, _: Selection, __: float) -> str:
    """Refuse unlocking where nothing is locked."""
    return "" if snapshot.access.locked else "nothing is locked here"


def needs_unlock(snapshot: Snapshot, selection: Selection, now: float) -> str:
    """Refuse locking where I have no unlock."""
    mine = unlock_of(snapshot.access, selection.me, now)
    return "" if mine is not None else "you have not unlocked anything"


def needs_live_run(snapshot: Snapshot, selection: Selection, _: float) -> str:
    """Refuse stopping what is over."""
    run = snapshot.runs.get(selection.key.partition(":")[2])
    if run is None:
        return "there is no run under the cursor"
    return f"the run is over: {run.state}" if run.state.is_over else ""


def needs_choice(*verbs: str) -> Reason:
    """Refuse what the engine does not offer for the run now; the first verb names it."""

    def reason(snapshot: Snapshot, selection: Selection, _: float) -> str:
        run = _run_of(snapshot, selection)
        if run is None:
            return _NO_RUN
        if set(verbs) & set(run.choices):
            return ""
        return f"the run is {run.state}: no {verbs[0]} now"

    return reason


def needs_left(snapshot: Snapshot, selection: Selection, _: float) -> str:
    """Refuse once more where nothing is to be done again."""
    run = _run_of(snapshot, selection)
    if run is None:
        return _NO_RUN
    if run.state.is_over or "retry" in run.choices:
        return ""
    return f"the run is {run.state}: no retry now"


def needs_unknown(snapshot: Snapshot, selection: Selection, _: float) -> str:
    """Refuse settling where everything was observed."""
    run = _run_of(snapshot, selection)
    if run is None:
        return _NO_RUN
    unknown = (TargetState.UNKNOWN, TargetState.UNDO_UNKNOWN)
    found = any(target.state in unknown for target in run.targets)
    return "" if found else "no target of this run is unknown"


def needs_question(snapshot: Snapshot, selection: Selection, _: float) -> str:
    """Refuse an answer where nothing was asked and nobody's word is needed."""
    run = _run_of(snapshot, selection)
    if run is None:
        return _NO_RUN
    if run.state is RunState.AWAITING_APPROVAL:
        return ""
    return "" if run.question is not None else "this run asks nothing now"


_NO_RUN: Final = "there is no run under the cursor"


def _run_of(snapshot: Snapshot, selection: Selection) -> Run | None:
    kind, _, name = selection.key.partition(":")
    return snapshot.runs.get(name) if kind == "run" else None


def host_of(snapshot: Snapshot, selection: Selection) -> str:
    """Name the host a selection means: the host itself, or what a fire is on; else empty."""
    kind, _, name = selection.key.partition(":")
    if kind == "host":
        return name if name in snapshot.hosts else ""
    alert = snapshot.alerts.get(name) if kind == "alert" else None
    if alert is not None:
        on_kind, _, on_name = alert.on.partition(":")
        if on_kind == "host" and on_name in snapshot.hosts:
            return on_name
        return _first_host(snapshot, on_name) if on_kind == "service" else ""
    return _first_host(snapshot, name) if kind == "service" else ""


def _first_host(snapshot: Snapshot, service: str) -> str:
    record = snapshot.services.get(service)
    return next((h for h in record.hosts if h in snapshot.hosts), "") if record is not None else ""
