"""A run service over a scripted fleet."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from runs_bench import LOOK, RESTART, Bench, MakeBench
from runs_fakes import make_snapshot

from opsconsole.actions.registry import Registry
from opsconsole.actions.yaml_runbook import read_runbook
from opsconsole.model.snapshot import Snapshot


@pytest.fixture
async def make_bench(tmp_path: Path) -> AsyncIterator[MakeBench]:
    """Make a bench whose service is served until the test ends."""
    tasks: list[asyncio.Task[None]] = []

    def make(
        *names: str,
        parallel: int = 4,
        stop: bool = False,
        registry: Registry | None = None,
        snapshot: Snapshot | None = None,
        state: Path | None = None,
        locks: Path | None = None,
    ) -> Bench:
        actions = [
            read_runbook(RESTART.format(parallel=parallel, stop=str(stop).lower()), "restart.yaml"),
            read_runbook(LOOK, "look.yaml"),
        ]
        bench = Bench(
            state or tmp_path,
            registry or Registry(actions),
            snapshot or make_snapshot(*names),
            locks,
        )
        tasks.append(asyncio.create_task(bench.service.serve(), name="serve"))
        return bench

    yield make
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
