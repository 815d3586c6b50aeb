"""The screen without a command line: what `opsconsole` alone does; nothing that reads words is imported."""

import os
import sys

from opsconsole.errors import OpsConsoleError


def has_screen() -> bool:
    """Tell whether a full screen can be drawn here: a terminal at both ends that is not dumb."""
    is_dumb = os.environ.get("TERM", "") in ("", "dumb")
    return sys.stdin.isatty() and sys.stdout.isatty() and not is_dumb


def open_plainly() -> int:
    """Open the console with every option as it is by default, and return the exit code."""
    from opsconsole.cli.console import open_console
    from opsconsole.cli.options import Options

    try:
        return open_console(Options())
    except OpsConsoleError as error:
        from opsconsole.cli.exits import code_of, complain

        complain(error)
        return code_of(error)
