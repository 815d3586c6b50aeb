"""What people do about runs that are over: plan their way back, and close those of which nobody will ever know."""

import asyncio
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from opsconsole.actions.steps import Action
from opsconsole.clock import Clock
from opsconsole.errors import RefusedError
from opsconsole.model.run import Run
from opsconsole.model.states import TargetState
from opsconsole.model.text import clean
from opsconsole.runs.chain import Chain, JournalError, read_chain
from opsconsole.runs.inspection import find_folder
from opsconsole.runs.journal import Journal
from opsconsole.runs.late import OPEN
from opsconsole.runs.later_undo import TakeBack, take_back, ways_back
from opsconsole.runs.launching import Opened
from opsconsole.runs.planned import Prepared
from opsconsole.runs.ports import Ports
from opsconsole.runs.recovery import read_plan, read_run
from opsconsole.runs.steering import choices_after

_AGAIN: Final = (
    TargetState.SKIPPED, TargetState.NOT_STARTED, TargetState.UNREACHABLE, TargetState.WRONG_HOST,
)  # fmt: skip
"""Where a later run did nothing to a target, it may be taken back once more."""


class Aftermath:
    """Looks into the folders of runs that are over."""

    def __init__(self, runs: Path, ports: Ports, clock: Clock, disk: Executor) -> None:
        """Set up; `runs` holds one folder a run."""
        self._runs = runs
        self._ports = ports
        self._clock = clock
        self._disk = disk

    async def way_back(self, run_id: str) -> tuple[Action, tuple[str, ...]]:
        """Make the action that takes a run back, and name the targets it goes to.

        Raises:
            RefusedError: not-running: there is no such run; held: it is not over; empty: nothing can be
                taken back, and why; journal: it cannot be read.
        """
        try:
            return await asyncio.to_thread(self._way_back, run_id)
        except JournalError as error:
            raise RefusedError("journal", str(error)) from error

    def _way_back(self, run_id: str) -> tuple[Action, tuple[str, ...]]:
        place = find_folder(self._runs, run_id)
        chain = read_chain(place)
        if not any(entry.kind == "run.end" for entry in chain.entries):
            raise RefusedError("held", f"{run_id} is not over: roll it back there")
        run, plan, begin = read_run(place, chain), read_plan(place), chain.entries[0]
        ways = ways_back(run, chain.entries, begin.text("undo_policy"), self._taken(chain))
        names = tuple(name for name, way in ways.items() if way.requests)
        if not names:
            first = next(iter(ways.values())).why if ways else "it has no targets"
            raise RefusedError("empty", f"nothing of {run_id} can be taken back: {first}")
        return take_back(run, plan, begin.text("scope") or "host", ways), names

    def _taken(self, chain: Chain) -> dict[str, str]:
        """Find the targets that a later run has taken back, or may just be at."""
        taken: dict[str, str] = {}
        for entry in chain.entries:
            names = entry.fields.get("targets")
            if entry.kind != "undo.later" or not isinstance(names, list):
                continue
            later = entry.text("run")
            left = self._left_alone(later)
            taken |= {str(name): later for name in names if name not in left}
        return taken

    def _left_alone(self, run_id: str) -> frozenset[str]:
        """Name the targets that a later run did nothing to; of one that was let go since, nobody knows: none."""
        try:
            place = find_folder(self._runs, run_id)
            chain = read_chain(place)
            if not any(entry.kind == "run.end" for entry in chain.entries):
                return frozenset()
            run = read_run(place, chain)
        except (RefusedError, JournalError):
            return frozenset()
        return frozenset(target.name for target in run.targets if target.state in _AGAIN)

    async def check_free(self, prepared: Prepared) -> None:
        """Refuse a way back whose targets were taken back since its plan; of any other plan nothing is asked.

        Raises:
            RefusedError: plan: another run took them back; not-running, journal.
        """
        if not isinstance(prepared.action.impl, TakeBack):
            return
        place = find_folder(self._runs, prepared.rerun_of)
        try:
            await asyncio.to_thread(self._check_free, place, prepared)
        except JournalError as error:
            raise RefusedError("journal", str(error)) from error

    def _check_free(self, place: Path, prepared: Prepared) -> None:
        taken = self._taken(read_chain(place))
        if twice := [taken[name] for name in prepared.going if name in taken]:
            raise RefusedError("plan", f"taken back by {twice[0]} meanwhile; make the plan again")

    async def mark(self, opened: Opened) -> None:
        """Write into the journal of the run that this one takes back that it does; on disk on return.

        Only a run that has its locks and its folder marks another: of two one gets through, and a mark
        whose run has no folder any more is one of a run that was. A run that takes none back marks none.

        Raises:
            RefusedError: held: somebody else is at it; plan: another run took it back; not-running, journal.
        """
        prepared, run = opened.prepared, opened.run
        if not isinstance(prepared.action.impl, TakeBack):
            return
        journal = await self._reopened(prepared.rerun_of)
        try:
            await asyncio.to_thread(self._check_free, journal.folder, prepared)
            await journal.append(
                "undo.later", sync=True, run=run.id, targets=prepared.going, actor=run.actor
            )
            await journal.seal(self._ports.syslog, f"taken back by {run.id}, {run.actor}")
        except JournalError as error:
            raise RefusedError("journal", str(error)) from error
        finally:
            journal.close()

    async def close(self, run_id: str, actor: str, reason: str) -> Run:
        """Close a run with targets of which nobody will ever know: they stay UNKNOWN, and it may be let go.

        Raises:
            RefusedError: not-running, held, journal; param: no reason, or nothing in it is unknown.
        """
        said = clean(reason.strip(), 400)
        if not said:
            raise RefusedError("param", "a reason is needed: why will nobody know?")
        journal = await self._reopened(run_id)
        try:
            chain = await asyncio.to_thread(read_chain, journal.folder)
            run = await asyncio.to_thread(read_run, journal.folder, chain)
            if run.closed or not any(target.state in OPEN for target in run.targets):
                raise RefusedError("param", f"nothing in {run_id} is open")
            run = replace(run, closed=f"{actor}: {said}", choices=_closed_choices(run))
            await journal.append("run.close", sync=True, actor=actor, reason=said)
            await journal.seal(self._ports.syslog, f"closed by {actor}")
            await journal.renew("run.json", msgspec.json.encode(run))
        except JournalError as error:
            raise RefusedError("journal", str(error)) from error
        finally:
            journal.close()
        return run

    async def _reopened(self, run_id: str) -> Journal:
        place = find_folder(self._runs, run_id)
        loop = asyncio.get_running_loop()
        try:
            journal = await loop.run_in_executor(
                self._disk, Journal.reopen, place, self._clock, self._disk
            )
        except JournalError as error:
            raise RefusedError("journal", str(error)) from error
        if journal is None:
            raise RefusedError("held", f"{run_id} is live, or somebody is just at it")
        return journal


def _closed_choices(run: Run) -> tuple[str, ...]:
    return choices_after(run.targets, has_way_back="rollback" in run.choices, closed=True)
