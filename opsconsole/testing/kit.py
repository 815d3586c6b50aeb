"""The fleet of a plugin author's tests: hosts by name, commands by rule, runs by the engine's own run service."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from ClusterShell.NodeSet import NodeSet
from msgspec.structs import replace

from opsconsole.actions.loader import load
from opsconsole.actions.registry import Registry
from opsconsole.actions.wards import Wards
from opsconsole.clock import Clock
from opsconsole.engine.caches import FileCaches
from opsconsole.errors import ActionError, RefusedError
from opsconsole.model.action import Plan
from opsconsole.model.calls import AnswerRun, PlanRun, ReadOutput, ResolveRun, StartRun
from opsconsole.model.inventory import Host
from opsconsole.model.run import Question, Run
from opsconsole.model.snapshot import Access, HostRecord, ServiceRecord, Snapshot
from opsconsole.model.states import Effect, HostState, Reach, ServiceState
from opsconsole.runs.ports import Ports
from opsconsole.runs.service import RunService
from opsconsole.shipped import shipped_beside
from opsconsole.testing.scripted import Behaviour, Chaos, ScriptedRemote, VirtualClock
from opsconsole.testing.views import PlanView, RunView
from opsconsole.transport.base import Ending, Remote

Label = str | Callable[[int], str]
"""A value, or a function of the host's place in its set."""
_ACTOR = "op1"


class Fleet:
    """Scripted hosts under the real run service; use as an async context manager, or as the fixture `fleet`.

    Args:
        state: A folder for journals and locks.
        plugins: Plugin folders, or folders of them.
        packages: Also load the plugins of installed packages.
    """

    def __init__(
        self, state: Path, plugins: Sequence[Path] = (), *, packages: bool = False
    ) -> None:
        clock = VirtualClock()
        self.remote = ScriptedRemote(clock)
        self._build(state, plugins, self.remote, clock, packages=packages)

    @staticmethod
    def real(state: Path, plugins: Sequence[Path] = (), *, hosts: int = 4) -> "Fleet":
        """Make a fleet of real SSH servers on loopback, each with stubs of the usual commands: slower, and true.

        Its hosts are there from the start: `fleet.hosts` names them.
        """
        from opsconsole.testing.real import RealFleet

        return RealFleet(state, plugins, hosts=hosts)

    def _build(
        self,
        state: Path,
        plugins: Sequence[Path],
        way: Remote,
        clock: Clock,
        *,
        packages: bool = False,
    ) -> None:
        self.state = state
        self.clock = clock
        self.wards = Wards(clock.now)
        self.registry: Registry = load(
            plugins, shipped=shipped_beside(plugins), packages=packages, wards=self.wards
        )
        self._hosts: dict[str, HostRecord] = {}
        self._services: dict[str, ServiceRecord] = {}
        self._published: dict[str, Run] = {}
        self._over: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._answers: list[tuple[str, str | bool]] = []
        self._answering: dict[tuple[str, str], asyncio.Task[None]] = {}
        self.access = Access()
        self.secrets: dict[str, str] = {}
        """Values by name: what `secrets:` of a configuration would give."""
        self.plugin_config: dict[str, Mapping[str, object]] = {}
        """What plugins are told, by their id: `plugin_config:` of a configuration."""
        self._caches = FileCaches(state / "cache")
        self.ports = self._ports(way)
        """What runs here are given of an engine."""
        self._service = RunService(self.registry, self.ports, state, clock)
        self._task: asyncio.Task[None] | None = None

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names of all hosts."""
        return tuple(self._hosts)

    def _machine(self, name: str) -> Host | None:
        return Host(name, name, user="root") if name in self._hosts else None

    async def __aenter__(self) -> Self:
        """Start the run service."""
        self._task = asyncio.create_task(self._service.serve(), name="fleet")
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """End it; what still runs ends too."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def add(
        self,
        names: str,
        *,
        labels: Mapping[str, Label] | None = None,
        service: str = "",
        **facts: str,
    ) -> None:
        """Add hosts that are up.

        Args:
            names: A name or a node set, `web[01-20]`.
            labels: Values, or functions of the host's place in the set.
            service: A service that they carry.
            facts: What polling saw: `init="systemd"`, `os="Debian"`.
        """
        added = sorted(NodeSet(names, resolver=None))
        for place, name in enumerate(added):
            given = {key: _label(value, place) for key, value in (labels or {}).items()}
            self._hosts[name] = HostRecord(
                name, f"192.0.2.{len(self._hosts) % 250 + 1}", given, state=HostState.OK,
                reach=Reach.UP, at=self.clock.now(), tried=self.clock.now(), facts={"hostname": name, **facts},
            )  # fmt: skip
        if service:
            before = self._services.get(service)
            on = (*(before.hosts if before else ()), *added)
            self._services[service] = ServiceRecord(
                service, ServiceState.UP, hosts=on, at=self.clock.now()
            )

    def on(self, line: str, *, then: Behaviour | Sequence[Behaviour], host: str = "*") -> None:
        """Say what a command does; globs in line and host. A sequence: one a call, the last for ever."""
        behaviours = then if isinstance(then, Sequence) else (then,)
        self.remote.on(line, *behaviours, host=host)

    def answer(self, question: str, *, then: str | bool) -> None:
        """Say what a person answers to a question; what nobody has an answer to is answered with no.

        Args:
            question: Its text, or a glob; the newest that fits.
            then: What is typed, yes (True) or no (False).
        """
        self._answers.insert(0, (question, then))

    def chaos(self, seed: int, rate: float = 0.3) -> None:
        """From now on a share of all commands drops, hangs, fails or is late, as the seed says."""
        self.remote.chaos = Chaos(seed, rate)

    @property
    def snapshot(self) -> Snapshot:
        """The fleet as the engine sees it now: fresh, but for hosts that are away."""
        now = self.clock.now()
        hosts = {
            name: replace(record, at=now, tried=now) if name not in self.remote.down else record
            for name, record in self._hosts.items()
        }
        return Snapshot(now=now, hosts=hosts, services=self._services, access=self.access)

    async def plan(self, action: str, *, targets: str = "", **params: str) -> PlanView:
        """Plan an action; parameters as typed."""
        return PlanView(await self._plan(action, targets, params, {}))

    async def run(
        self,
        action: str,
        *,
        targets: str = "",
        confirm: str | bool = True,
        rollout: Mapping[str, str] | None = None,
        **params: str,
    ) -> RunView:
        """Plan an action, confirm it and wait for its end.

        Args:
            action: Its id.
            targets: As typed: a name, a node set, a filter.
            confirm: What is typed back; True types what the plan asks for.
            rollout: What is wanted otherwise, stricter only: `{"canary": "1", "bake": "30s"}`; a run that
                halts is stopped, as `--on-halt stop` does.
            params: As typed.

        Raises:
            RefusedError: The engine will not.
        """
        plan = await self._plan(action, targets, params, rollout or {})
        typed = plan.expect if confirm is True else str(confirm or "")
        call = StartRun(plan.id, plan.hash, confirm=typed)
        started = await self._service.start(call, _ACTOR, self.snapshot)
        lines = await self._follow(started.run)
        touched = {host for host, _ in self._writes_of(started.run)}
        return RunView(self, self._published[started.run], lines, touched)

    async def resolve(self, run: RunView) -> RunView:
        """Ask the hosts what became of a run's unknown targets; gives the run as it stands then."""
        await self._service.records.resolve(ResolveRun(run.id), _ACTOR)
        return RunView(self, self._published[run.id], run.lines, run.touched)

    async def reconnect(self, name: str) -> None:
        """Let a host be reached again."""
        self.remote.down.discard(name)
        await asyncio.sleep(0)

    @property
    def writes(self) -> list[tuple[str, str]]:
        """Every write that left, run by run: host and line, as the journals have them."""
        runs = sorted(path.name for path in (self.state / "runs").glob("*"))
        return [write for run in runs for write in self._writes_of(run)]

    def assert_no_writes(self) -> None:
        """Fail when anything left that may change something."""
        assert not self.writes, f"writes left: {self.writes[:5]}"

    def unsettled(self, run: str) -> set[str]:
        """Name a run's targets whose last word on some write is not that it ended."""
        seen: dict[tuple[str, str], bool] = {}
        for record in self._journal(run):
            key = (str(record.get("target")), str(record.get("step")))
            if record["kind"] == "step.dispatch" and record["effect"] != Effect.READ:
                seen[key] = False
            elif record["kind"] == "step.settle" and key in seen:
                seen[key] = record["ending"] in (
                    Ending.EXITED,
                    Ending.SIGNALLED,
                    Ending.UNREACHABLE,
                )
        return {target for (target, _), ended in seen.items() if not ended}

    def _journal(self, run: str) -> list[dict[str, object]]:
        lines = (self.state / "runs" / run / "journal.jsonl").read_bytes().splitlines()
        return [msgspec.json.decode(line, type=dict[str, object]) for line in lines]

    def _writes_of(self, run: str) -> list[tuple[str, str]]:
        return [
            (str(record["target"]), " ".join(msgspec.convert(record["argv"], list[str])))
            for record in self._journal(run)
            if record["kind"] == "step.dispatch" and record["effect"] != Effect.READ
        ]

    def _ports(self, way: Remote) -> Ports:
        return Ports(
            remote=way,
            host=self._machine,
            access=lambda: self.access,
            records=lambda: self.snapshot.hosts,
            snapshot=lambda: self.snapshot,
            publish=self._publish,
            secret=self._secret,
            secrets=lambda: self.secrets,
            cache=self._caches.of,
            plugin_config=lambda plugin: self.plugin_config.get(plugin, {}),
        )

    async def _secret(self, name: str) -> str:
        if name not in self.secrets:
            raise ActionError("secret", f'say fleet.secrets["{name}"] = ...')
        return self.secrets[name]

    def _publish(self, run: Run) -> None:
        self._published[run.id] = run
        if run.state.is_over:
            self._over[run.id].set()
        asked = run.question
        if asked is not None and (run.id, asked.id) not in self._answering:
            task = asyncio.create_task(self._answer(run.id, asked), name=f"answer {asked.id}")
            self._answering[run.id, asked.id] = task

    async def _answer(self, run: str, asked: Question) -> None:
        fits = (value for glob, value in self._answers if fnmatchcase(asked.text, glob))
        value = next(fits, False)
        typed = {param.name: value for param in asked.params} if isinstance(value, str) else {}
        call = AnswerRun(run, asked.id, typed, refuse=value is False)
        try:
            await self._service.answer(call, _ACTOR, self.snapshot)
        except RefusedError:
            await self._service.answer(replace(call, refuse=True), _ACTOR, self.snapshot)
            raise

    async def _plan(
        self, action: str, targets: str, params: Mapping[str, str], rollout: Mapping[str, str]
    ) -> Plan:
        words = tuple(word for word in targets.split(" ") if word)
        typed = {name: str(value) for name, value in params.items()}
        call = PlanRun(action, words, typed, rollout={"on_halt": "stop", **rollout})
        return await self._service.plan(call, _ACTOR, self.snapshot)

    async def _follow(self, run: str) -> list[str]:
        lines: list[str] = []
        after = 0
        while True:
            output = await self._service.output(ReadOutput(run, after=after, wait=5.0))
            for line in output.lines:
                after = line.cursor
                lines.append(f"{line.target} {line.stream} {line.text}")
            if output.over and not output.lines:
                break
        await self._over[run].wait()
        for (asker, _), task in tuple(self._answering.items()):
            if asker == run:
                await task  # an answer that is none is the test's mistake, and raises here
        return lines


def _label(value: Label, place: int) -> str:
    return value if isinstance(value, str) else value(place)
