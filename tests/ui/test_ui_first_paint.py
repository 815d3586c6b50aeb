"""The first frame needs no network: what is imported before it is counted, not timed."""

import subprocess
import sys
from pathlib import Path

PROBE = """
import asyncio, sys
sys.path.insert(0, {folder!r})
import opsconsole.ui.app
from opsconsole.ui.console import Console
from opsconsole.ui.frames import UNICODE
from opsconsole.ui.look import Look
from opsconsole.ui.themes import theme_folders
from opsconsole.clock import SystemClock
from ui_scene import FakeSource

class Probe(FakeSource):
    def start(self):
        told = sorted(set(sys.modules) & {{
            "asyncssh", "httpx", "sqlite3", "cryptography", "aiohttp",
            "opsconsole.ui.verbs.acting", "opsconsole.ui.screens.form", "opsconsole.ui.screens.host",
        }})
        print("STARTED", *told, flush=True)

async def main():
    themes = theme_folders()
    app = Console(lambda: Probe(), Look(themes.load("dark"), UNICODE, SystemClock()), themes, driver=None)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.pause()

asyncio.run(main())
"""


def test_neither_the_network_nor_dialogs_are_imported_before_the_first_frame(tmp_path: Path):
    program = PROBE.format(folder=str(Path(__file__).parent))

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=False
    )

    assert done.stdout.strip() == "STARTED", done.stderr[-2000:]


def test_to_open_the_screen_neither_a_command_line_nor_yaml_is_read(tmp_path: Path):
    program = (
        "import sys, opsconsole.__main__, opsconsole.cli.screen, opsconsole.cli.console, opsconsole.ui.console;"
        "print(*sorted({'click', 'yaml'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=True
    )

    assert done.stdout.strip() == ""


def test_the_guard_is_small(tmp_path: Path):
    program = "import sys, opsconsole.ui.app; print(*sorted({'textual', 'rich', 'msgspec'} & set(sys.modules)))"

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=True
    )

    assert done.stdout.strip() == ""
