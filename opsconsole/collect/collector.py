"""The room's front: owns the schedule and every probe, and follows the inventory as it changes."""

import logging
from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from opsconsole.clock import Clock
from opsconsole.collect import details
from opsconsole.collect.asker import Asker
from opsconsole.collect.checks import HERE, CheckProbe, Ways
from opsconsole.collect.credentials import Credentials
from opsconsole.collect.heartbeats import Heartbeats
from opsconsole.collect.host_tiers import FastProbe, HostWatch, PlainProbe, TierProbe
from opsconsole.collect.loop import PollLoop, Probe
from opsconsole.collect.planner import Planned, plan
from opsconsole.collect.plugin_port import PluginPort
from opsconsole.collect.schedule import spread
from opsconsole.collect.sink import Sink
from opsconsole.collect.source_asker import SourceAsker
from opsconsole.collect.sources import source_probe
from opsconsole.collect.together import Together
from opsconsole.collect.turns import Turns
from opsconsole.collect.webhook import WebhookProbe
from opsconsole.errors import RefusedError
from opsconsole.model.calls import Text
from opsconsole.model.inventory import AlertSource, Check, Host, Inventory
from opsconsole.transport.base import Command, Ending, Remote
from opsconsole.transport.http_answer import HttpAnswer
from opsconsole.transport.plain_line import PLAIN

log = logging.getLogger(__name__)

_STARTS: Final = 500.0
"""First looks of checks and sources a second: nobody waits a whole interval, no burst meets the loop."""
_FIRST_LOOKS: Final = 60.0
"""Hosts a second that are logged in to, as a guess: for so long what can wait leaves them the way."""
_FEW: Final = 8
_FEW_SHARE: Final = 100
"""First looks that nobody waits for: so many, or one in so many hosts."""
_CALM: Final = 1.5
"""Seconds that those last few have to themselves still, where many were waited for."""
_SECOND_LOOKS: Final = 100.0
"""Hosts a second that are then asked for what could wait."""
_LOGINS: Final = 15.0
"""Logins a second that a fleet gets through at the least ..."""
_LONGEST_QUEUE: Final = 60.0
"""... so that a host which waits for its turn at a cold start is not taken for a slow one."""
_GLANCES: Final = 100.0
"""Looks a second after a run that only read."""
_CLOSES: Final = 50
"""Connections closed a second when hosts leave the inventory."""
_HOST_TIERS: Final = ("fast", "slow", "lazy")
_SECRET_WITHIN: Final = 5.0
"""Seconds that a `command:` of `secrets:` may take."""


class Collector:
    """Watches one inventory: `run` it in a task group, tell it of changes, ask it for details."""

    def __init__(
        self,
        remote: Remote,
        http: Asker,
        inventory: Inventory,
        sink: Sink,
        clock: Clock,
        heartbeats: Heartbeats | None = None,
        plugins: PluginPort | None = None,
    ) -> None:
        self._remote = remote
        self._sink = sink
        self._clock = clock
        self._loop = PollLoop(clock)
        self._inventory = Inventory()
        self._hosts: dict[str, Host] = {}
        self._watches: dict[str, HostWatch] = {}
        self._planned: dict[str, Planned] = {}
        self._plugins = plugins or PluginPort()
        credentials = Credentials(
            lambda: self._inventory.settings.secrets, clock, self._run_program, self._plugins.secret
        )
        self._ways = Ways(
            http,
            remote,
            credentials,
            heartbeats or Heartbeats(clock),
            self._host,
            self._source,
            self._plugins.check,
        )
        self._hooks: dict[str, WebhookProbe] = {}
        """Those that listen, to be closed when they go."""
        self._unseen: set[str] = set()
        """Hosts that were never looked at."""
        self._calm_until = 0.0
        self._turns = Turns(clock, lambda: len(self._hosts))
        self._together = Together(clock, lambda: len(self._hosts))
        self._adopt(inventory)

    async def run(self) -> None:
        """Poll until cancelled; ends every task that it started, and stops listening."""
        try:
            await self._loop.run()
        finally:
            for hook in self._hooks.values():
                await hook.close()

    def poll_now(self, targets: Iterable[str] = ()) -> None:
        """Poll targets (`host:x`, `service:x`, `check:x`, `feed:x`) at once; none given: all.

        A host that we had stopped trying is tried again.
        """
        wanted = frozenset(targets)
        for planned in self._planned.values():
            if wanted and not wanted & {planned.target, *planned.also}:
                continue
            watch = self._watches.get(planned.subject.name) if planned.tier == "fast" else None
            if watch is not None:
                watch.try_again()
            self._loop.hurry(planned.name)

    def glance(self, targets: Iterable[str]) -> None:
        """Look at targets soon: of a host its fast tier, of a service its checks, so many a second.

        For what was only read and can hardly have changed: a host that we had stopped trying is left alone.
        """
        wanted = frozenset(targets)
        seen = 0
        for planned in self._planned.values():
            is_host = planned.tier == "fast" and planned.target in wanted
            is_service = planned.tier == "check" and any(
                ref in wanted for ref in planned.also if ref.startswith("service:")
            )
            if is_host or is_service:
                self._loop.hurry(planned.name, seen / _GLANCES)
                seen += 1

    def hear(self, name: str) -> None:
        """Take one heartbeat of a check, and look at the check at once.

        Raises:
            RefusedError: No heartbeat check has this name.
        """
        planned = self._planned.get(f"check:{name}")
        if planned is None or not isinstance(planned.subject, Check) or not planned.subject.span:
            raise RefusedError(
                "unknown-target", f"no heartbeat check is called {name or 'nothing'}"
            )
        self._ways.heartbeats.hear(name)
        self._loop.hurry(planned.name)

    async def update(self, inventory: Inventory) -> None:
        """Follow a changed inventory: new probes start, old ones end, connections close at most 50 a second."""
        hooks = tuple(self._hooks.values())
        gone = self._adopt(inventory)
        await self._close_hooks(hooks)
        for count, host in enumerate(gone, start=1):
            await self._remote.forget(host)
            if count % _CLOSES == 0:
                await self._clock.sleep(1.0)

    async def ask_source(
        self, source: AlertSource, url: str, method: str = "GET", body: bytes = b""
    ) -> HttpAnswer:
        """Ask one URL of an alert source as its poll does: with its credentials and its time limit."""
        asker = SourceAsker(source, source.timeout, self._ways.http, self._ways.credentials)
        return await asker.ask(url, method, body)

    async def _close_hooks(self, before: Iterable[WebhookProbe]) -> None:
        """Close what listens for a source that is gone or is said otherwise now."""
        for hook in before:
            source = hook.name.partition(":")[2]
            if hook.name not in self._planned:
                self._hooks.pop(source, None)
            if self._hooks.get(source) is not hook:
                await hook.close()

    async def ask_host(self, host: str, what: str, lines: int = 200) -> Text:
        """Ask a host for what a drill-down shows.

        Args:
            host: A host's name.
            what: `procs`, `logs`, `disks`, `net` or `raw`.
            lines: The most that are wanted.

        Raises:
            RefusedError: No such host, or no such question.
        """
        found = self._hosts.get(host)
        if found is None:
            raise RefusedError("unknown-target", f"no host {host}")
        if what not in details.QUESTIONS:
            raise RefusedError("param", f"a host can be asked for {', '.join(details.QUESTIONS)}")
        if what == "raw":
            watch = self._watches.get(host)
            return details.show_raw(watch.raw if watch is not None else {}, lines)
        return await details.ask(self._remote, found, what, lines)

    def _adopt(self, inventory: Inventory) -> tuple[Host, ...]:
        """Make the probes equal to the inventory; returns hosts whose connections are of no use now."""
        # where a host stands in its file says nothing about it, and changes with every line above
        hosts = tuple(replace(host, source="") for host in inventory.hosts)
        self._inventory = inventory = replace(inventory, hosts=hosts)
        before, self._hosts = self._hosts, {host.name: host for host in hosts}
        for name, host in before.items():
            if self._hosts.get(name) != host:
                self._watches.pop(name, None)
                self._unseen.discard(name)
        gone = tuple(host for name, host in before.items() if not self._serves(name, host.way))
        wanted = {planned.name: planned for planned in plan(inventory)}
        for name in self._planned.keys() - wanted.keys():
            self._loop.remove(name)
        new = [planned for name, planned in wanted.items() if self._planned.get(name) != planned]
        self._planned = wanted
        self._start(new)
        return gone

    def _serves(self, name: str, way: tuple[object, ...]) -> bool:
        """Tell whether an open connection is of use still; it may carry a run, or a fleet behind a jump host."""
        now = self._hosts.get(name)
        return now is not None and now.way == way

    def _start(self, new: list[Planned]) -> None:
        now = self._clock.monotonic()
        others = sum(planned.tier not in _HOST_TIERS for planned in new)
        for planned in new:
            within = min(others / _STARTS, planned.schedule.interval)
            due: float | None = now + spread(planned.name, within)
            if planned.tier == "fast":
                # All at once: the limit of logins in flight queues them, and the first green row is soon there.
                due = now
                self._unseen.add(planned.subject.name)
            elif planned.tier in _HOST_TIERS:
                due = None  # hurried by the first answer
            self._loop.add(self._build(planned), planned.schedule, due=due)

    def _patience(self, host: str) -> float:
        """Note a host's first look; give seconds that its less urgent looks leave to the others' first ones."""
        self._unseen.discard(host)
        now = self._clock.monotonic()
        if len(self._unseen) > max(_FEW, len(self._hosts) // _FEW_SHARE):
            self._calm_until = now + len(self._unseen) / _FIRST_LOOKS + _CALM
        left = self._calm_until - now
        return left + spread(host, len(self._hosts) / _SECOND_LOOKS) if left > 0 else 0.0

    def _build(self, planned: Planned) -> Probe:
        subject = planned.subject
        if isinstance(subject, Host):
            watch = self._watch(subject)
            if planned.tier == "fast":
                kind = PlainProbe if subject.transport == PLAIN else FastProbe
                return kind(watch, planned.timeout)
            return TierProbe(watch, planned.tier, planned.timeout)
        if isinstance(subject, Check):
            return CheckProbe(
                subject, planned.timeout, self._ways, sink=self._sink, clock=self._clock
            )
        probe = source_probe(
            subject, planned.timeout, http=self._ways.http, credentials=self._ways.credentials,
            hear=self.hear, sink=self._sink, clock=self._clock, plugins=self._plugins,
        )  # fmt: skip
        if isinstance(probe, WebhookProbe):
            self._hooks[subject.name] = probe
        return probe

    def _watch(self, host: Host) -> HostWatch:
        watch = self._watches.get(host.name)
        if watch is None:
            watch = HostWatch(
                host,
                remote=self._remote,
                sink=self._sink,
                clock=self._clock,
                hurry=self._loop.hurry,
                queue=lambda: min(_LONGEST_QUEUE, len(self._hosts) / _LOGINS),
                patience=self._patience,
                turns=self._turns,
                together=self._together,
            )
            self._watches[host.name] = watch
        return watch

    def _host(self, name: str) -> Host | None:
        return self._hosts.get(name)

    def _source(self, name: str) -> AlertSource | None:
        return next((one for one in self._inventory.sources if one.name == name), None)

    async def _run_program(self, argv: tuple[str, ...]) -> str | None:
        """Run a program of `secrets:` here, without our environment; None when it fails."""
        command = Command(argv=argv, timeout=_SECRET_WITHIN, max_output=16 * 1024, bare=True)
        answer = await self._remote.run(HERE, command)
        good = answer.ending is Ending.EXITED and answer.code == 0
        return answer.stdout.decode("utf-8", errors="replace") if good else None
