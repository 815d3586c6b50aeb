"""Runs that are over, on disk: read at the start, settled later where they are not known, shown, let go."""

import asyncio
from concurrent.futures import Executor
from pathlib import Path

from opsconsole.clock import Clock
from opsconsole.errors import RefusedError
from opsconsole.model.action import Plan
from opsconsole.model.calls import ControlRun, Done, ReadJournal, ResolveRun, Text
from opsconsole.model.run import Run
from opsconsole.model.text import clean
from opsconsole.runs.aftermath import Aftermath
from opsconsole.runs.chain import JournalError
from opsconsole.runs.inspection import find_folder, read_journal
from opsconsole.runs.late import sum_up
from opsconsole.runs.orphans import orphans_of, settle_orphans
from opsconsole.runs.ports import Ports
from opsconsole.runs.recovery import read_plan, recover_runs
from opsconsole.runs.resolver import Resolver
from opsconsole.runs.retention import keep_tidy
from opsconsole.transport.base import Remote


class Records:
    """Keeps the folders of an engine's runs."""

    def __init__(self, runs: Path, ports: Ports, clock: Clock, disk: Executor) -> None:
        """Set up; `runs` holds one folder a run, `disk` is where its files are written."""
        self._runs = runs
        self._ports = ports
        self._clock = clock
        self._disk = disk
        self._resolver = Resolver(runs, ports, clock, disk)
        self.aftermath = Aftermath(runs, ports, clock, disk)
        """Ways back, and runs that are closed."""
        self._orphans: tuple[Run, ...] = ()

    async def recover(self) -> tuple[Run, ...]:
        """Read earlier runs' journals, oldest first; close those whose engine died (UNKNOWN where dispatched)."""
        loop = asyncio.get_running_loop()
        runs, wrong = await loop.run_in_executor(
            self._disk, recover_runs, self._runs, self._clock, self._disk
        )
        for sentence in wrong:
            self._ports.trouble(sentence)
        self._orphans = orphans_of(runs, self._clock.now())
        return runs

    async def keep(self) -> None:
        """Ask hosts about what was left open, and let old runs go; until cancelled."""
        async with asyncio.TaskGroup() as group:
            asking = settle_orphans(self._orphans, self._resolver, self._ports.publish, self._clock)
            group.create_task(asking, name="settle orphans")
            tidying = keep_tidy(self._runs, self._clock, self._disk)
            group.create_task(tidying, name="drop old runs")

    async def resolve(self, call: ResolveRun, actor: str, *, remote: Remote | None = None) -> Done:
        """Settle what a run left UNKNOWN, by what the hosts know or by what a person saw.

        Raises:
            RefusedError: not-running, held, param, unknown-target, journal.
        """
        run = await self._resolver.resolve(call, actor, remote)
        self._ports.publish(run)
        return Done(sum_up(run))

    async def control(self, call: ControlRun, actor: str) -> Done:
        """Do what can be done about a run that is over.

        Raises:
            RefusedError: not-running: it is no verb for that; and as `Aftermath.close`.
        """
        find_folder(self._runs, call.run)
        if call.verb != "close":
            back = "; plan its way back: opsconsole runs undo" if call.verb == "rollback" else ""
            said = f"{clean(call.run, 60)} cannot {clean(call.verb, 20)} now; it is over{back}"
            raise RefusedError("not-running", said)
        self._ports.publish(await self.aftermath.close(call.run, actor, call.reason))
        return Done("closed; what is unknown in it stays so")

    async def plan(self, run_id: str) -> Plan:
        """Read the plan that a run carried out.

        Raises:
            RefusedError: not-running, journal.
        """
        try:
            return await asyncio.to_thread(lambda: read_plan(find_folder(self._runs, run_id)))
        except JournalError as error:
            raise RefusedError("journal", str(error)) from error

    async def journal(self, call: ReadJournal) -> Text:
        """Show, verify or export a run's journal.

        Raises:
            RefusedError: not-running, param, journal.
        """
        return await asyncio.to_thread(read_journal, self._runs, call)
