"""Follows the configuration's files: a good change is taken, a mistake keeps the old one and is shown."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from opsconsole.clock import Clock
from opsconsole.errors import ConfigError
from opsconsole.inventory.changes import Changes, changes
from opsconsole.inventory.sources import SourceSpec, load
from opsconsole.model.inventory import Inventory
from opsconsole.model.snapshot import Banner
from opsconsole.state.store import Store

_LOOK_EVERY: Final = 2.0
_BANNER: Final = "config"
Stamp = tuple[tuple[str, int, int], ...]


class Configuration:
    """The inventory in force, and how the next one comes in."""

    def __init__(
        self,
        sources: SourceSpec,
        inventory: Inventory,
        store: Store,
        clock: Clock,
        apply: Callable[[Inventory, Changes], Awaitable[None]],
        more: Callable[[], tuple[Path, ...]] = tuple,
    ) -> None:
        self.inventory = inventory
        self._sources = sources
        self._store = store
        self._clock = clock
        self._apply = apply
        self._more = more
        self._busy = asyncio.Lock()

    async def run(self) -> None:
        """Look at the files every two seconds and reload when one changed; until cancelled."""
        seen = await asyncio.to_thread(stamp, self.inventory.files)
        while True:
            await self._clock.sleep(_LOOK_EVERY)
            found = await asyncio.to_thread(stamp, self.inventory.files)
            if found == seen:
                continue
            await self.reload(force=False)
            seen = as_seen(found, await asyncio.to_thread(stamp, self.inventory.files))

    async def reload(self, *, force: bool) -> str:
        """Read everything again and take it over; returns what happened in a sentence or, for mistakes, lines."""
        async with self._busy:
            try:
                new = await asyncio.to_thread(load, replace(self._sources, more=self._more()))
            except ConfigError as error:
                self._show(_shortly(error))
                return f"the old configuration stays:\n{error}"
            change = changes(self.inventory, new)
            if change.needs_asking and not force:
                asked = f"{len(change.removed)} hosts would go: opsconsole engine reload --yes"
                self._show(f"configuration not taken over, {asked}")
                return asked
            self.inventory = new
            await self._apply(new, change)
            self._store.drop_banner(_BANNER)
            show_warnings(self._store, new)
            return f"configuration taken over: {change.sentence}"

    def _show(self, text: str) -> None:
        self._store.put_banner(Banner(_BANNER, text))


def show_warnings(store: Store, inventory: Inventory) -> None:
    """Say on screen what was skipped in the files, the first of it in words."""
    if not inventory.warnings:
        store.drop_banner("inventory")
        return
    more = f" (and {len(inventory.warnings) - 1} more)" if len(inventory.warnings) > 1 else ""
    store.put_banner(Banner("inventory", inventory.warnings[0] + more, "info"))


def stamp(files: Iterable[str]) -> Stamp:
    """Note when each file changed and how long it is; a file that is gone has zeros."""
    return tuple(_one(Path(name)) for name in files)


def as_seen(before: Stamp, after: Stamp) -> Stamp:
    """Note the files of now as they were before they were read: a change under way is not missed."""
    known = {each[0]: each for each in before}
    return tuple(known.get(each[0], each) for each in after)


def _one(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (str(path), 0, 0)
    return (str(path), found.st_mtime_ns, found.st_size)


def _shortly(error: ConfigError) -> str:
    first = str(error.mistakes[0]) if error.mistakes else str(error)
    more = f" (and {len(error.mistakes) - 1} more)" if len(error.mistakes) > 1 else ""
    return f"the old configuration stays: {first}{more}"
