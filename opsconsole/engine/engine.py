"""The composition root: builds every part of one engine, hands each what it needs, owns every task."""

import asyncio
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final

from msgspec import Struct

from opsconsole import __version__
from opsconsole.actions.registry import Registry
from opsconsole.clock import Clock
from opsconsole.collect.collector import Collector
from opsconsole.collect.heartbeats import Heartbeats
from opsconsole.collect.plugin_port import PluginPort
from opsconsole.engine.agents import Agents, OwnWays
from opsconsole.engine.caches import FileCaches
from opsconsole.engine.calling import Calling
from opsconsole.engine.clients import NamedClients
from opsconsole.engine.control import ControlCalls, Figures
from opsconsole.engine.fires import FireCalls
from opsconsole.engine.gate import Gate
from opsconsole.engine.guests import Guests
from opsconsole.engine.heart import Heart
from opsconsole.engine.heartbeats import HeartbeatCalls
from opsconsole.engine.hosts import HostCalls
from opsconsole.engine.judging import Judging
from opsconsole.engine.launch import LaunchSpec
from opsconsole.engine.linger import Linger
from opsconsole.engine.lookers import Lookers
from opsconsole.engine.notices import Notices
from opsconsole.engine.outside import Dial, Outside, dial
from opsconsole.engine.past import PastCalls
from opsconsole.engine.place import Place
from opsconsole.engine.plugins import Plugins
from opsconsole.engine.policing import Policing
from opsconsole.engine.probing import LiveChecks, certificate
from opsconsole.engine.runs import RunCalls
from opsconsole.engine.silences import Silences
from opsconsole.engine.triggers import TriggerDesk
from opsconsole.engine.watch import Configuration, show_warnings
from opsconsole.errors import RefusedError
from opsconsole.inventory.changes import Changes
from opsconsole.model.calls import AnyCall
from opsconsole.model.inventory import Host, Inventory, Settings
from opsconsole.model.snapshot import EngineInfo
from opsconsole.model.text import LABEL_LIMIT, clean
from opsconsole.rpc.messages import PROTOCOL, Hello
from opsconsole.rpc.peer import Peer
from opsconsole.rpc.server import Server
from opsconsole.runs.ports import Ports
from opsconsole.runs.seal import to_syslog
from opsconsole.runs.service import RunService
from opsconsole.state.history import History
from opsconsole.state.keeping import Loaded
from opsconsole.state.store import Store

_STEP: Final = 1.0
"""Seconds between two evaluations."""

log = logging.getLogger(__name__)


class Engine:
    """One engine: built from an inventory, it runs until it is told to stop."""

    def __init__(
        self,
        spec: LaunchSpec,
        place: Place,
        inventory: Inventory,
        clock: Clock,
        *,
        solo: bool,
        outside: Dial = dial,
    ) -> None:
        self._place = place
        self._clock = clock
        self._solo = solo
        self._stop = asyncio.Event()
        self._started = clock.now()
        self._build_state(spec, inventory)
        self._build_outside(inventory, outside)
        self._build_runs(inventory)
        self._build_door(spec)

    def _build_state(self, spec: LaunchSpec, inventory: Inventory) -> None:
        self._notices = Notices(lambda: self._store, self._clock)
        self._history = History(
            self._place.history, self._clock, on_banner=self._notices.put, on_loaded=self._on_loaded
        )
        self._store = Store(self._clock, self._history)
        self._past = PastCalls(
            self._history, lambda: self._store.snapshot,
            lambda: self._configuration.inventory, self._clock,
        )  # fmt: skip
        self._gate = Gate(self._store, self._place.access, self._clock, read_only=spec.read_only)
        self._judging = Judging(self._store, self._history, self._clock, inventory)
        self._configuration = Configuration(
            spec.sources, inventory, self._store, self._clock, self._follow,
            lambda: self._plugins.hosts_files(),
        )  # fmt: skip
        self._heart = Heart(self._clock, self._notices.stalled, self._notices.slept, time.monotonic)

    def _build_outside(self, inventory: Inventory, dial_out: Dial) -> None:
        self._agents = Agents(os.environ.get("SSH_AUTH_SOCK"))
        self._outside: Outside = dial_out(
            inventory.settings, self._clock, self._host, self._agents.newest
        )
        self._own_ways = OwnWays(self._agents, self._outside.with_agent)
        self._checks = LiveChecks(lambda: self._store.snapshot, self._poll_now, self._clock)
        intake = self._judging.intake(self._checks.take)
        self._collector = Collector(
            self._outside.remote, self._outside.web, inventory, intake, self._clock,
            Heartbeats(self._clock, self._place.heartbeats), self._plugin_port(),
        )  # fmt: skip
        self._silences = Silences(
            self._store, self._collector.ask_source, self._poll_now, self._history.episodes,
            self._history.keep, self._clock,
        )  # fmt: skip
        self._silences.follow(inventory)
        self._hosts = HostCalls(self._store, self._collector, self._outside.keys, self._clock)
        self._hosts.hosts = {host.name: host for host in inventory.hosts}

    def _build_runs(self, inventory: Inventory) -> None:
        self._plugins = Plugins(
            self._store, self._outside.remote, self._host, self._clock, self._use,
            self._place.folder / "inventories", lambda: self._configuration.reload(force=False),
        )  # fmt: skip
        registry = self._plugins.load(inventory.settings)

        self._policing = Policing(
            self._settings, lambda: self._store.snapshot.hosts, self._plugins.contributions
        )
        clients = NamedClients(self._settings, self._outside.web, self._outside.remote, self._clock)
        ports = self._ports(clients, inventory.settings)
        self._registry = registry
        self._plugins.contributions.reach(ports)
        self._runs = RunService(
            registry, ports, self._place.folder, self._clock, locks=self._place.locks
        )
        self._calling = Calling(
            self._store, self._history, self._clock, inventory, self._outside,
            clients.credentials, self._plugins.contributions,
        )  # fmt: skip
        self._triggers = TriggerDesk(
            self._store, self._runs, self._configuration, self._place.folder, self._clock
        )

    def _ports(self, clients: NamedClients, settings: Settings) -> Ports:
        return Ports(
            remote=self._outside.remote,
            host=self._host,
            access=lambda: self._gate.access,
            records=lambda: self._store.snapshot.hosts,
            snapshot=lambda: self._store.snapshot,
            publish=self._store.put_run,  # which also tells of its start and its end
            poll=self._poll_now,
            glance=self._collector.glance,
            trouble=lambda text: self._notices.show("journal", text),
            checks=self._checks.run,
            events=self._past.events_of,
            tls=partial(certificate, self._outside.web),
            clients=clients,
            secret=clients.secret,
            secrets=lambda: clients.secrets,
            aside=self._plugins.aside,
            cache=FileCaches(self._place.folder / "plugins").of,
            plugin_config=lambda plugin: self._settings().plugin_config.get(plugin, {}),
            sudo=lambda: self._settings().sudo,
            judge=self._policing.judge,
            groups=self._policing.groups,
            syslog=to_syslog if settings.journal_to_syslog else None,
        )

    def _settings(self) -> Settings:
        return self._configuration.inventory.settings

    def _build_door(self, spec: LaunchSpec) -> None:
        control = ControlCalls(
            self._store, self._configuration, self._stop, self._figures, self._place.log
        )
        self._topics = (
            HeartbeatCalls(self._collector.hear),
            FireCalls(self._store, self._silences.mirrors, self._clock),
            self._gate,
            self._hosts,
            self._silences,
            self._judging,
            self._calling,
            RunCalls(self._store, self._runs, self._own_ways.of),
            self._past,
            self._plugins,
            control,
        )
        self._lookers = Lookers()
        self._linger = Linger(
            self._clock, self._stop, lambda: bool(self._runs.live), lambda: bool(self.server.peers),
            self._own_ways.close, lambda: self._settings().linger, solo=self._solo,
        )  # fmt: skip
        hello = Hello(PROTOCOL, __version__, "engine", engine=spec.name)
        self.server = Server(self._store, self.answer, hello, self._clock, self._on_peers)
        self._guests = Guests(self._policing, self.answer, hello, self._notices.show, self._clock)

    @property
    def stop(self) -> asyncio.Event:
        """Set it to end `run`."""
        return self._stop

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until stopped; `ready` is told once clients may come.

        Raises:
            EngineError: The socket cannot be bound.
        """
        await self._open()
        try:
            await self.server.start(None if self._solo else self._place.socket)
            ready()
            await self._work()
        finally:
            await self._close()

    async def answer(self, call: AnyCall, peer: Peer) -> Struct:
        """Answer one call for one peer.

        Raises:
            OpsConsoleError: It cannot be done; RefusedError where it may not be.
        """
        self._lookers.check(call, peer)
        for topic in self._topics:
            reply = await topic.answer(call, peer)
            if reply is not None:
                self._lookers.note(reply)
                return reply
        raise RefusedError("capability", f"this engine cannot {call.__struct_config__.tag}")

    async def _open(self) -> None:
        inventory = self._configuration.inventory
        await self._history.start()
        self._introduce(inventory)
        if self._place.note:
            self._notices.show("place", self._place.note)
        self._gate.open(inventory.settings)
        self._store.put_inventory(inventory)
        show_warnings(self._store, inventory)
        self._offer()
        for run in await self._runs.recover():
            self._store.put_run(run)

    def _introduce(self, inventory: Inventory) -> None:
        settings = inventory.settings
        self._store.put_engine(
            EngineInfo(
                self._place.name, os.getpid(), __version__, self._started,
                clean(str(inventory.files[0]), LABEL_LIMIT) if inventory.files else "",
                self._solo, settings.theme or "", settings.keymap, settings.desktop,
            )
        )  # fmt: skip

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(work, name=f"engine {name}") for name, work in self._duties()
            ]
            await self._stop.wait()
            for task in tasks:
                task.cancel()

    def _duties(self) -> tuple[tuple[str, Coroutine[Any, Any, None]], ...]:
        return (
            ("collect", self._collector.run()),
            ("runs", self._runs.serve()),
            ("records", self._runs.records.keep()),
            ("triggers", self._triggers.run()),
            ("plugins", self._plugins.run()),
            ("evaluate", self._evaluate()),
            ("judging", self._judging.run()),
            ("configuration", self._configuration.run()),
            ("silences", self._silences.run()),
            ("calling", self._calling.run()),
            ("heart", self._heart.run()),
            ("guests", self._guests.run()),
            ("linger", self._linger.run()),
        )

    async def _close(self) -> None:
        await self.server.close()
        await self._own_ways.close()
        await self._outside.remote.close()
        await self._outside.web.close()
        await self._judging.keep()
        self._store.take_in()
        await self._history.stop()

    async def _evaluate(self) -> None:
        while True:
            now = self._clock.now()
            self._store.tick(now)
            await self._gate.tick(now)
            self._judging.tick(now)
            self._notices.show("known_hosts", "; ".join(self._outside.keys.warnings()[:3]))
            await self._clock.sleep(_STEP)

    async def _follow(self, inventory: Inventory, change: Changes) -> None:
        registry = await asyncio.to_thread(self._plugins.load, inventory.settings)
        # from here to the end of the hosts nothing waits: no plan of the old hosts meets the new ones
        self._registry = registry
        self._runs.use(registry)
        self._hosts.hosts = {host.name: host for host in inventory.hosts}
        self._store.put_inventory(inventory)
        self._introduce(inventory)
        self._gate.follow(inventory.settings)
        self._offer()
        for room in (self._judging, self._silences, self._calling):
            room.follow(inventory)
        await self._collector.update(inventory)
        self._history.forget(change.removed)
        self._notices.configured(change.sentence)

    def _use(self, registry: Registry) -> None:
        self._registry = registry
        self._runs.use(registry)
        self._offer()

    def _offer(self) -> None:
        self._store.put_actions(self._registry.specs.values())
        self._plugins.follow(self._registry)

    def _poll_now(self, targets: Sequence[str]) -> None:
        self._collector.poll_now(targets)

    def _plugin_port(self) -> PluginPort:
        return PluginPort(  # the plugins are built after what watches
            lambda check: self._plugins.check(check),
            lambda source: self._plugins.alerts(source),
            lambda name: self._plugins.secret(name),
        )

    def _host(self, name: str) -> Host | None:
        return self._hosts.hosts.get(name)

    def _on_loaded(self, loaded: Loaded) -> None:
        self._store.restore(loaded)
        self._calling.restore(loaded.kept)
        self._silences.mirrors.restore(loaded.kept)
        self._judging.restore(loaded)

    def _on_peers(self, peers: tuple[Peer, ...]) -> None:
        self._agents.attach(peers)
        self._store.put_people(Counter(one.actor for one in peers if one.role == "console"))
        self._runs.present({one.actor for one in peers})

    def _figures(self) -> Figures:
        return Figures(len(self.server.peers), self._runs.live, self._heart.lag)
