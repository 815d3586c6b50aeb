"""Settles what a run left UNKNOWN: by what the hosts' spools say, or by what a person saw, on record."""

import asyncio
from collections.abc import Collection, Iterable
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from opsconsole.clock import Clock
from opsconsole.errors import RefusedError, TransportError
from opsconsole.model.action import Plan, PlannedTarget
from opsconsole.model.calls import ResolveRun
from opsconsole.model.inventory import Host
from opsconsole.model.run import Run, RunTarget
from opsconsole.model.states import TargetState
from opsconsole.model.text import clean
from opsconsole.runs.budget import recount
from opsconsole.runs.chain import Chain, JournalError, read_chain
from opsconsole.runs.commands import output_name, way_of
from opsconsole.runs.ending import judge_run
from opsconsole.runs.identity import identify
from opsconsole.runs.inspection import find_folder
from opsconsole.runs.journal import Journal
from opsconsole.runs.late import OPEN, Write, conclude, take_boot, take_report, writes_of
from opsconsole.runs.ports import Ports
from opsconsole.runs.recovery import read_plan, read_run
from opsconsole.runs.steering import choices_after
from opsconsole.transport.base import Remote, Spool
from opsconsole.transport.spooled import ask_spool

AT_ONCE: Final = 16
_STATES: Final = {
    "changed": TargetState.CHANGED,
    "unchanged": TargetState.UNCHANGED,
    "failed": TargetState.FAILED,
}


class Resolver:
    """Settles runs that are over."""

    def __init__(self, runs: Path, ports: Ports, clock: Clock, disk: Executor) -> None:
        """Set up; `runs` holds one folder a run."""
        self._runs = runs
        self._ports = ports
        self._clock = clock
        self._disk = disk

    async def resolve(self, call: ResolveRun, actor: str, remote: Remote | None = None) -> Run:
        """Settle targets of a run; returns it as it stands then, also where nothing could be settled.

        Args:
            call: Which run and targets, and what a person saw, if a person says so.
            actor: Who asks.
            remote: How hosts are asked; None: as polling asks.

        Raises:
            RefusedError: not-running, param, unknown-target, journal.
        """
        _check(call)
        loop = asyncio.get_running_loop()
        place = find_folder(self._runs, call.run)
        try:
            journal = await loop.run_in_executor(
                self._disk, Journal.reopen, place, self._clock, self._disk
            )
        except JournalError as error:
            raise RefusedError("journal", str(error)) from error
        if journal is None:
            raise RefusedError("held", f"{call.run} is live, or is just being settled")
        try:
            return await self._settle(call, actor, remote or self._ports.remote, journal)
        except JournalError as error:
            raise RefusedError("journal", str(error)) from error
        finally:
            journal.close()

    async def _settle(self, call: ResolveRun, actor: str, remote: Remote, journal: Journal) -> Run:
        loop = asyncio.get_running_loop()
        chain = await loop.run_in_executor(self._disk, read_chain, journal.folder)
        run = await loop.run_in_executor(self._disk, read_run, journal.folder, chain)
        plan = await loop.run_in_executor(self._disk, read_plan, journal.folder)
        if not run.state.is_over:
            raise RefusedError("held", f"{call.run} is not over")
        names = _open_names(run, call.targets)
        if call.state:
            found = {t.name: _as_said(t, call, actor) for t in run.targets if t.name in names}
        else:
            asker = _Asker(remote, self._ports, chain, plan, journal)
            found = await asker.ask_all([t for t in run.targets if t.name in names])
        return await self._record(run, found, call, actor, journal)

    async def _record(
        self,
        run: Run,
        found: dict[str, RunTarget],
        call: ResolveRun,
        actor: str,
        journal: Journal,
    ) -> Run:
        """Write down what was settled, before anybody is told."""
        targets = tuple(found.get(target.name, target) for target in run.targets)
        settled = [t for t in found.values() if t.state not in OPEN]
        for target in settled:
            await journal.append(
                "human.resolve" if call.state else "target.resolve",
                sync=True,
                target=target.name,
                state=str(target.state),
                why=target.why,
                evidence=target.evidence,
                actor=actor,
            )
        if targets == run.targets:
            return run
        state = judge_run(
            targets,
            stopped=_was_stopped(run),
            halted=run.note.startswith("halted"),
            rolled_back=any(target.state is TargetState.UNDONE for target in targets),
        )
        choices = choices_after(
            targets, has_way_back="rollback" in run.choices, closed=bool(run.closed)
        )
        status = recount(run.rollout, run.targets, targets)
        run = replace(run, targets=targets, state=state, choices=choices, rollout=status)
        if settled:
            await journal.append("run.resolved", sync=True, state=str(state), actor=actor)
            await journal.seal(self._ports.syslog, f"resolved by {actor}: {state}")
        await journal.renew("run.json", msgspec.json.encode(run))
        return run


def _check(call: ResolveRun) -> None:
    if call.state and call.state not in _STATES:
        raise RefusedError("param", f"settle as {', '.join(_STATES)}, not {clean(call.state, 40)}")
    if call.state and not call.reason.strip():
        raise RefusedError("param", "a reason is needed: what was seen, and where")


def _open_names(run: Run, wanted: Collection[str]) -> tuple[str, ...]:
    """Find the targets that are meant; only what is not known can be settled."""
    names = tuple(target.name for target in run.targets if target.state in OPEN)
    wrong = [name for name in wanted if name not in names]
    if wrong:
        raise RefusedError("unknown-target", f"{clean(wrong[0], 60)} is not unknown in {run.id}")
    return tuple(wanted) or names


def _was_stopped(run: Run) -> bool:
    return run.note.startswith(("stopped", "the engine", "internal error"))


def _as_said(target: RunTarget, call: ResolveRun, actor: str) -> RunTarget:
    said = clean(call.reason.strip(), 400)
    return replace(target, state=_STATES[call.state], evidence=f"{actor}: {said}")


class _Asker:
    """Asks the hosts of one run."""

    def __init__(
        self, remote: Remote, ports: Ports, chain: Chain, plan: Plan, journal: Journal
    ) -> None:
        self._remote = remote
        self._ports = ports
        self._chain = chain
        self._planned: dict[str, PlannedTarget] = {each.name: each for each in plan.targets}
        self._journal = journal
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def ask_all(self, targets: Iterable[RunTarget]) -> dict[str, RunTarget]:
        """Ask for every target; those that could not be settled come back with why."""
        async with asyncio.TaskGroup() as group:
            asked = [
                group.create_task(self._ask_target(target), name=f"resolve {target.name}")
                for target in targets
            ]
        return {task.result().name: task.result() for task in asked}

    async def _ask_target(self, target: RunTarget) -> RunTarget:
        writes = list(writes_of(self._chain.entries, target.name, OPEN[target.state]))
        evidence = [] if any(write.is_open for write in writes) else ["its writes' ends are known"]
        for number, write in enumerate(writes):
            if write.is_open:
                async with self._slots:
                    writes[number], said = await self._ask_write(target, write)
                evidence.append(f"{write.step}: {said}" if len(writes) > 1 else said)
        return conclude(target, self._planned.get(target.name), writes, "; ".join(evidence))

    async def _ask_write(self, target: RunTarget, write: Write) -> tuple[Write, str]:
        host = self._ports.host(target.name)
        if host is None:
            return write, f"{target.name} is not in the inventory any more"
        if write.way and write.way != way_of(host):
            return write, f"{target.name} is reached in another way than then ({write.way})"
        if write.reboots:
            return await self._ask_boot(host, write)
        if not write.spool:
            return write, "the host keeps no record of it"
        spool = Spool(self._journal.folder.name, write.spool)
        report, out, err = await ask_spool(self._remote, host, spool)
        settled, said = take_report(write, report)
        if not settled.is_open:
            await self._keep_output(output_name(target.name, write.step, target.attempt), out, err)
        return settled, clean(said, 400)

    async def _ask_boot(self, host: Host, write: Write) -> tuple[Write, str]:
        try:
            found = await identify(self._remote, host)
        except TransportError as error:
            return write, f"cannot be asked: {clean(error.reason, 200)}"
        return take_boot(write, found.boot if found is not None else "")

    async def _keep_output(self, name: str, out: bytes, err: bytes) -> None:
        """Keep what the step said; where there is some already, that stays."""
        for suffix, content in (("out", out), ("err", err)):
            if content:
                try:
                    await self._journal.keep(f"out/{name}.{suffix}", content)
                except JournalError:
                    continue
