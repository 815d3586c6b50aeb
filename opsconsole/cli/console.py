"""Open the full screen on an engine; the engine's libraries load after the first frame."""

import os
import sys
import traceback

from opsconsole.cli.attach import inside, starting
from opsconsole.cli.options import Options
from opsconsole.rpc.client import Client


def open_console(options: Options) -> int:
    """Open the console and return the exit code it ends with."""
    from opsconsole.ui.app import run

    def connect() -> Client:
        return inside(options, "console") if options.solo else starting(options, "console")

    began = os.getpid()
    code = 1
    try:
        code = run(connect, ascii=options.ascii)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    finally:
        if os.getpid() != began:
            _end_here(code)
    return code


def _end_here(code: int) -> None:
    """End the forked half that drew the screen: what is below on the stack belongs to the half that waits."""
    if sys.exc_info()[1] is not None:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
