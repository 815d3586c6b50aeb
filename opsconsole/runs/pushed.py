"""Which undos a journal holds for one target: those of steps that may have acted, the newest first; pure."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from opsconsole.model.states import Effect
from opsconsole.runs.chain import Entry
from opsconsole.transport.base import Ending
from opsconsole.transport.spool import Known


def standing_undos(mine: Sequence[Entry]) -> list[Entry]:
    """Pick the `undo.push` lines that hold, as the live run does: a step may have pushed several.

    What an earlier try left stands until a later one repeats the step.

    Args:
        mine: The target's lines, in their order.
    """
    standing: list[Entry] = []
    for one in _tries(mine):
        sent = sent_writes(one)
        pushed = [entry for entry in one if entry.kind == "undo.push"]
        own = [entry for entry in reversed(pushed) if _is_for(entry.text("step"), sent)]
        steps = {entry.text("step") for entry in own}
        standing = [*own, *(entry for entry in standing if entry.text("step") not in steps)]
    return standing


def sent_writes(lines: Sequence[Entry]) -> set[str]:
    """Name the steps that were dispatched and may have changed something.

    Not those of which it is known that they never ran: the session was refused, or the host never started them.
    """
    acted: defaultdict[str, list[bool]] = defaultdict(list)
    for entry in lines:
        tries = acted[entry.text("step")]
        if entry.kind == "step.dispatch" and entry.text("effect") != Effect.READ:
            tries.append(True)
        elif entry.kind == "step.settle" and tries:
            tries[-1] = not _never_ran(entry)
    return {step for step, tries in acted.items() if any(tries)}


def _never_ran(settle: Entry) -> bool:
    return settle.text("ending") == Ending.UNREACHABLE or settle.text("known") == Known.NEVER


def _tries(mine: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    again = [number for number, entry in enumerate(mine) if entry.kind == "target.again"]
    for begin, end in zip([0, *again], [*again, len(mine)], strict=True):
        yield mine[begin:end]


def _is_for(step: str, sent: Collection[str]) -> bool:
    """Tell whether an undo is for one of these steps, or for one of an action used in it."""
    if not step:
        return bool(sent)
    return step in sent or any(each.startswith(f"{step}/") for each in sent)
