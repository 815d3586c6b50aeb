"""Who is on call, over time; and a critical that nobody takes goes on to them."""

import asyncio
from typing import Final

from msgspec.structs import replace

from opsconsole.alerting.escalation import Due, calls_somebody, due
from opsconsole.alerting.rota import on_call_at
from opsconsole.clock import Clock
from opsconsole.config.shifts import read_shifts
from opsconsole.config.units import show_duration
from opsconsole.errors import ParseError
from opsconsole.model.inventory import Inventory
from opsconsole.model.oncall import PRIMARY, SECONDARY, Escalation, OnCall, Shift
from opsconsole.model.snapshot import Banner
from opsconsole.state.store import Store

EVERY: Final = 5.0
READ_EVERY: Final = 300.0
_DAY: Final = 86_400.0
_BACK: Final = 35 * _DAY
_AHEAD: Final = 100 * _DAY
_FEED: Final = "on-call"


class Rota:
    """The schedule of one engine, and its deadlines."""

    def __init__(self, store: Store, clock: Clock, inventory: Inventory) -> None:
        self._store = store
        self._clock = clock
        self._settings = inventory.settings
        self._shifts: tuple[Shift, ...] = ()
        self._problem = ""
        self._read_at = float("-inf")
        self._quiet: dict[str, float] = {}

    def follow(self, inventory: Inventory) -> None:
        """Use a newly read inventory."""
        if inventory.settings.on_call.ical != self._settings.on_call.ical:
            self._shifts, self._problem = (), ""
        self._settings = inventory.settings
        self._read_at = float("-inf")

    async def run(self) -> None:
        """Look every few seconds, until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(EVERY)

    async def look(self) -> None:
        """Read the calendar where it is time, say who has it, and escalate what is due."""
        now = self._clock.now()
        if now - self._read_at >= READ_EVERY:
            self._read_at = now
            await self._read(now)
        self._store.put_on_call(self.at(now))
        await self._escalate(now)

    def at(self, moment: float) -> OnCall:
        """Say who is on call at a moment."""
        schedule = self._settings.on_call
        found = on_call_at(schedule.rotation, self._shifts, moment)
        if not found.primary and (schedule.ical or schedule.rotation.people):
            return replace(found, problem=self._problem or "nobody is on the schedule now")
        return replace(found, problem=self._problem)

    async def _read(self, now: float) -> None:
        path = self._settings.on_call.ical
        if not path:
            self._store.drop_banner(_FEED)
            return
        try:
            self._shifts = await asyncio.to_thread(read_shifts, path, now - _BACK, now + _AHEAD)
            self._problem = ""
            self._store.drop_banner(_FEED)
        except ParseError as error:  # the shifts we know go on
            self._problem = str(error)
            self._store.put_banner(Banner(_FEED, f"who is on call may be old: {error}"))

    async def _escalate(self, now: float) -> None:
        alerts = self._store.snapshot.alerts
        waiting = {key for key, alert in alerts.items() if calls_somebody(alert)}
        burning = {key for key, alert in alerts.items() if alert.is_firing}
        self._quiet = {key: at for key, at in self._quiet.items() if key in burning}
        self._quiet |= dict.fromkeys(burning - waiting, now)
        for one in due(alerts.values(), self._settings.escalate, self._quiet, now):
            await self._store.escalate(one.episode, self._mark(one, now), self._words(one))

    def _mark(self, one: Due, now: float) -> Escalation:
        return Escalation(now, one.to, self._who(one.to))

    def _who(self, to: str) -> str:
        on_call = self._store.snapshot.on_call
        return {PRIMARY: on_call.primary, SECONDARY: on_call.secondary}.get(to, to)

    def _words(self, one: Due) -> str:
        who = self._who(one.to)
        whom = one.to if who == one.to else f"{one.to} {who or '(nobody is on call)'}"
        return f"went to {whom}: nobody had it for {show_duration(one.waited // 1)}"
