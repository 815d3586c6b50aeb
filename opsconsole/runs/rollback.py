"""Takes a run back: what can be undone on each target it touched, newest first; never blindly."""

import asyncio
from typing import Final

from opsconsole.model.states import TargetState
from opsconsole.runs.course import Course
from opsconsole.runs.undo import takes_back, tell_left
from opsconsole.runs.verdict import Verdict
from opsconsole.runs.work import Crew, Try

_ENDS: Final = {
    TargetState.CHANGED: TargetState.UNDONE,
    TargetState.UNCHANGED: TargetState.UNDONE,
    TargetState.UNKNOWN: TargetState.UNDO_UNKNOWN,
}


class Rollback:
    """The way back of one run."""

    def __init__(self, crew: Crew, course: Course, channels: asyncio.Semaphore) -> None:
        self._crew = crew
        self._course = course
        self._channels = channels
        self.tries: dict[str, Try] = {}
        """What is being taken back now."""

    async def run(self) -> None:
        """Go through the targets in the reverse of the order they were begun, a few at once."""
        todo = [name for name, one in self._course.tries.items() if one.undos][::-1]
        slots = asyncio.Semaphore(self._crew.prepared.plan.max_parallel)
        async with asyncio.TaskGroup() as group:
            for name in todo:
                await slots.acquire()
                work = self._take_back(name, slots)
                group.create_task(work, name=f"{self._crew.board.id} back {name}")

    def interrupt(self) -> None:
        """End what is under way; it may be unknown then."""
        for one in self.tries.values():
            one.interrupt()

    async def _take_back(self, name: str, slots: asyncio.Semaphore) -> None:
        try:
            if why := self._why_not(name):
                self._leave(name, why)
                return
            async with self._channels:
                await self._undo_all(name)
        finally:
            self.tries.pop(name, None)
            slots.release()

    def _why_not(self, name: str) -> str:
        """Say why a target stays as it is; empty when it may be taken back."""
        policy = self._crew.prepared.action.spec.undo_policy
        target = self._crew.board.targets[name]
        if target.state is TargetState.UNKNOWN:
            return "its outcome is not known: resolve it first"
        if policy == "never":
            return "undo_policy is never"
        if policy == "always" or target.state.is_good:
            return ""
        if target.state is TargetState.FAILED and (why := self._why_unfit(name)):
            return why
        return "" if self._course.around.is_fit(name) else "it was not seen healthy since"

    def _why_unfit(self, name: str) -> str:
        """A host that is broken for good is not put back; only a step that failed half-way is taken back."""
        dispatched = [trace for trace in self._course.tries[name].traces if trace.dispatched]
        if not dispatched or not dispatched[-1].writes:
            return "it did not pass its verification"
        last = dispatched[-1].step
        if any(takes_back(undo, {last}) for undo in self._course.tries[name].undos):
            return ""
        return f"{last} failed and cannot be taken back"

    async def _undo_all(self, name: str) -> None:
        undos = self._course.tries[name].undos
        forward = self._course.tries[name].target
        while undos:
            one = self.tries[name] = Try(self._crew, forward, ledger="undo")
            self._crew.board.say(f"takes back: {undos[0].title}", name, "undo")
            verdict = await one.take_back(undos[0])
            state = _ENDS.get(verdict.state, TargetState.UNDO_FAILED)
            if state is not TargetState.UNDONE:
                await self._end(
                    name, state, verdict, tell_left([(undo.step, undo.title) for undo in undos])
                )
                return
            del undos[0]
        await self._end(name, TargetState.UNDONE, Verdict(TargetState.UNDONE), "")

    async def _end(self, name: str, state: TargetState, verdict: Verdict, left: str) -> None:
        board = self._crew.board
        board.set_target(
            name, state=state, why=verdict.why, code=verdict.code, left=left,
            ended=self._crew.clock.now(),
        )  # fmt: skip
        board.say(f"{state} {verdict.why}".rstrip(), name, "undo")
        await board.record(
            "undo.end", sync=True, target=name, state=str(state), why=verdict.why, left=left
        )

    def _leave(self, name: str, why: str) -> None:
        left = self._course.tries[name].left
        self._crew.board.set_target(name, left=f"{left} (not taken back: {why})")
        self._crew.board.say(f"is left as it is: {why}", name, "undo")
