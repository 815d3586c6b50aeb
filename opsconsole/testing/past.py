"""Two weeks behind a fleet that was made a second ago: how full its disks were."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from opsconsole.clock import Clock
from opsconsole.state.history import History
from opsconsole.testing.machine import make_machine
from opsconsole.testing.roster import Actor, roster

_DAY: Final = 86_400.0
_DAYS: Final = 14
_FINE: Final = 600.0
_COARSE: Final = 3_600.0
_MOST: Final = 100
"""Hosts that have a past: the rest of a large fleet begins today."""
_FILLING: Final = (0.0208, 0.912)
"""The disk of the story's database: its growth a day, and where it stands when the story begins."""
_A_DAY: Final = {"db": 0.004, "mail": 0.006, "batch": 0.003}
_ROTATED: Final = {"log": 0.08, "search": 0.05}
"""Share that is written over a day, and gone at night."""


async def leave_past(path: Path, hosts: int, seed: int, clock: Clock) -> None:
    """Write it into a history that no engine has open yet.

    Args:
        path: The history's file.
        hosts: How many the fleet has.
        seed: The fleet's.
        clock: Where now comes from.
    """
    history = History(path, clock, on_banner=lambda *_: None, on_loaded=lambda _: None)
    await history.start()
    now = clock.now()
    for actor in roster(hosts)[:_MOST]:
        disks = make_machine(actor, seed, now).disks
        shares = {disk.mount: disk.used / disk.size for disk in disks}
        rng = random.Random(f"{seed} past {actor.name}")  # noqa: S311  (a past, no secret)
        for ago in _moments(now % _COARSE):
            levels = {
                f"fs.used_ratio{{mount={mount}}}": _level(actor, mount, share, ago / _DAY, rng)
                for mount, share in shares.items()
            }
            history.put_levels(actor.name, now - ago, levels)
    await history.stop()


def _moments(past_hour: float) -> Iterator[float]:
    """Give seconds before now, the farthest first: on the hour, and the last day by ten minutes."""
    coarse = int((_DAYS - 1) * _DAY / _COARSE)
    yield from (past_hour + _DAY + step * _COARSE for step in range(coarse, 0, -1))
    yield from (past_hour + step * _FINE for step in range(int(_DAY / _FINE), -1, -1))


def _level(actor: Actor, mount: str, share: float, days: float, rng: random.Random) -> float:
    """Say how full a disk was so many days ago."""
    jitter = rng.gauss(0.0, 0.002)
    if mount == "/":
        return share + jitter
    if (actor.role, actor.index) == ("db", 2):
        growth, share = _FILLING
        return share - growth * days + 2 * jitter
    rotated = _ROTATED.get(actor.role, 0.0) * (-days % 1.0)
    return share - _A_DAY.get(actor.role, 0.0) * days + rotated + jitter
