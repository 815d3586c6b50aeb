"""Steers a live run: what people press and type becomes a change of its valve, its queue or its way back."""

from typing import Final

from opsconsole.actions.grammars import World
from opsconsole.errors import RefusedError
from opsconsole.model.calls import AnswerRun, ControlRun, Done
from opsconsole.model.states import RunState, TargetState
from opsconsole.model.text import clean
from opsconsole.runs.course import Course
from opsconsole.runs.rollback import Rollback
from opsconsole.runs.steering import ALWAYS, RETRIED, Situation, check_choice, choices_of
from opsconsole.runs.work import Crew

_TOLD: Final = (RunState.STOPPING, RunState.PAUSED, RunState.HALTED)
_LOOKED_BACK: Final = (RunState.PAUSED, RunState.HALTED, RunState.STOPPING)
"""Where it matters what could be tried again or taken back."""


class Helm:
    """Stands between people and one run."""

    def __init__(self, crew: Crew, course: Course, back: Rollback) -> None:
        self._crew = crew
        self._course = course
        self._back = back
        self.is_stopped = False
        """A person, or the engine's end, stopped it."""
        self.is_going_back = False
        """What was done is being taken back."""
        crew.board.choices = self._choices

    def stand(self) -> None:
        """Say where the run stands and what may be chosen there."""
        board = self._crew.board
        if board.state.is_over:
            return
        before, state = board.state, self._standing()
        why = self._crew.valve.why
        if (before, board.note) != (state, why):
            board.set_run(state=state, note=why)
        board.stir()
        if why and before is not state and state in _TOLD:
            board.say(why)

    def _standing(self) -> RunState:
        valve = self._crew.valve
        if self.is_going_back:
            return RunState.ROLLING_BACK
        if valve.closed:
            return RunState.STOPPING
        if valve.held:
            return RunState.HALTED if valve.is_halt else RunState.PAUSED
        return RunState.GATING if self._course.is_gating else RunState.RUNNING

    def _choices(self) -> tuple[str, ...]:
        return choices_of(self._situation(self._standing()))

    def _situation(self, state: RunState) -> Situation:
        is_busy = bool(self._course.busy or self._back.tries)
        if state not in _LOOKED_BACK:
            return Situation(state, is_busy=is_busy)
        return Situation(
            state,
            is_busy=is_busy,
            has_undo=self._course.has_undo and not self._course.wants_rollback,
            has_retry=bool(self._retryable("")) or self._course.at_gate,
        )

    def stop(self, actor: str, *, interrupt: bool) -> None:
        """Start nothing new; with `interrupt`, also end what runs (its outcome may be UNKNOWN then)."""
        if not self._course.is_halted:
            self.is_stopped = True
        self._crew.valve.close(f"stopped by {actor}")
        if interrupt:
            for name in tuple(self._course.busy):
                self._interrupt(name)
            self._back.interrupt()

    async def control(self, call: ControlRun, actor: str) -> Done:
        """Do what a person chose.

        Raises:
            RefusedError: not-running: it is not among the choices; unknown-target.
        """
        board = self._crew.board
        self.stand()  # what is open now, not what was published last
        always = () if board.state.is_over else (*self._choices(), *ALWAYS)
        check_choice(board.id, call.verb, always)
        if call.target and call.target not in board.targets:
            raise RefusedError(
                "unknown-target", f"{clean(call.target, 80)} is no target of the run"
            )
        reason = clean(call.reason, 400)
        kind = "takeover" if call.verb == "take-over" else "signal"
        fields = {"verb": call.verb, "actor": actor, "reason": reason, "target": call.target}
        await board.record(kind, sync=True, **fields)
        said = f": {reason}" if reason else ""
        board.say(f"{actor}: {call.verb} {call.target}".rstrip() + said)
        return Done(self._obey(call, actor, said))

    def _obey(self, call: ControlRun, actor: str, said: str) -> str:
        """Carry a verb out; what the run did meanwhile may have made it void, and then it does nothing."""
        valve, who = self._crew.valve, f"{actor}{said}"
        match call.verb:
            case "pause":
                valve.hold(f"paused by {who}", steps=True)
                return "paused: nothing new, and what runs waits at its next step"
            case "resume" | "continue":
                return self._go_on(again=call.verb == "resume")
            case "retry":
                return self._retry(call.target)
            case "rollback":
                self._course.wants_rollback = f"rolled back by {who}"
                self.stop(who, interrupt=False)
                return "nothing new; then what was done is taken back"
            case "stop":
                self.stop(who, interrupt=False)
                return "nothing new is started"
            case "interrupt":
                return self._end_work(call.target, who)
            case _:
                return self._take_over(actor)

    def _go_on(self, *, again: bool) -> str:
        """`resume` asks an open gate again; `continue` accepts what is bad, and goes on without it."""
        course = self._course
        course.ask_again = again
        if not again:
            course.meter.forgive()
        course.is_halted = False
        self._crew.valve.open()
        return "goes on"

    def _retry(self, target: str) -> str:
        found = self._retryable(target)
        if target and not found:
            why = "its outcome is not known: resolve it first"
            if self._crew.board.targets[target].state is not TargetState.UNKNOWN:
                why = f"it is {self._crew.board.targets[target].state}"
            raise RefusedError("not-running", f"{target} is not tried again: {why}")
        for name in reversed(found):
            self._course.again(name)
        self._course.ask_again = True
        self._course.is_halted = False
        if not found or self._course.meter.why_tripped():
            self._course.meter.forgive()
        self._crew.valve.open()
        return f"tries again: {', '.join(found)}" if found else "asks the gates again"

    def _retryable(self, target: str) -> list[str]:
        idempotent = self._crew.prepared.action.spec.idempotent
        states = (*RETRIED, TargetState.UNKNOWN) if idempotent else RETRIED
        return [
            name
            for name, each in self._crew.board.targets.items()
            if each.state in states and target in ("", name)
        ]

    def _end_work(self, target: str, who: str) -> str:
        if not target:
            self.stop(who, interrupt=True)
            return "interrupted"
        if target not in self._course.busy:
            raise RefusedError("not-running", f"{target} is not worked on now")
        self._interrupt(target)
        return f"{target} is interrupted"

    def _interrupt(self, name: str) -> None:
        if name in self._course.busy and name in self._course.tries:
            self._course.tries[name].interrupt()

    def _take_over(self, actor: str) -> str:
        self._crew.board.set_run(operator=actor)
        self._course.pause_after = ""
        return f"{actor} answers for it now"

    async def answer(self, call: AnswerRun, actor: str, world: World) -> Done:
        """Answer the run's question.

        Raises:
            RefusedError: It does not ask that, or a value is none of its kind.
        """
        question = self._crew.board.question
        values = self._crew.questions.answer(call, world)
        secret = {p.name for p in question.params if p.secret} if question is not None else set()
        shown = {name: "***" if name in secret else text for name, text in values.items()}
        await self._crew.board.record(
            "answer", sync=True, id=call.question, actor=actor, refuse=call.refuse, values=shown
        )
        self._crew.board.say(f"{actor}: {'no' if call.refuse else 'yes'}", step="ask")
        return Done("answered")

    def follow(self, actors: frozenset[str]) -> str:
        """Follow who has a console: a run whose operator is gone pauses behind its batch, or as its rollout says.

        Returns:
            The operator who was just found to be gone; empty: nothing changed.
        """
        board, course = self._crew.board, self._course
        is_here = board.operator in actors
        if is_here:
            course.pause_after = ""
        over = board.state.is_over or bool(self._crew.valve.closed)
        if is_here or course.pause_after or over or course.on_operator_loss == "continue":
            return ""
        gone = f"{board.operator} has no console any more"
        course.pause_after = f"paused: {gone}"
        if course.on_operator_loss == "stop":
            self.is_stopped = True
            self._crew.valve.close(f"stopped: {gone}")
        return board.operator
