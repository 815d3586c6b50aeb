"""What rules look back on: kept by what they name, thinned, and dropped when nobody asks."""

import random
from itertools import pairwise

import pytest

from opsconsole.state.tracks import Tracks

T0 = 1_800_000_000.0
HOUR = 3600.0


def _tracks(**windows: float) -> Tracks:
    tracks = Tracks()
    tracks.watch({name.replace("__", "."): window for name, window in windows.items()})
    return tracks


def test_only_what_a_rule_looks_back_on_is_kept() -> None:
    tracks = _tracks(fs__available=6 * HOUR)
    tracks.put("host:a", T0, {"fs.available{mount=/}": 5.0, "cpu.busy": 0.5})

    assert list(tracks.points("host:a", "fs.available{mount=/}", 0)) == [(T0, 5.0)]
    assert list(tracks.points("host:a", "cpu.busy", 0)) == []
    assert list(tracks.points("host:b", "fs.available{mount=/}", 0)) == []


def test_an_hour_is_kept_to_the_sample_and_no_longer() -> None:
    tracks = _tracks(mem__oom_kills=HOUR)
    for step in range(720):
        tracks.put("host:a", T0 + 10 * step, {"mem.oom_kills": float(step)})
    end = T0 + 10 * 719

    assert len(tracks.points("host:a", "mem.oom_kills", end - HOUR)) == 361
    assert len(tracks.points("host:a", "mem.oom_kills", 0)) <= 361 + 64


@pytest.mark.parametrize("kind", ["falling", "constant", "noise"])
def test_a_long_window_is_thinned_to_what_a_line_needs(kind: str) -> None:
    tracks, dice = _tracks(fs__available=6 * HOUR), random.Random(1)
    for step in range(6 * 360):
        value = {"falling": 1e9 - step, "constant": 5.0, "noise": dice.random()}[kind]
        tracks.put("host:a", T0 + 10 * step, {"fs.available": value})

    points = tracks.points("host:a", "fs.available", 0)

    assert 100 <= len(points) <= 8 * 120 + 64
    assert points[-1][0] == T0 + 10 * (6 * 360 - 1)
    assert points[0][0] == T0


def test_where_a_long_series_turns_is_kept() -> None:
    tracks = _tracks(fs__readonly=24 * HOUR)
    values = [0.0] * 30 + [1.0] * 3 + [0.0] * 30
    for step, value in enumerate(values):
        tracks.put("host:a", T0 + 120 * step, {"fs.readonly": value})

    kept = [value for _, value in tracks.points("host:a", "fs.readonly", 0)]

    assert sum(a != b for a, b in pairwise(kept)) == 2
    assert len(kept) < len(values)


def test_time_goes_forward_and_nan_is_no_point() -> None:
    tracks = _tracks(cpu__busy=60.0)
    for at, value in ((T0, 1.0), (T0 + 1, float("nan")), (T0 - 5, 2.0), (T0 + 2, 3.0)):
        tracks.put("host:a", at, {"cpu.busy": value})

    assert list(tracks.points("host:a", "cpu.busy", 0)) == [(T0, 1.0), (T0 + 2, 3.0)]


def test_other_rules_and_other_hosts_drop_what_is_no_longer_asked_for() -> None:
    tracks = _tracks(cpu__busy=60.0, load__1m=60.0)
    for host in ("a", "b"):
        tracks.put(f"host:{host}", T0, {"cpu.busy": 1.0, "load.1m": 1.0})

    tracks.watch({"load.1m": 60.0})
    tracks.keep(lambda subject: subject == "host:a")

    assert list(tracks.points("host:a", "cpu.busy", 0)) == []
    assert list(tracks.points("host:b", "load.1m", 0)) == []
    assert tracks.size == 16


@pytest.mark.parametrize(
    ("functions", "most"),
    [({"sum"}, 40), ({"delta"}, 40), ({"resets"}, 40), ({"avg"}, 420), ({"sum", "avg"}, 420)],
)
def test_what_rests_is_kept_in_a_few_points_where_nothing_is_lost(
    functions: set[str], most: int
) -> None:
    tracks = Tracks()
    tracks.watch({"x": HOUR}, {"x": frozenset(functions)})
    for step in range(400):
        tracks.put("host:a", T0 + 10 * step, {"x": 3.0 if step in (200, 201) else 0.0})

    points = tracks.points("host:a", "x", T0 + 10 * 39)

    assert len(points) <= most
    assert functions == {"resets"} or sum(value for _, value in points) == 6.0
    assert max(b[0] - a[0] for a, b in pairwise(points)) <= HOUR / 8


def test_a_counter_that_rises_keeps_its_resets() -> None:
    tracks = Tracks()
    tracks.watch({"uptime": HOUR}, {"uptime": frozenset({"resets"})})
    for step in range(300):
        tracks.put("host:a", T0 + 10 * step, {"uptime": 10.0 * (step % 100)})

    values = [value for _, value in tracks.points("host:a", "uptime", 0)]

    assert sum(b < a for a, b in pairwise(values)) == 2
    assert len(values) < 40
