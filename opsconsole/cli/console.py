"""Open the full screen on an engine; the engine's libraries load after the first frame."""

from opsconsole.cli.attach import inside, starting
from opsconsole.cli.options import Options
from opsconsole.rpc.client import Client


def open_console(options: Options) -> int:
    """Open the console and return the exit code it ends with."""
    from opsconsole.ui.app import run

    def connect() -> Client:
        return inside(options, "console") if options.solo else starting(options, "console")

    return run(connect, ascii=options.ascii)
