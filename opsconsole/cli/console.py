"""Open the full screen on an engine; the engine's libraries load after the first frame."""

import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opsconsole.cli.options import Options

if TYPE_CHECKING:
    from opsconsole.rpc.client import Client


def open_console(options: Options) -> int:
    """Open the console and return the exit code it ends with."""
    from opsconsole.ui.app import run

    def connect() -> "Client":
        # In the forked half: what is imported before it is in both.
        from opsconsole.cli.attach import inside, starting

        return inside(options, "console") if options.solo else starting(options, "console")

    def examine() -> Sequence[str]:
        from opsconsole.cli.doctor import report

        return tuple(report(options))

    began = os.getpid()
    code = 1
    try:
        with on_the_terminal():
            code = run(connect, ascii=options.ascii, examine=examine)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    finally:
        if os.getpid() != began:
            _end_here(code)
    return code


@contextmanager
def on_the_terminal() -> Iterator[None]:
    """Draw on the terminal behind stdout where stderr is a file: Textual paints on stderr."""
    if os.isatty(2):
        yield
        return
    kept = os.dup(2)
    os.dup2(1, 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)


def _end_here(code: int) -> None:
    """End the forked half that drew the screen: what is below on the stack belongs to the half that waits."""
    if sys.exc_info()[1] is not None:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
