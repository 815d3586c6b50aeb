"""The engine's watch over itself (D02, D03)."""

import asyncio
import importlib.util
from pathlib import Path
from types import ModuleType

from opsconsole.engine.heart import Heart, Stall, place_of

BLOCK = """
import time

def busy():
    time.sleep(1.6)
"""


class Steps:
    """A clock whose sleeps take what a script says: (boot seconds, awake seconds)."""

    def __init__(self, *steps: tuple[float, float]) -> None:
        self.boot = self.up = 1_000.0
        self.steps = list(steps)

    def now(self) -> float:
        return self.boot

    def monotonic(self) -> float:
        return self.boot

    def awake(self) -> float:
        return self.up

    async def sleep(self, seconds: float) -> None:
        if not self.steps:
            await asyncio.Event().wait()
        boot, up = self.steps.pop(0)
        self.boot += boot
        self.up += up


async def _beats(clock: Steps, heart: Heart) -> None:
    task = asyncio.create_task(heart.run(), name="heart")
    while clock.steps:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait((task,))


async def test_d03_a_suspended_machine_is_noticed_and_is_no_stall() -> None:
    slept: list[float] = []
    stalls: list[Stall] = []
    clock = Steps((0.25, 0.25), (8 * 3600 + 0.25, 0.25), (0.25, 0.25))

    await _beats(clock, Heart(clock, stalls.append, slept.append, clock.awake))

    assert slept == [8 * 3600.0]
    assert stalls == []


async def test_a_late_beat_is_counted_as_lag() -> None:
    stalls: list[Stall] = []
    clock = Steps((0.25, 0.25), (0.75, 0.75), (0.25, 0.25))
    heart = Heart(clock, stalls.append, lambda _slept: None, clock.awake)

    await _beats(clock, heart)

    assert heart.lag == 0.5
    assert stalls == []


async def test_d02_a_plugin_that_blocks_the_loop_is_named(tmp_path: Path) -> None:
    from time import monotonic

    from opsconsole.clock import SystemClock

    module = _module(tmp_path / "plugins" / "core" / "slow.py")
    stalls: list[Stall] = []
    heart = Heart(SystemClock(), stalls.append, lambda _slept: None, monotonic)
    task = asyncio.create_task(heart.run(), name="heart")
    await asyncio.sleep(0)

    module.busy()
    async with asyncio.timeout(10):
        while not stalls:
            await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.wait((task,))

    assert stalls[0].where == "plugin core/slow.py:5 busy"


def test_no_frame_is_no_place() -> None:
    assert place_of(None) == ""


def _module(path: Path) -> ModuleType:
    path.parent.mkdir(parents=True)
    path.write_text(BLOCK)
    spec = importlib.util.spec_from_file_location("slow_under_test", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
