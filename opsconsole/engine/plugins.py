"""What plugins contribute to a living engine: collectors, panes, notifiers; their faults and their quarantine."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from opsconsole.actions.answers import AnswerError, read_pane
from opsconsole.actions.aside import Aside
from opsconsole.actions.registry import Registry, find_id
from opsconsole.actions.wards import Wards
from opsconsole.clock import Clock
from opsconsole.collect.answers import Shown
from opsconsole.collect.loop import PollLoop
from opsconsole.collect.member import Member
from opsconsole.engine.catalogue import load_catalogue, plugin_roots
from opsconsole.engine.plugin_alerts import plugin_alerts
from opsconsole.engine.plugin_checks import plugin_check
from opsconsole.engine.plugin_inventories import InventoryProbe
from opsconsole.engine.plugin_probes import CollectorProbe, schedule_of
from opsconsole.engine.watch import Stamp, as_seen, stamp
from opsconsole.engine.watchdog import Block, Watchdog
from opsconsole.errors import RefusedError
from opsconsole.model.calls import AnyCall, Done, ReadPane, ResumePlugin
from opsconsole.model.event import Event
from opsconsole.model.inventory import Check, Host, Settings
from opsconsole.model.pane import PaneData
from opsconsole.model.plugin import Contribution, Fault, PluginRecord
from opsconsole.model.snapshot import Banner
from opsconsole.model.text import clean
from opsconsole.rpc.peer import Peer
from opsconsole.runs.contributions import Contributions
from opsconsole.state.store import Store
from opsconsole.transport.base import Remote

log = logging.getLogger(__name__)

_FRESH: Final = 1.0
"""Seconds within which several consoles share one answer of a pane."""
_LOOK: Final = 1.0
_TRIES: Final = 3
_PAUSE: Final = 2.0
_FILES: Final = 2.0
"""Seconds between two looks at the plugins' files."""
_LATELY: Final = 5.0
"""Seconds before the start in which a change may have been missed."""


class Plugins:
    """Owns every call of a contribution, and answers calls about plugins."""

    def __init__(
        self,
        store: Store,
        remote: Remote,
        host: Callable[[str], Host | None],
        clock: Clock,
        use: Callable[[Registry], None],
        folder: Path,
        reload: Callable[[], Awaitable[object]],
    ) -> None:
        """Set up.

        Args:
            store: Where samples, rows and banners go.
            remote: How hosts are asked.
            host: Finds a host of the inventory.
            clock: Time.
            use: Told of another set of plugins, when their files changed.
            folder: Where the hosts that plugins gave are kept.
            reload: Reads the configuration again.
        """
        self._store = store
        self._wards = Wards(clock.now)
        self.contributions: Final = Contributions(Registry(), self._wards, remote, host, clock)
        self.aside: Final = Aside(clock)
        self._clock = clock
        self._made_at = clock.now()
        self._use = use
        self._folder = folder
        self._reload = reload
        self._settings = Settings()
        self._registry = Registry()
        self._loop = PollLoop(clock)
        self._probes: set[str] = set()
        self._panes: dict[str, PaneData] = {}
        self._asking: dict[str, asyncio.Lock] = {}
        self._told = 0
        self._watchdog = Watchdog(self._folders, self._on_block)
        self._wards.on_change = self._on_fault

    def load(self, settings: Settings) -> Registry:
        """Load every plugin that the settings and this machine name; may take seconds."""
        self._settings = settings
        return load_catalogue(settings, self._wards)

    async def check(self, check: Check) -> Shown:
        """Ask a plugin's check."""
        return await plugin_check(self.contributions, check, self._store.snapshot, self._clock)

    async def alerts(self, source: str) -> Member:
        """Ask a plugin's alert source, by `plugin:<id>`."""
        return await plugin_alerts(self.contributions, source)

    async def secret(self, name: str) -> str:
        """Ask a plugin's secret provider, `<id>/<name>`; empty where it cannot be had. Nothing is kept."""
        id_, _, wanted = name.partition("/")
        spec = self.contributions.find("secret", id_)
        if spec is None:
            return ""
        found = await self.contributions.call(spec, given=(wanted,))
        told = found.answer.get("value") if isinstance(found.answer, Mapping) else found.answer
        return told if isinstance(told, str) else ""

    async def _follow_files(self) -> None:
        """Read plugins again when one of their files changed; one that would break keeps what it was."""
        # a file that changed while the plugins were first read may have been read before it did
        young = (self._made_at - _LATELY) * 1e9
        seen: Stamp = tuple(
            each for each in await asyncio.to_thread(self._stamp) if each[1] < young
        )
        while True:
            await self._clock.sleep(_FILES)
            found = await asyncio.to_thread(self._stamp)
            if found == seen:
                continue
            self._take(await asyncio.to_thread(self.load, self._settings))
            seen = as_seen(found, await asyncio.to_thread(self._stamp))

    def _take(self, registry: Registry) -> None:
        good = {one.source for one in self._registry.plugins.values() if not one.error}
        bad = [one for one in registry.plugins.values() if one.error and one.source in good]
        if bad:
            said = f"{bad[0].id}: the old one stays: {bad[0].error.splitlines()[0]}"
            self._store.put_banner(Banner("plugins", said))
            return
        self._store.drop_banner("plugins")
        self._use(registry)
        self._say("engine", "plugins were read again")

    def _say(self, actor: str, text: str) -> None:
        self._store.put_event(Event(0, self._clock.now(), actor, "config", "", text))

    def _stamp(self) -> Stamp:
        """Note when each file of a plugin, and of a folder they may be put into, changed."""
        loaded = [one for one in self._registry.plugins.values() if one.level != "shipped"]
        places = {*plugin_roots(self._settings), *(Path(one.source) for one in loaded)}
        files = {file for place in places for file in (place, *place.rglob("*"))}
        return stamp(str(file) for file in sorted(files) if "__pycache__" not in file.parts)

    def follow(self, registry: Registry) -> None:
        """Take the plugins that are loaded now, and the hosts there are."""
        self._registry = registry
        self.aside.spared = {one.id for one in registry.plugins.values() if one.level == "shipped"}
        self.contributions.use(registry)
        self._panes.clear()
        self.show()
        self._plan()

    def show(self) -> None:
        """Put every plugin's row into the snapshot."""
        self._store.put_plugins([self._row(one) for one in self._registry.plugins.values()])

    def _row(self, record: PluginRecord) -> PluginRecord:
        faults, since = self._wards.faults(record.id), self._wards.since(record.id)
        if not faults and not since:
            return record
        return replace(record, faults=faults, quarantined=since)

    def _plan(self) -> None:
        for name in self._probes:
            self._loop.remove(name)
        self._probes.clear()
        for spec in self._of_kind("collector"):
            for host in self._store.snapshot.hosts:
                probe = CollectorProbe(
                    spec, host, self.contributions, lambda: self._store.snapshot,
                    self._store.put_sample, self._clock,
                )  # fmt: skip
                self._loop.add(probe, schedule_of(spec, probe.name))
                self._probes.add(probe.name)

        for spec in self._of_kind("inventory"):
            asking = InventoryProbe(
                spec, self.contributions, self._hosts_file(spec), self._clock, self._reload,
                partial(self._say_of_hosts, spec.id),
            )  # fmt: skip
            self._loop.add(asking, schedule_of(spec, asking.name), due=self._clock.monotonic())
            self._probes.add(asking.name)

    def hosts_files(self) -> tuple[Path, ...]:
        """Name the files with the hosts that plugins gave."""
        return tuple(self._hosts_file(spec) for spec in self._of_kind("inventory"))

    def _hosts_file(self, spec: Contribution) -> Path:
        return self._folder / f"{spec.id}.yaml"

    def _say_of_hosts(self, inventory: str, text: str) -> None:
        identity = f"inventory {inventory}"
        if text:
            self._store.put_banner(Banner(identity, text))
        elif identity in self._store.snapshot.banners:
            self._store.drop_banner(identity)

    def _of_kind(self, kind: str) -> tuple[Contribution, ...]:
        found = self._registry.contributions
        return tuple(spec for (each, _), spec in found.items() if each == kind)

    async def run(self) -> None:
        """Call collectors and notifiers until cancelled."""
        if any([await asyncio.to_thread(file.is_file) for file in self.hosts_files()]):
            await self._reload()  # hosts that plugins gave to an earlier engine
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._loop.run(), name="plugins collect")
                group.create_task(self._notify(), name="plugins notify")
                group.create_task(self._watchdog.run(), name="plugins watchdog")
                group.create_task(self._follow_files(), name="plugins files")
        finally:
            await asyncio.to_thread(self.aside.close)

    async def answer(self, call: AnyCall, peer: Peer) -> Struct | None:
        """Answer a call of this topic; None for any other.

        Raises:
            RefusedError: unknown-action: there is no such plugin or pane.
        """
        match call:
            case ResumePlugin():
                return self._resume(call.plugin, peer.actor)
            case ReadPane():
                return await self._pane(call.pane)
        return None

    def _resume(self, plugin: str, actor: str) -> Done:
        if plugin not in self._registry.plugins:
            raise RefusedError("unknown-action", f"no plugin {clean(plugin, 60)}")
        if not self._wards.resume(plugin):
            return Done(f"{plugin} is not in quarantine")
        self._store.drop_banner(f"plugin {plugin}")
        said = f"{plugin} is called again"
        self._say(actor, said)
        return Done(said)

    async def _pane(self, name: str) -> PaneData:
        ids = [spec.id for spec in self._of_kind("pane")]
        spec = self.contributions.find("pane", find_id(name, ids, "pane"))
        assert spec is not None
        async with self._asking.setdefault(spec.id, asyncio.Lock()):
            kept = self._panes.get(spec.id)
            if kept is not None and self._clock.now() - kept.at < _FRESH:
                return kept
            return await self._fresh_pane(spec, kept)

    async def _fresh_pane(self, spec: Contribution, kept: PaneData | None) -> PaneData:
        """Ask it; what it said last stays on the screen, with the reason why there is nothing newer."""
        found = await self.contributions.call(spec)
        try:
            if not found.error:
                self._panes[spec.id] = read_pane(found.answer, spec, self._clock.now())
                return self._panes[spec.id]
            why = found.error
        except AnswerError as error:
            why = str(error)
            self.contributions.blame(spec, why)
        last = kept or PaneData(spec.id, spec.title or spec.id, 0.0, spec.every)
        return replace(last, error=why)

    async def _notify(self) -> None:
        """Tell notifiers of every new event; a slow one sees the newest 500 at most, and holds nobody up."""
        self._told = max(self._store.snapshot.events, default=0)
        while True:
            await self._clock.sleep(_LOOK)
            events = self._store.snapshot.events
            new = sorted(number for number in events if number > self._told)
            for number in new:
                self._told = number
                await self._tell(events[number])

    async def _tell(self, event: Event) -> None:
        for spec in self._of_kind("notifier"):
            if not spec.on or event.kind in spec.on:
                await self._deliver(spec, event)

    async def _deliver(self, spec: Contribution, event: Event) -> None:
        for attempt in range(_TRIES):
            found = await self.contributions.call(spec, given=(event,))
            if not found.error:
                return
            log.warning("%s did not take an event: %s", spec.id, found.error)
            await self._clock.sleep(_PAUSE * (attempt + 1))

    def _folders(self) -> Mapping[str, str]:
        """Folders of plugins: a frame of a file below one is that plugin's code."""
        return {
            f"{one.source}/": one.id for one in self._registry.plugins.values() if not one.error
        }

    def _on_block(self, block: Block) -> None:
        said = f"blocked the engine for {block.took:.1f} s in {block.where}"
        self._wards.fault(block.plugin, "blocked", block.plugin, said, block.stack)

    def _on_fault(self, plugin: str) -> None:
        self.show()
        faults: tuple[Fault, ...] = self._wards.faults(plugin)
        if not faults:
            return
        last = faults[-1]
        log.warning(
            "plugin %s, %s in %s: %s\n%s", plugin, last.kind, last.where, last.text, last.stack
        )
        if why := self._wards.why_closed(plugin):
            self._store.put_banner(Banner(f"plugin {plugin}", why))
