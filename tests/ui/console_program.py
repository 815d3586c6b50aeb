"""The console on a fake engine, as a program: what the tests on a pseudo-terminal run."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

if __name__ == "__main__":
    from opsconsole.ui.app import run

    def connect() -> object:
        from ui_scene import FakeSource

        return FakeSource()

    sys.exit(run(connect, ascii="--ascii" in sys.argv))
