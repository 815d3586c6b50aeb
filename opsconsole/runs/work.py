"""Works on one target: its action, within its time, behind the bulkhead; then the word on how it ended."""

from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from opsconsole.actions.steps import Target, Undo, way_back
from opsconsole.clock import Clock
from opsconsole.model.inventory import Host
from opsconsole.model.states import TargetState
from opsconsole.runs.allowance import Allowance
from opsconsole.runs.attempt import Attempt
from opsconsole.runs.board import Board
from opsconsole.runs.boundary import run_guarded, undo_guarded
from opsconsole.runs.context import RunContext
from opsconsole.runs.ledger import Ledger
from opsconsole.runs.planned import Prepared, stage_for
from opsconsole.runs.ports import Ports
from opsconsole.runs.questions import Questions
from opsconsole.runs.undo import TargetDesk, tell_left, valid_undos
from opsconsole.runs.valve import Valve
from opsconsole.runs.verdict import Kind, Trace, Trouble, Verdict, judge_target
from opsconsole.transport.base import Remote


class Crew(Struct, frozen=True):
    """What every try of a run is made with."""

    prepared: Prepared
    board: Board
    valve: Valve
    questions: Questions
    remote: Remote
    """The starter's keys."""
    ports: Ports
    clock: Clock
    why_frozen: Callable[[str], str]
    """Says whether a freeze came over a target since the plan."""
    take_lock: Callable[[str], Awaitable[None]] | None = None
    """Takes one more lock for the rest of the run; raises RefusedError, naming the holder."""


class Try:
    """One try on one target, forward or back."""

    def __init__(self, crew: Crew, target: Target, *, ledger: str = "step") -> None:
        """Set up; its time begins now. `ledger` is `step`, or `undo` on the way back."""
        self.target = target
        self.carried: Sequence[Undo] = ()
        """What an earlier try on the target left to be taken back."""
        self._crew = crew
        self._is_back = ledger != "step"
        self._interrupted = False
        self.was_held = False
        """Its turn came while the run was held, so it did not begin."""
        self._allowance = Allowance(crew.prepared.plan.timeout, crew.clock)
        journal = crew.board.journal
        self._desk = TargetDesk(target.name, journal, crew.questions, self._allowance)
        self._desk.why_stopping = lambda: crew.valve.why
        self._desk.take_lock = crew.take_lock
        self._desk.redactor = crew.prepared.shared.redactor
        self.attempt = Attempt(
            target.name,
            self._machine(),
            crew.prepared.action.spec,
            remote=crew.remote,
            ledger=Ledger(
                target.name,
                journal,
                crew.prepared.shared.redactor,
                kind=ledger,
                number=crew.board.targets[target.name].attempt,
            ),
            clock=crew.clock,
            say=crew.board.speaker(target.name),
            why_closed=self._why_closed,
            time_left=self._allowance.left,
            hostname=crew.prepared.hostnames.get(target.name, ""),
        )
        self.attempt.sudo = crew.ports.sudo()
        self.attempt.clients = crew.ports.clients
        self.attempt.on_unshield = self._on_unshield
        self.attempt.on_dispatch = self._on_dispatch
        self.attempt.on_wait = self._on_wait
        self.attempt.before_step = self._wait_while_paused

    @property
    def traces(self) -> Sequence[Trace]:
        """Its steps so far."""
        return self.attempt.traces

    @property
    def has_dispatched(self) -> bool:
        """Tell whether anything left for the target."""
        return any(trace.dispatched for trace in self.traces)

    @property
    def undos(self) -> list[Undo]:
        """What can be taken back, newest first; what an earlier try left stands until this one repeats it."""
        own = [*valid_undos(self._desk.undos, self.attempt.traces), *self._own_way_back()]
        steps = {undo.step for undo in own}
        return [*own, *(undo for undo in self.carried if undo.step not in steps)]

    def _own_way_back(self) -> list[Undo]:
        """What the action itself declares comes after the undos of its steps."""
        back, values = way_back(self._crew.prepared.action.impl), self._crew.prepared.values
        wrote = any(trace.dispatched and trace.writes for trace in self.traces)
        if not wrote or back is None:
            return []
        return [Undo("", "rollback", lambda door: back.rollback(door, self.target, values))]

    @property
    def left(self) -> str:
        """What it leaves there, and how it is taken back."""
        return tell_left([(undo.step, undo.title) for undo in self.undos])

    async def run(self) -> Verdict:
        """Run the action."""
        crew = self._crew
        outcome, trouble = None, None
        try:
            async with self._allowance:
                outcome, trouble = await run_guarded(
                    crew.prepared.action.impl, self._door(), self.target, crew.prepared.values
                )
        except TimeoutError:
            trouble = self._cut_short()
        if self._interrupted:
            await self.attempt.end_in_flight()
        return judge_target(self.traces, outcome, trouble)

    async def take_back(self, undo: Undo) -> Verdict:
        """Take one step back."""
        trouble = None
        try:
            async with self._allowance:
                trouble = await undo_guarded(undo, self._door(), self.target.name)
        except TimeoutError:
            trouble = self._cut_short()
        if self._interrupted:
            await self.attempt.end_in_flight()
        return judge_target(self.traces, None, trouble)

    def interrupt(self) -> None:
        """End it here and now; what it had dispatched may be unknown then."""
        self._interrupted = True
        if not self.attempt.shielded:
            self._allowance.end()

    def _on_unshield(self) -> None:
        """What must not be cut in half is over: an interrupt that waited comes now."""
        if self._interrupted:
            self._allowance.end()

    def judge(self, why: str) -> Verdict:
        """Say what can be said of it if it ends here."""
        return judge_target(self.traces, None, Trouble(Kind.INTERRUPTED, why))

    def _door(self) -> RunContext:
        crew = self._crew
        return RunContext(
            self.attempt,
            crew.ports,
            crew.clock,
            crew.board.speaker(self.target.name),
            self._desk,
            stage_for(crew.prepared, self.target.name, crew.board.id),
        )

    def _cut_short(self) -> Trouble:
        if self._interrupted:
            return Trouble(Kind.INTERRUPTED, "interrupted")
        return Trouble(Kind.TIMEOUT, f"timeout {self._crew.prepared.plan.timeout:g} s")

    def _on_dispatch(self, step: str) -> None:
        if self._is_back:
            self._crew.board.set_target(self.target.name, step=step)
        else:
            self._crew.board.set_target(self.target.name, state=TargetState.RUNNING, step=step)

    def _on_wait(self, step: str) -> None:
        """Its host was expected to go, and is waited for."""
        self._crew.board.set_target(self.target.name, state=TargetState.WAITING, step=step)

    async def _wait_while_paused(self) -> None:
        """A pause by a person holds what is under way at its next step; its time stands still."""
        valve = self._crew.valve
        if not valve.holds_steps or not self.has_dispatched or self._is_back:
            return
        with self._allowance.standing_still():
            while valve.holds_steps:
                await valve.changed()

    def _why_closed(self) -> str:
        """A target that did something goes on after a stop; a broken journal, an interrupt, a freeze end it."""
        if not self._is_back and not self.has_dispatched:
            self.was_held = self.was_held or bool(self._crew.valve.held)
            if why := self._crew.valve.why or self._why_moved():
                return why
        if broken := self._crew.board.journal.broken:
            return f"journal {broken}"
        if self._interrupted:
            return "interrupted"
        return self._crew.why_frozen(self.target.name)

    def _machine(self) -> Host | None:
        """Give the host that the plan was made for, whatever a reload made of its name since."""
        prepared = self._crew.prepared
        on_service = prepared.action.spec.works_on == "service"
        return None if on_service else prepared.machines.get(self.target.name)

    def _why_moved(self) -> str:
        """A name that means another machine now, or none, is not begun on."""
        name, planned = self.target.name, self._machine()
        if planned is None:
            return ""
        now = self._crew.ports.host(name)
        if now is None:
            return f"{name} is not in the inventory any more"
        same = now.way == planned.way
        return "" if same else f"{name} is reached in another way than when the plan was made"
