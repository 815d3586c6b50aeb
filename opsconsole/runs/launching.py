"""How a plan becomes a run: its locks, its journal, the live run; in that order, and all or nothing."""

import asyncio
import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from opsconsole.actions.steps import way_back
from opsconsole.clock import Clock
from opsconsole.model.calls import StartRun
from opsconsole.model.policy import Person
from opsconsole.model.run import Run
from opsconsole.model.states import Effect
from opsconsole.model.text import clean
from opsconsole.query.freezes import frozen_by
from opsconsole.runs.chain import JournalError
from opsconsole.runs.ending import never_began
from opsconsole.runs.journal import Journal
from opsconsole.runs.live import LiveRun, new_run
from opsconsole.runs.locks import Held, Holder, Locksmith
from opsconsole.runs.output import OutputRing
from opsconsole.runs.planned import Prepared
from opsconsole.runs.ports import Ports
from opsconsole.transport.base import Remote

CHANNELS: Final = 64
"""Targets worked on at once, all runs together."""


class Opened(msgspec.Struct, frozen=True):
    """A run that has a journal, and nothing else yet."""

    run: Run
    prepared: Prepared
    who: Person
    journal: Journal
    remote: Remote
    """The starter's keys."""


class Launcher:
    """Opens runs of one engine."""

    def __init__(
        self, ports: Ports, runs: Path, locks: Path, clock: Clock, disk: ThreadPoolExecutor
    ) -> None:
        """Set up; `runs` holds one folder a run, `locks` one file a lock."""
        self._ports = ports
        self._runs = runs
        self._clock = clock
        self._disk = disk
        self._channels = asyncio.Semaphore(CHANNELS)
        self.locksmith: Final = Locksmith(locks, clock, disk)

    async def take_locks(
        self, prepared: Prepared, run_id: str, actor: str, *, wait: float = 0.0
    ) -> Held:
        """Take every lock of a plan, or none.

        Raises:
            RefusedError: held.
        """
        plan = prepared.plan
        holder = Holder(actor, run_id, plan.action, self._clock.now(), os.getpid())
        shared = plan.effect is Effect.READ
        return await self.locksmith.take(plan.locks, holder, shared=shared, wait=wait)

    async def open(
        self, run_id: str, prepared: Prepared, call: StartRun, who: Person, remote: Remote | None
    ) -> Opened:
        """Make a run's journal with the plan in it.

        Raises:
            JournalError: The disk refused.
        """
        journal = Journal(self._runs / run_id, self._clock, self._disk)
        await journal.create(msgspec.json.encode(prepared.plan))
        try:
            await journal.append(
                "run.plan",
                sync=True,
                actor=who.name,
                uid=who.uid,
                login=who.login,
                reason=clean(call.reason, 400),
                unlock=clean(call.unlock, 400),
                confirm=clean(call.confirm, 200),
                hash=prepared.plan.hash,
                digest=prepared.action.spec.digest,
                source=prepared.action.spec.source,
                targets=tuple(target.name for target in prepared.targets),
                params=prepared.values.texts,
                rerun_of=prepared.rerun_of,
                scope=prepared.action.spec.works_on,
                undo_policy=prepared.action.spec.undo_policy,
                rollback=way_back(prepared.action.impl) is not None,
            )
            await journal.seal(self._ports.syslog, f"{prepared.plan.action} started by {who.name}")
        except JournalError:
            journal.close()
            raise
        run = new_run(run_id, prepared, who.name, call.reason or call.unlock, self._clock.now())
        return Opened(run, prepared, who, journal, remote or self._ports.remote)

    async def drop(self, opened: Opened, why: str) -> None:
        """End a run that was opened and may not begin: on disk, and told."""
        run = never_began(opened.run, why, self._clock.now())
        journal = opened.journal
        try:
            await journal.append("run.end", sync=True, state=str(run.state), note=run.note)
            await journal.seal(self._ports.syslog, f"{run.state}")
            await journal.keep("run.json", msgspec.json.encode(run))
        except JournalError as error:
            self._ports.trouble(str(error))
        finally:
            journal.close()
        self._ports.publish(run)

    def make(self, opened: Opened, held: Held, ring: OutputRing | None = None) -> LiveRun:
        """Make the live run: from here on it may dispatch."""
        prepared, run = opened.prepared, opened.run
        live = LiveRun(
            run,
            prepared,
            remote=opened.remote,
            ports=self._ports,
            journal=opened.journal,
            clock=self._clock,
            channels=self._channels,
            why_frozen=lambda name: self._why_frozen(prepared, name),
            ring=ring,
        )
        live.take_lock = lambda key: self._lock_more(held, prepared, run, key)
        return live

    async def _lock_more(self, held: Held, prepared: Prepared, run: Run, key: str) -> None:
        """Take one more lock for a run, unless it has it."""
        if key in prepared.plan.locks:
            return
        holder = Holder(run.actor, run.id, run.action, self._clock.now(), os.getpid())
        shared = run.effect is Effect.READ
        held.add(await self.locksmith.take((key,), holder, shared=shared))

    def _why_frozen(self, prepared: Prepared, name: str) -> str:
        """A freeze that comes while a run is under way stops targets that are not written yet."""
        if prepared.plan.effect is Effect.READ:
            return ""
        freeze = frozen_by(self._ports.access(), (name,), self._ports.records(), self._clock.now())
        return f"frozen by {freeze.actor}: {freeze.reason}" if freeze is not None else ""


def new_id(now: float) -> str:
    """Make a run's id, which sorts by time."""
    moment = datetime.fromtimestamp(now, UTC)
    return f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
