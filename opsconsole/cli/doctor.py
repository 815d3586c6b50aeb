"""`doctor`: look at everything the console leans on, and say how to mend what is wrong."""

import locale
import os
import shutil
import sys
from collections.abc import Iterable, Iterator

import click

from opsconsole.cli.exits import Status
from opsconsole.cli.findings import Finding, Level
from opsconsole.cli.options import Options

_SIGNS = {Level.OK: "ok  ", Level.NOTE: "note", Level.WARNING: "WARN", Level.BAD: "BAD "}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def doctor(options: Options, /, as_json: bool) -> int:
    """Say what is wrong around the console and how to mend it; exits 0, 1 (warnings) or 2."""
    from opsconsole.cli.show import print_json

    findings = tuple(_examine(options))
    if as_json:
        print_json({"schema": "opsconsole.doctor/1", "findings": findings})
    else:
        print(*_lines(findings), sep="\n")
    levels = {one.level for one in findings}
    if Level.BAD in levels:
        return Status.CRITICAL
    return Status.WARNING if Level.WARNING in levels else Status.OK


def report(options: Options) -> Iterator[str]:
    """Look at everything and write what was found, for the screen."""
    return _lines(_examine(options))


def _lines(findings: Iterable[Finding]) -> Iterator[str]:
    for one in findings:
        yield f"{_SIGNS[one.level]} {one.area}: {one.text}"
        if one.fix:
            yield f"       -> {one.fix}"


def _examine(options: Options) -> Iterator[Finding]:
    from opsconsole.cli.doctor_fleet import look_at_fleet
    from opsconsole.cli.doctor_machine import (
        look_at_agent,
        look_at_logout,
        look_at_program,
        look_at_state,
    )
    from opsconsole.cli.doctor_terminal import look_at_terminal, look_at_tmux
    from opsconsole.rpc.peer import name_of

    size = shutil.get_terminal_size((80, 24))
    yield from look_at_program()
    yield from look_at_terminal(
        os.environ,
        is_terminal=sys.stdin.isatty() and sys.stdout.isatty(),
        encoding=locale.getpreferredencoding(do_setlocale=False),
        size=(size.columns, size.lines),
    )
    yield from look_at_tmux(os.environ)
    yield from look_at_agent(os.environ)
    yield from look_at_state(options)
    yield from look_at_logout(name_of(os.geteuid()))
    yield from look_at_fleet(options)
