"""`python -m benchmarks [--quick] [SECTION ...]`: print the table, peers side by side in the same run."""

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks import alerts, fanout, fleet, jitter, paced, screen, storage, storm, web
from benchmarks.table import Line, show


class Sizes:
    """How much is measured: everything, or what ends within some five minutes."""

    def __init__(self, *, quick: bool) -> None:
        self.keys = 60 if quick else 250
        self.starts = 2 if quick else 5
        self.fleets = (50, 200) if quick else (200, 1_000)
        self.rounds = 1 if quick else 5
        self.fanout = 50 if quick else 200
        self.storm = 100 if quick else 500
        self.storms = 2 if quick else 8
        self.seconds = 15.0 if quick else 30.0
        self.endpoints = (20, 200) if quick else (20, 200, 1_000)
        self.alerts = 1_000 if quick else 5_000
        self.jitter_hosts = 40 if quick else 100


def _screen(sizes: Sizes) -> Iterator[Line]:
    yield from screen.keys_and_cpu(sizes.keys)


def _start(sizes: Sizes) -> Iterator[Line]:
    yield from screen.start_and_idle(sizes.starts)


def _fleet(sizes: Sizes) -> Iterator[Line]:
    with tempfile.TemporaryDirectory(prefix="opsc-") as folder:
        ground = fleet.Ground(Path(folder), max(sizes.fleets))
        try:
            for count in sizes.fleets:
                yield fleet.cold_start(ground, count, sizes.rounds)
            yield from paced.paced(ground, sizes.fleets[-1], sizes.seconds, sizes.rounds)
            yield fleet.back_to_back(ground, 20, 50)
        finally:
            ground.close()


def _fanout(sizes: Sizes) -> Iterator[Line]:
    with tempfile.TemporaryDirectory(prefix="opsc-") as folder:
        ground = fleet.Ground(Path(folder), sizes.fanout)
        try:
            yield fanout.read_action(ground, sizes.fanout, 3)
        finally:
            ground.close()


def _storm(sizes: Sizes) -> Iterator[Line]:
    with tempfile.TemporaryDirectory(prefix="opsc-") as folder:
        ground = fleet.Ground(Path(folder), sizes.storm, level=False)
        try:
            yield storm.keys_in_a_storm(ground, sizes.storm, sizes.storms)
        finally:
            ground.close()


def _jitter(sizes: Sizes) -> Iterator[Line]:
    with tempfile.TemporaryDirectory(prefix="opsc-") as folder:
        yield from jitter.healthy_hosts(Path(folder), sizes.jitter_hosts, sizes.seconds)


def _web(sizes: Sizes) -> Iterator[Line]:
    yield from web.checks(sizes.endpoints)


def _storage(sizes: Sizes) -> Iterator[Line]:
    yield from storage.bytes_written(200 if sizes.starts < 5 else 1_000)


def _alerts(sizes: Sizes) -> Iterator[Line]:
    yield from alerts.arriving(sizes.alerts, sizes.keys)


SECTIONS: dict[str, Callable[[Sizes], Iterator[Line]]] = {
    "screen": _screen,
    "start": _start,
    "storm": _storm,
    "alerts": _alerts,
    "fleet": _fleet,
    "fanout": _fanout,
    "jitter": _jitter,
    "web": _web,
    "storage": _storage,
}
"""In this order, whatever was asked for first: `fleet` makes this process nice, and what it starts then."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the sections that were asked for, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="smaller fleets, fewer repeats: some five minutes"
    )
    parser.add_argument("section", nargs="*", choices=[*SECTIONS, []], help="default: all")
    wanted = parser.parse_args(argv)
    load = os.getloadavg()[0]
    print(
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, load {load:.1f}\n"
    )
    for name in (each for each in SECTIONS if each in (wanted.section or SECTIONS)):
        began = time.monotonic()
        show(SECTIONS[name](Sizes(quick=wanted.quick)))
        print(f"    ({name}: {time.monotonic() - began:.0f} s)\n", flush=True)


if __name__ == "__main__":
    main()
