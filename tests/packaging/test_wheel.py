"""The wheel, as a stranger installs it: bare, into a clean environment, with nothing of this checkout."""

import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean environment's `bin`, with the wheel and its pinned dependencies in it."""
    where = tmp_path_factory.mktemp("wheel")
    quiet = ["-m", "pip", "--disable-pip-version-check", "--quiet"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(where), str(ROOT)]
    subprocess.run([sys.executable, *quiet, *build], check=True)
    venv.create(where / "env", with_pip=True)
    pins = where / "pins.txt"
    pins.write_text(
        "\n".join(
            re.findall(r"^\S+==\S+(?: ;.*?)?(?= \\)", (ROOT / "constraints.txt").read_text(), re.M)
        )
    )
    wheel = next(where.glob("*.whl"))
    python = where / "env" / "bin" / "python"
    subprocess.run(
        [python, *quiet, "install", "--prefer-binary", "-c", str(pins), str(wheel)], check=True
    )
    return python.parent


def _run(program: Path, *args: str, home: Path) -> subprocess.CompletedProcess[str]:
    env = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "dumb"}
    return subprocess.run(
        [program, *args], cwd=home, env=env, capture_output=True, text=True, timeout=60
    )


@pytest.mark.timeout(240)
def test_the_bare_wheel_tells_the_status_of_this_machine(installed: Path, tmp_path: Path) -> None:
    result = _run(installed / "opsconsole", "status", "--json", "--wait", "15", home=tmp_path)

    document = json.loads(result.stdout)
    assert document["schema"] == "opsconsole.status/1"
    assert [host["reach"] for host in document["hosts"]] == ["up"]
    assert document["hosts"][0]["metrics"]["mem.total"] > 0


@pytest.mark.timeout(240)
def test_the_wheel_carries_themes_and_plugins(installed: Path, tmp_path: Path) -> None:
    show = (
        "from opsconsole.shipped import shipped_dir as d;"
        "print(*[p.name for k in ('themes', 'plugins') for p in d(k).iterdir()])"
    )

    result = _run(installed / "python", "-c", show, home=tmp_path)

    assert {"dark.yaml", "light.yaml", "mono.yaml", "core"} <= set(result.stdout.split())
