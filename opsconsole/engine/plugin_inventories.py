"""Inventories of plugins: what one gave last is kept in a file of ours, which the configuration imports."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from opsconsole.actions.answers import AnswerError, read_hosts
from opsconsole.actions.contributing import FoundHost
from opsconsole.clock import Clock
from opsconsole.config.kinds import is_name
from opsconsole.config.writer import Plain, dump
from opsconsole.model.plugin import Contribution
from opsconsole.model.text import clean
from opsconsole.runs.contributions import Contributions

_HEAD = "# The last good answer of the inventory {id}; it is written anew, do not edit.\n"


class InventoryProbe:
    """One inventory, asked again and again; an answer that is none leaves the last good one as it is."""

    def __init__(
        self,
        spec: Contribution,
        contributions: Contributions,
        file: Path,
        clock: Clock,
        changed: Callable[[], Awaitable[object]],
        say: Callable[[str], None],
    ) -> None:
        """Set up.

        Args:
            spec: The contribution.
            contributions: Calls it.
            file: Where its hosts are kept.
            clock: Time.
            changed: Told to read the configuration again.
            say: Told why there is nothing newer; empty: there is.
        """
        self._spec = spec
        self._contributions = contributions
        self._file = file
        self._clock = clock
        self._changed = changed
        self._say = say

    @property
    def name(self) -> str:
        """The probe's name."""
        return f"inventory {self._spec.id}"

    async def poll(self) -> float | None:
        """Ask it once."""
        found = await self._contributions.call(self._spec)
        if found.error:
            await self._fail(found.error)
            return None
        try:
            hosts = read_hosts(found.answer)
        except AnswerError as error:
            self._contributions.blame(self._spec, str(error))
            await self._fail(str(error))
            return None
        self._say("")
        head = _HEAD.format(id=self._spec.id)
        text = head + dump({"hosts": [_entry(host) for host in hosts if is_name(host.name)]})
        if await asyncio.to_thread(_keep, self._file, text):
            await self._changed()
        return None

    def crashed(self, error: Exception) -> None:
        """A fault of ours, or no turn in time."""
        self._say(f"{self._spec.id}: {str(error) or 'no turn in time'}")

    async def _fail(self, why: str) -> None:
        at = await asyncio.to_thread(_kept_at, self._file)
        age = f"from {self._clock.now() - at:.0f} s ago" if at else "none yet"
        self._say(f"{self._spec.id} gives no hosts ({why}); those it gave last are kept: {age}")


def _entry(host: FoundHost) -> Plain:
    said: dict[str, Plain] = {"name": host.name}
    if host.address:
        said["address"] = clean(host.address, 255)
    if host.port != 22:
        said["port"] = host.port
    if host.user:
        said["user"] = clean(host.user, 64)
    if host.labels:
        said["labels"] = {clean(k, 60): clean(v, 200) for k, v in host.labels.items()}
    return said


def _keep(file: Path, text: str) -> bool:
    """Write the file when it says something else; True: it does."""
    try:
        if file.read_text() == text:
            return False
    except OSError:
        pass  # there is none yet
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(file)
    return True


def _kept_at(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
