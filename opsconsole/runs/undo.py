"""What one target could take back: pushed when a step is dispatched, gone through last in, first out."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from opsconsole.actions.steps import Undo
from opsconsole.errors import ActionError, RefusedError
from opsconsole.model.run import Question
from opsconsole.model.text import LABEL_LIMIT, clean
from opsconsole.runs.allowance import Allowance
from opsconsole.runs.journal import Journal
from opsconsole.runs.later_undo import KEPT_LIMIT, keep
from opsconsole.runs.questions import Questions
from opsconsole.runs.redaction import Redactor
from opsconsole.runs.verdict import Trace


class TargetDesk:
    """What a live run keeps for one try on one target beside its commands: undos, and a way to ask."""

    def __init__(
        self, target: str, journal: Journal, questions: Questions, allowance: Allowance
    ) -> None:
        self.undos: list[Undo] = []
        """In the order they were pushed."""
        self._target = target
        self._journal = journal
        self._questions = questions
        self._allowance = allowance
        self._room = KEPT_LIMIT
        self.why_stopping: Callable[[], str] = lambda: ""
        self.redactor: Redactor | None = None
        self.take_lock: Callable[[str], Awaitable[None]] | None = None

    @property
    def is_stopping(self) -> bool:
        """Tell whether nothing new is started any more."""
        return bool(self.why_stopping())

    async def lock(self, key: str) -> None:
        """Take one more lock for the rest of the run; raises ActionError, naming the holder."""
        if self.take_lock is None:
            raise ActionError("lock", f"{clean(key, 80)} cannot be locked here")
        try:
            await self.take_lock(clean(key, LABEL_LIMIT))
        except RefusedError as error:
            raise ActionError("lock", str(error)) from error

    async def push_undo(self, undo: Undo) -> None:
        """Keep how a step is taken back; on disk on return. Raises JournalError."""
        self.undos.append(undo)
        plain = keep(undo.plain, self.redactor, self._room)
        self._room -= len(plain.encode())
        await self._journal.append(
            "undo.push",
            sync=True,
            target=self._target,
            step=clean(undo.step, LABEL_LIMIT),
            title=clean(undo.title, LABEL_LIMIT),
            plain=plain,
        )

    async def ask(self, question: Question) -> Mapping[str, str]:
        """Ask a person while the target's time stands still; raises ActionError for no and for silence."""
        with self._allowance.standing_still():
            return await self._questions.ask(
                Question("", self._target, question.text, question.params, question.until)
            )


def valid_undos(undos: Collection[Undo], traces: Collection[Trace]) -> list[Undo]:
    """Pick the undos of steps that were dispatched, newest first: what never left has nothing to take back."""
    dispatched = {trace.step for trace in traces if trace.dispatched and trace.writes}
    found = [undo for undo in undos if takes_back(undo, dispatched)]
    return found[::-1]


def takes_back(undo: Undo, steps: Collection[str]) -> bool:
    """Tell whether an undo is for one of these steps; for one that uses an action, also for that action's."""
    if not undo.step:
        return bool(steps)
    return undo.step in steps or any(each.startswith(f"{undo.step}/") for each in steps)


def tell_left(undos: Sequence[tuple[str, str]]) -> str:
    """Say what a run leaves on a target and how it is taken back; empty for nothing.

    Args:
        undos: Step and title of each, the one to take back first in front.
    """
    if not undos:
        return ""
    steps = ", ".join(dict.fromkeys(step or "what was done" for step, _ in reversed(undos)))
    titles = ", then ".join(title for _, title in undos)
    return clean(f"{steps} stands; undo: {titles}", 400)
