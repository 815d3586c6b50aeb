"""A live run's record: what is known of each target, what is said, and how both reach journal and screens."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from msgspec.structs import replace

from opsconsole.clock import Clock
from opsconsole.model.rollout import RolloutStatus
from opsconsole.model.run import Question, Run
from opsconsole.model.states import RunState
from opsconsole.runs.chain import JournalError
from opsconsole.runs.journal import Field, Journal
from opsconsole.runs.output import OutputRing
from opsconsole.runs.ports import Ports

PUBLISH_EVERY: Final = 0.1


class Board:
    """Holds the record and tells its changes, at most ten times a second."""

    def __init__(
        self,
        run: Run,
        journal: Journal,
        ports: Ports,
        clock: Clock,
        ring: OutputRing | None = None,
    ) -> None:
        """Set up; `on_broken` is told once why nothing can be recorded any more.

        A `ring` that is handed in goes on behind what it has.
        """
        self.journal = journal
        self.ring = OutputRing(clock) if ring is None else ring
        self.targets = {target.name: target for target in run.targets}
        self.on_broken: Callable[[str], None] = lambda _why: None
        self._run = run
        self._ports = ports
        self._clock = clock
        self.mask: Callable[[str | bytes], str | bytes] = lambda text: text
        """Takes the run's secrets out of a line."""
        self.choices: Callable[[], tuple[str, ...]] = tuple
        """Tells what a person may choose now; asked whenever somebody looks, not at each target's step."""
        self._dirty = asyncio.Event()

    @property
    def run(self) -> Run:
        """The run as it stands; made of all its targets, so it is for those who look at all of them."""
        choices = self._run.choices if self.state.is_over else self.choices()
        return replace(self._run, targets=tuple(self.targets.values()), choices=choices)

    @property
    def id(self) -> str:
        """The run's id."""
        return self._run.id

    @property
    def state(self) -> RunState:
        """Where the run stands."""
        return self._run.state

    @property
    def status(self) -> RolloutStatus:
        """Where it stands on its way over its batches."""
        return self._run.rollout or RolloutStatus()

    @property
    def note(self) -> str:
        """Why it stands where it stands."""
        return self._run.note

    @property
    def question(self) -> Question | None:
        """What it waits for a person to say."""
        return self._run.question

    @property
    def operator(self) -> str:
        """Who answers for it now."""
        return self._run.operator

    def set_target(self, name: str, **changes: object) -> None:
        """Change what is known of one target."""
        change: Mapping[str, object] = changes
        self.targets[name] = replace(self.targets[name], **change)
        self._dirty.set()

    def set_run(self, **changes: object) -> None:
        """Change fields of the run itself."""
        change: Mapping[str, object] = changes
        self._run = replace(self._run, **change)
        self._dirty.set()

    def stir(self) -> None:
        """Have it published: what may be chosen may be something else now."""
        self._dirty.set()

    def finish(self, state: RunState, at: float, choices: tuple[str, ...] = ()) -> None:
        """End the record; whoever gives the locks back tells everybody, not before."""
        self._run = replace(self._run, state=state, ended=at, question=None, choices=choices)

    def set_status(self, **changes: object) -> None:
        """Change fields of its rollout's status."""
        change: Mapping[str, object] = changes
        self.set_run(rollout=replace(self.status, **change))

    def ask(self, question: Question | None) -> None:
        """Show a question, or take it back."""
        self.set_run(question=question)

    def say(self, text: str, target: str = "", step: str = "run") -> None:
        """Say something on the engine's behalf."""
        self.ring.say(target, step, "run", text)

    def speaker(self, name: str) -> Callable[[str, str, str | bytes], None]:
        """Give what one target's lines go through."""

        def say(step: str, stream: str, text: str | bytes) -> None:
            line = self.ring.say(name, step, stream, self.mask(text))
            if line.text.strip():
                self.set_target(name, last_line=line.text[:200])

        return say

    async def record(self, kind: str, *, sync: bool, **fields: Field) -> None:
        """Journal; when that fails nothing more is dispatched, but what is known stays known."""
        try:
            await self.journal.append(kind, sync=sync, **fields)
        except JournalError as error:
            self._ports.trouble(str(error))
            self.on_broken(str(error))

    async def pump(self) -> None:
        """Publish at most ten times a second, however much happens; until cancelled."""
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            self._ports.publish(self.run)
            await self._clock.sleep(PUBLISH_EVERY)
