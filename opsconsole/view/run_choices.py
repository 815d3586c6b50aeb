"""What a person may choose for a run now: the key, what it does, and how it is confirmed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from opsconsole.model.run import Run, RunTarget
from opsconsole.model.states import RunState, TargetState
from opsconsole.view.cells import cell, joined, span
from opsconsole.view.naming import bare_name, folded
from opsconsole.view.rows import Cell, Span, Tone

SETTLE: Final = "settle"
"""No verb of `ControlRun`: settling what nobody observed is a call of its own."""
RERUN: Final = "rerun"
"""No verb either: it makes another plan."""
APPROVE: Final = "approve"
"""No verb either: a second person's word is a call of its own."""


class Choice(Struct, frozen=True):
    """One thing that can be done with a run now."""

    verb: str
    """Of `ControlRun`, or SETTLE, RERUN."""
    key: str
    """As a person knows it; for those without a key the word on the `:` line."""
    label: str
    """`continue 2 held`."""
    says: str = ""
    """What it changes, one sentence."""
    expect: str = ""
    """What must be typed back; empty: one key is enough."""
    calm: bool = False
    """True: it makes nothing worse and is not asked about."""


_ORDER: Final = (
    "continue", "retry", "rollback", "stop", "resume", "pause", "interrupt", "take-over", "break-glass",
    "close",
)  # fmt: skip
_ALWAYS: Final = ("stop", "interrupt")
"""What every live run takes, whatever it offers beside."""
_KEYS: Final[Mapping[str, str]] = {
    "continue": "C",
    "retry": "r",
    "rollback": "B",
    "stop": "X",
    "resume": "P",
    "pause": "P",
    "interrupt": ":interrupt",
    "take-over": ":takeover",
    "break-glass": ":breakglass",
    "close": ":close",
}
BAD: Final = (TargetState.FAILED, TargetState.UNREACHABLE, TargetState.WRONG_HOST)
_NOT_BEGUN: Final = (TargetState.PENDING, TargetState.NOT_STARTED)
_TOUCHED: Final = (
    TargetState.CHANGED,
    TargetState.UNCHANGED,
    TargetState.FAILED,
    TargetState.UNKNOWN,
)


def choices(run: Run) -> tuple[Choice, ...]:
    """List what the engine lets a person choose for a run, the most wanted first."""
    offered = run.choices if run.choices or run.state.is_over else _ALWAYS
    found = [_WRITTEN[verb](run) for verb in _ORDER if verb in offered]
    if run.state is RunState.AWAITING_APPROVAL:
        found.insert(0, Choice(APPROVE, "a", "read the plan, agree or not"))
    if unknown(run):
        found.append(Choice(SETTLE, "u", f"settle {_names(unknown(run))}"))
    if run.state.is_over and rerun_sets(run):
        found.append(Choice(RERUN, "r", "rerun what is left"))
    return tuple(found)


def choice(run: Run, verb: str) -> Choice | None:
    """Find one of them; None where it cannot be chosen now."""
    return next((one for one in choices(run) if one.verb == verb), None)


def written(run: Run, verb: str) -> Choice:
    """Write a choice, whether or not it is offered now."""
    return _WRITTEN[verb](run)


def unknown(run: Run) -> list[RunTarget]:
    """List the targets whose outcome nobody observed."""
    return [t for t in run.targets if t.state in (TargetState.UNKNOWN, TargetState.UNDO_UNKNOWN)]


def rerun_sets(run: Run) -> dict[str, list[RunTarget]]:
    """Give the sets of targets a rerun can be about, those with something in them; all of them last."""
    sets = {
        "failed": [t for t in run.targets if t.state in BAD],
        "unknown": unknown(run),
        "not-started": [t for t in run.targets if t.state in _NOT_BEGUN],
    }
    found = {name: targets for name, targets in sets.items() if targets}
    return {**found, "all": list(run.targets)} if run.targets else found


def _continue(run: Run) -> Choice:
    held = [t for t in run.targets if t.state in _NOT_BEGUN]
    count = len(held)
    return Choice(
        "continue",
        _KEYS["continue"],
        f"continue {count} held",
        f"Starts {_names(held)} though the run was halted.",
        str(count),
    )


def _retry(run: Run) -> Choice:
    bad = [t for t in run.targets if t.state in (*BAD, TargetState.CANCELLED)]
    if not bad:
        return Choice(
            "retry", _KEYS["retry"], "ask the gate again", "Looks once more, then goes on."
        )
    return Choice(
        "retry",
        _KEYS["retry"],
        f"retry {_names(bad)}",
        f"Runs it once more on {_names(bad)}; nothing else starts.",
        str(len(bad)) if len(bad) > 1 else "",
    )


def _rollback(run: Run) -> Choice:
    if run.state.is_over:
        says = (
            "Plans what its journal kept of its way back; nothing happens before that is confirmed."
        )
        return Choice("rollback", _KEYS["rollback"], "plan its way back", says)
    touched = [t for t in run.targets if t.state in _TOUCHED]
    sure = [t for t in touched if t.state is not TargetState.UNKNOWN]
    blind = len(touched) - len(sure)
    rest = f" {blind} of unknown outcome are left alone: settle them first." if blind else ""
    return Choice(
        "rollback",
        _KEYS["rollback"],
        f"back out on {len(sure)}",
        f"Takes back what can be undone on {_names(sure)}, the last one first.{rest}",
        str(len(sure)),
    )


def _stop(run: Run) -> Choice:
    going = sum(not t.state.is_settled and t.state not in _NOT_BEGUN for t in run.targets)
    rest = f"; the {going} that run come to their end" if going else ""
    return Choice("stop", _KEYS["stop"], "stop here", f"Ends the run, nothing new starts{rest}.")


def _interrupt(run: Run) -> Choice:
    going = [t for t in run.targets if t.state in (TargetState.RUNNING, TargetState.WAITING)]
    said = f"Kills what runs on {_names(going)}: what was half done stays half done."
    return Choice("interrupt", _KEYS["interrupt"], "interrupt", said, str(len(going)))


def _simple(verb: str, label: str, says: str, *, calm: bool = False) -> Callable[[Run], Choice]:
    def write(_: Run) -> Choice:
        return Choice(verb, _KEYS[verb], label, says, calm=calm)

    return write


_WRITTEN: Final[Mapping[str, Callable[[Run], Choice]]] = {
    "continue": _continue,
    "retry": _retry,
    "rollback": _rollback,
    "stop": _stop,
    "interrupt": _interrupt,
    "pause": _simple("pause", "pause", "Starts nothing new until somebody resumes.", calm=True),
    "resume": _simple("resume", "resume", "Goes on where it paused."),
    "take-over": _simple("take-over", "take over", "You answer for the run from now on."),
    "break-glass": _simple(
        "break-glass",
        "go ahead without",
        "Runs it without a second person; that stays in the journal, and everybody is told.",
    ),
    "close": _simple(
        "close", "close", "Nobody will ever know what is unknown in it; it stays unknown."
    ),
}


def line(run: Run) -> Cell:
    """Write the choices as a line of keys."""
    return joined((_entry(one) for one in choices(run)), "   ")


def _entry(one: Choice) -> Cell:
    return (span(one.key, Tone.ACCENT), Span(span(f" {one.label}").text))


def explained(run: Run, verb: str, about: Sequence[str] = ()) -> tuple[Cell, ...]:
    """Write what a choice would do, and what is left where, for its question."""
    one = choice(run, verb) or written(run, verb)
    left = [
        (span(f"{bare_name(t.name)}: ", Tone.STRONG), span(t.left, Tone.WARNING))
        for t in run.targets
        if t.left
    ]
    return (cell(one.says), *(cell(text, Tone.DIM) for text in about), *left)


def _names(targets: Sequence[RunTarget]) -> str:
    return folded(bare_name(target.name) for target in targets) or "nothing"
