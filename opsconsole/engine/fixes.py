"""The memory of fixes over time: what earlier fires tell about those that burn, read off the loop and kept."""

import asyncio
from typing import Final

from opsconsole.alerting.fixes import fixes_for
from opsconsole.clock import Clock
from opsconsole.model.alert import Alert
from opsconsole.model.oncall import Fixes
from opsconsole.state.history import History
from opsconsole.state.store import Store

LOOK: Final = 5.0
BACK: Final = 90 * 86_400.0
AGAIN: Final = 600.0
"""Seconds after which a fire that still burns is looked up again."""
EPISODES: Final = 2_000


class FixMemory:
    """Looks up new fires, all that are new with one reading of the history."""

    def __init__(self, store: Store, history: History, clock: Clock) -> None:
        self._store = store
        self._history = history
        self._clock = clock
        self._looked: dict[str, float] = {}

    async def run(self) -> None:
        """Look every few seconds, until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK)

    async def look(self) -> None:
        """Look up fires that are new, and those not looked up for long; forget those that are gone."""
        now = self._clock.now()
        shown, known = self._store.snapshot.alerts, self._store.snapshot.fixes
        burning = {key: alert for key, alert in shown.items() if alert.is_firing}
        self._looked = {key: at for key, at in self._looked.items() if key in burning}
        asked = [a for key, a in burning.items() if now - self._looked.get(key, -AGAIN) >= AGAIN]
        kept = {key: fixes for key, fixes in known.items() if key in burning}
        if asked:
            self._looked |= dict.fromkeys((each.episode for each in asked), now)
            found = await self._learn(asked, now)
            kept |= {key: fixes for key, fixes in found.items() if known.get(key) != fixes}
        if kept.keys() != known.keys() or any(known[key] is not kept[key] for key in kept):
            self._store.put_fixes(kept)

    async def _learn(self, alerts: list[Alert], now: float) -> dict[str, Fixes]:
        episodes = await self._history.episodes(now - BACK, now, limit=EPISODES)
        runs = await self._history.runs(now - BACK, now)

        def learn() -> dict[str, Fixes]:
            made = (fixes_for(alert, episodes, runs) for alert in alerts)
            return {each.episode: each for each in made if each.before}

        return await asyncio.to_thread(learn)
