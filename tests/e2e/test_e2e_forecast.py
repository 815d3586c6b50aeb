"""Our least-squares line is Prometheus's own: `deriv` and `predict_linear` of the same points."""

import json
import math
import random
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from opsconsole.alerting.forecast import least_squares, quantile
from tests.e2e.realservers import RealServer
from tests.realsshd import need

pytestmark = pytest.mark.real
WINDOW = 6 * 3600
AHEAD = 24 * 3600


class Backfilled(RealServer):
    """A Prometheus that scrapes nothing and knows what was put into its storage."""

    def __init__(self, folder: Path, series: dict[str, list[tuple[float, float]]]) -> None:
        super().__init__(folder)
        lines = [
            f'fs_avail{{case="{name}"}} {value!r} {at:.3f}'
            for name, points in series.items()
            for at, value in points
        ]
        text = folder / "points.txt"
        text.write_text("# TYPE fs_avail gauge\n" + "\n".join(lines) + "\n# EOF\n")
        subprocess.run(
            [need("promtool", "prometheus"), "tsdb", "create-blocks-from", "openmetrics",
             str(text), str(folder / "data")],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip

    def command(self) -> list[str]:
        config = self.folder / "prometheus.yml"
        config.write_text("global: {scrape_interval: 1m}\n")
        return [
            need("prometheus", "prometheus"), f"--config.file={config}",
            f"--storage.tsdb.path={self.folder / 'data'}", f"--web.listen-address=127.0.0.1:{self.port}",
        ]  # fmt: skip

    def ask(self, query: str, at: float) -> dict[str, float]:
        asked = urllib.parse.urlencode({"query": query, "time": f"{at:.3f}"})
        with urllib.request.urlopen(f"{self.url}/api/v1/query?{asked}", timeout=20) as answer:
            found = json.load(answer)["data"]["result"]
        return {one["metric"]["case"]: float(one["value"][1]) for one in found}


def _cases(end: int) -> dict[str, list[tuple[float, float]]]:
    dice = random.Random(3)
    times = [float(end - WINDOW + 30 + step * 60) for step in range(WINDOW // 60)]
    return {
        "steady": [(t, 3e10 - 5e5 * (t - times[0])) for t in times],
        "noisy": [(t, 2e10 - 2e5 * (t - times[0]) + dice.uniform(-1e9, 1e9)) for t in times],
        "constant": [(t, 12345.678) for t in times],
        "small": [(t, 0.4 - 1e-6 * (t - times[0]) + dice.uniform(-1e-3, 1e-3)) for t in times],
        "gappy": [(t, dice.uniform(0, 1e12)) for t in times if dice.random() < 0.3],
        "two": [(times[0], 1.0), (times[-1], 2.0)],
    }


def test_slope_and_prediction_are_those_of_prometheus(tmp_path: Path) -> None:
    end = int(time.time()) // 7200 * 7200 - 3600
    series = _cases(end)

    with Backfilled(tmp_path, series) as server:
        slopes = server.ask(f"deriv(fs_avail[{WINDOW}s])", end)
        ahead = server.ask(f"predict_linear(fs_avail[{WINDOW}s], {AHEAD})", end)
        quarter = server.ask(f"quantile_over_time(0.25, fs_avail[{WINDOW}s])", end)

    assert slopes.keys() == ahead.keys() == series.keys()
    for name, points in series.items():
        line = least_squares(points, float(end))
        assert line is not None
        size = max(abs(value) for _, value in points)
        assert math.isclose(line.slope, slopes[name], rel_tol=1e-9, abs_tol=1e-9 * size / WINDOW), (
            name
        )
        assert math.isclose(line.value_at(end + AHEAD), ahead[name], rel_tol=1e-9), name
        values = sorted(value for _, value in points)
        assert math.isclose(quantile(values, 0.25), quarter[name], rel_tol=1e-9), name
