"""The one writer of the snapshot: everything that is learnt comes in here, everybody reads from here."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from msgspec import structs

from opsconsole.clock import Clock
from opsconsole.model.action import ActionSpec
from opsconsole.model.alert import Ack, Alert, Note
from opsconsole.model.event import Event
from opsconsole.model.incident import Incident
from opsconsole.model.inventory import Inventory
from opsconsole.model.maintenance import WindowState
from opsconsole.model.oncall import Escalation, Fixes, OnCall
from opsconsole.model.plugin import PluginRecord
from opsconsole.model.run import Run
from opsconsole.model.sample import CheckResult, Sample, SourceReading
from opsconsole.model.silence import Silence
from opsconsole.model.slo import SloStatus
from opsconsole.model.snapshot import Access, Banner, EngineInfo, HostRecord, Snapshot
from opsconsole.model.states import AlertState
from opsconsole.state.feeds import with_reading
from opsconsole.state.fires import with_alerts, with_marks
from opsconsole.state.hosts import FAST, with_samples
from opsconsole.state.keeping import Keeper, Loaded, Nowhere
from opsconsole.state.reduce import with_time
from opsconsole.state.roster import with_inventory
from opsconsole.state.runs import with_run
from opsconsole.state.services import with_result
from opsconsole.state.triage import Triage, ack, escalate, mirrored, note, take, unack, unmirrored
from opsconsole.state.windows import with_windows
from opsconsole.state.world import World, tell, with_tables

_Change = Callable[[World], World]


class Subscription:
    """A bell with one stroke: many changes between two looks ring once."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def ring(self) -> None:
        """Ring; while nobody has heard the last stroke, nothing is added to it."""
        self._changed.set()

    @property
    def has_rung(self) -> bool:
        """Tell whether `wait` would return at once."""
        return self._changed.is_set()

    async def wait(self) -> None:
        """Wait for a change since the last time."""
        await self._changed.wait()
        self._changed.clear()


class Store:
    """Holds the snapshot; its only writer. All methods are for the engine's loop."""

    def __init__(self, clock: Clock, keeper: Keeper | None = None) -> None:
        self._clock: Final = clock
        self._keeper: Final[Keeper] = keeper or Nowhere()
        self._settled = World(snapshot=Snapshot(now=clock.now()))
        self._samples: list[Sample] = []
        """What came since somebody looked: a sweep of a fleet is taken in a few times, not once a host."""
        self._bells: list[Subscription] = []

    @property
    def snapshot(self) -> Snapshot:
        """The newest revision; never changed in place."""
        return self._world.snapshot

    def subscribe(self) -> Subscription:
        """Give a bell that rings at each change; give it back with `unsubscribe`."""
        bell = Subscription()
        self._bells.append(bell)
        return bell

    def unsubscribe(self, bell: Subscription) -> None:
        """Take a bell back."""
        if bell in self._bells:
            self._bells.remove(bell)

    def restore(self, loaded: Loaded) -> None:
        """Take over what an earlier engine left: events, runs, fires and people's marks on them."""

        def change(world: World) -> World:
            ids = [event.id for event in loaded.events]
            alerts = {a.episode: a for a in loaded.alerts} | dict(world.raw)
            world = structs.replace(
                world,
                last_event=max([world.last_event, *ids]),
                marks={**loaded.marks, **world.marks},
                raw=alerts,
            )
            world = with_tables(
                world,
                events={**{e.id: e for e in loaded.events}, **world.snapshot.events},
                runs={**{run.id: run for run in loaded.runs}, **world.snapshot.runs},
                alerts={**alerts, **world.snapshot.alerts},
            )
            return with_marks(world, world.marks)

        self._write(change)

    def put_inventory(self, inventory: Inventory) -> None:
        """Follow a newly read inventory; new hosts appear pending, gone ones disappear."""
        self._write(lambda world: with_inventory(world, inventory, self._clock.now()))

    def put_sample(self, sample: Sample) -> None:
        """Take one reading of a host; it is in the snapshot that is asked for next."""
        if sample.target.removeprefix("host:") in self._settled.snapshot.hosts:
            self._samples.append(sample)
            self._ring()

    def put_result(self, result: CheckResult) -> None:
        """Take one answer of a check."""
        self._write(lambda world: with_result(world, result))
        self._keeper.put_result(result)

    def put_reading(self, reading: SourceReading) -> None:
        """Take one poll of an alert source, for its feed; its alerts come by `put_alerts`."""
        self._write(lambda world: with_reading(world, reading))

    def put_alerts(self, alerts: Mapping[str, Alert]) -> None:
        """Take all alerts as alerting has them now, by episode."""
        before = self.snapshot.alerts
        self._write(lambda world: with_alerts(world, alerts, self._clock.now()))
        if self.snapshot.alerts is before:
            return
        for episode, alert in self.snapshot.alerts.items():
            old = before.get(episode)
            if alert.state is AlertState.PENDING:
                continue  # it is not an episode yet
            if old is not alert and (old is None or _stage(old) != _stage(alert)):
                self._keeper.put_alert(alert)
        for episode, old in before.items():
            if old.is_firing and episode not in self.snapshot.alerts:
                self._keeper.put_gone(old)

    def put_run(self, run: Run) -> None:
        """Take a run's newest state; its start and end become events here."""
        old = self.snapshot.runs.get(run.id)
        self._write(lambda world: with_run(world, run, self._clock.now()))
        if old is None or old.state is not run.state:
            self._keeper.put_run(run)

    def put_event(self, event: Event) -> Event:
        """Number an event and put it in Activity and history."""
        self._write(lambda world: tell(world, event))
        return structs.replace(event, id=self._world.last_event)

    def put_engine(self, info: EngineInfo) -> None:
        """Say which engine this is."""
        self._put(engine=info)

    def put_access(self, access: Access) -> None:
        """Say what may be changed, and by whom."""
        self._put(access=access)

    def put_actions(self, actions: Iterable[ActionSpec]) -> None:
        """Replace the catalogue."""
        self._put(actions={spec.id: spec for spec in actions})

    def put_plugins(self, plugins: Iterable[PluginRecord]) -> None:
        """Replace the list of plugins."""
        self._put(plugins={plugin.id: plugin for plugin in plugins})

    def put_objectives(self, slos: Iterable[SloStatus]) -> None:
        """Say where the objectives stand; one that stands where it stood stays the same object."""
        before = self.snapshot.slos
        now = {slo.service: slo for slo in slos}
        kept = {name: before[name] if before.get(name) == slo else slo for name, slo in now.items()}
        if kept.keys() != before.keys() or any(before[name] is not kept[name] for name in kept):
            self._put(slos=kept)

    def put_on_call(self, on_call: OnCall) -> None:
        """Say who is on call."""
        if self.snapshot.on_call != on_call:
            self._put(on_call=on_call)

    def put_incidents(self, incidents: Mapping[str, Incident]) -> None:
        """Replace the incidents; one that did not change must be the same object."""
        self._put(incidents=incidents)

    def put_fixes(self, fixes: Mapping[str, Fixes]) -> None:
        """Replace what earlier fires tell, by episode; as `put_incidents`."""
        self._put(fixes=fixes)

    def put_odd(self, odd: Mapping[str, tuple[str, int]]) -> None:
        """Mark the hosts that are unlike their peers, and no others."""
        hosts = self.snapshot.hosts
        changed = {
            name: structs.replace(record, odd=odd.get(name))
            for name, record in hosts.items()
            if record.odd != odd.get(name)
        }
        if changed:
            self._put(hosts={**hosts, **changed})

    def put_windows(self, states: Sequence[WindowState]) -> None:
        """Say which maintenance there is; what it covers now is in maintenance from here on."""
        self._write(lambda world: with_windows(world, states, self._clock.now()))

    def put_silences(self, silences: Iterable[Silence]) -> None:
        """Replace all silences; one that is as it was stays the same object."""
        before = self.snapshot.silences
        now = {silence.id: silence for silence in silences}
        kept = {key: before[key] if before.get(key) == new else new for key, new in now.items()}
        if kept.keys() != before.keys() or any(before[key] is not kept[key] for key in kept):
            self._put(silences=kept)

    def put_people(self, people: Mapping[str, int]) -> None:
        """Say who is attached, and with how many consoles."""
        self._put(people=dict(people))

    def put_banner(self, banner: Banner) -> None:
        """Show a sentence until it is dropped; the same sentence twice changes nothing."""
        if self.snapshot.banners.get(banner.id) != banner:
            self._put(banners={**self.snapshot.banners, banner.id: banner})

    def drop_banner(self, banner_id: str) -> None:
        """Take a sentence away."""
        if banner_id in self.snapshot.banners:
            kept = {key: value for key, value in self.snapshot.banners.items() if key != banner_id}
            self._put(banners=kept)

    def tick(self, now: float) -> None:
        """Let time pass: values grow stale, acks end, feeds are summed up. Once a second."""
        self._write(lambda world: with_time(world, now))

    async def ack(
        self,
        episodes: Sequence[str],
        actor: str,
        text: str = "",
        until: float | None = None,
        *,
        mirror: bool = False,
    ) -> tuple[str, ...]:
        """Say that `actor` has seen fires; returns the episodes it holds for, once they are on disk."""
        said = Ack(actor=actor, at=self._clock.now(), note=text, until=until, mirror=mirror)
        return await self._triage(ack(self._world, episodes, said))

    async def unack(self, episodes: Sequence[str], actor: str) -> tuple[str, ...]:
        """Take acks back; returns the episodes that had one."""
        return await self._triage(unack(self._world, episodes, actor, self._clock.now()))

    async def mirrored(self, episode: str, silences: tuple[str, ...]) -> None:
        """Note which silences mirror the ack of a fire now."""
        await self._triage(mirrored(self._world, episode, silences))

    async def unmirrored(self, episode: str, text: str) -> None:
        """Note that an ack is mirrored no longer, and tell why."""
        await self._triage(unmirrored(self._world, episode, self._clock.now(), text))

    async def take(
        self, episodes: Sequence[str], actor: str, owner: str | None = None
    ) -> tuple[str, ...]:
        """Give fires to `owner` (None: to `actor`; empty: to nobody); returns those it holds for."""
        whom = actor if owner is None else owner
        return await self._triage(take(self._world, episodes, actor, whom, self._clock.now()))

    async def note(self, episodes: Sequence[str], actor: str, text: str) -> tuple[str, ...]:
        """Write a line on fires; returns those it stands on."""
        said = Note(actor=actor, at=self._clock.now(), text=text)
        return await self._triage(note(self._world, episodes, said))

    async def escalate(self, episode: str, mark: Escalation, text: str) -> None:
        """Mark that a fire went on to somebody, and tell of it."""
        await self._triage(escalate(self._world, episode, mark, text))

    async def _triage(self, done: Triage) -> tuple[str, ...]:
        if done.marks:
            self._write(lambda world: tell(with_marks(world, done.marks), *done.events))
            await self._keeper.keep_marks(done.marks)
        return tuple(done.marks)

    def _put(self, **tables: object) -> None:
        self._write(lambda world: with_tables(world, **tables))

    def take_in(self) -> None:
        """Make rows and history of the samples that came; whoever looks has it done."""
        if self._samples:
            samples, self._samples = self._samples, []
            self._settle(with_samples(self._settled, samples, self._keep))

    @property
    def _world(self) -> World:
        self.take_in()
        return self._settled

    def _keep(self, sample: Sample, record: HostRecord) -> None:
        if sample.probe == FAST and sample.metrics and not record.failed:
            self._keeper.put_sample(record.name, sample.at, record.metrics)

    def _write(self, change: _Change) -> None:
        """Make the next revision; a change that changed nothing makes none and rings no bell."""
        before = self._world
        world = change(before)
        if world.snapshot is before.snapshot:
            self._settled = world
        else:
            self._settle(world)
            self._ring()

    def _settle(self, world: World) -> None:
        revision = self._settled.snapshot.revision + 1
        now = max(world.snapshot.now, self._clock.now())
        told = world.told
        world = with_tables(world, revision=revision, now=now)
        self._settled = structs.replace(world, told=())
        for event in told:
            self._keeper.put_event(event)

    def _ring(self) -> None:
        for bell in self._bells:
            bell.ring()


def _stage(alert: Alert) -> tuple[str, str, bool]:
    return (alert.state, alert.severity, bool(alert.suppressed_by))
