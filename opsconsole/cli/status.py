"""`status`: what the panes would show, as text or JSON, with Nagios's exit codes."""

import shutil
import sys

import click

from opsconsole.cli.exits import Status, complain
from opsconsole.cli.options import Options
from opsconsole.errors import OpsConsoleError
from opsconsole.model.snapshot import Snapshot

_WAIT = 10.0


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.option(
    "--wait",
    default=_WAIT,
    show_default=True,
    type=click.FloatRange(0, 3600),
    metavar="SECONDS",
    help="Return when everything has a result, or after so long.",
)
@click.option(
    "--select", default="", metavar="FILTER", help="Only these: role:web, state:critical."
)
@click.option(
    "--at", default="", metavar="TIME", help="As it was: 14:05, 30m ago as 30m, or ISO 8601."
)
@click.pass_obj
def status(options: Options, /, as_json: bool, wait: float, select: str, at: str) -> int:
    """Print hosts, services and fires; exits 0, 1, 2 or 3 for ok, warning, critical or unknown."""
    return print_status(options, as_json=as_json, wait=wait, select=select, at=at)


def print_status(
    options: Options, *, as_json: bool = False, wait: float = _WAIT, select: str = "", at: str = ""
) -> int:
    """Print it; every trouble of ours is `unknown` with a sentence on stderr."""
    from opsconsole.cli.attach import finish

    try:
        shown, now, me = finish(look_back(options, at) if at else look(options, wait))
        return _print(options, shown, now, me, as_json=as_json, select=select)
    except OpsConsoleError as error:
        complain(error)
        return Status.UNKNOWN


async def look(options: Options, wait: float) -> tuple[Snapshot, float, str]:
    """Give the snapshot once everything has a result or `wait` seconds are over, its now, and who asks."""
    from opsconsole.cli.attach import watching
    from opsconsole.cli.settle import settled

    async with watching(options) as client:
        await settled(client, wait)
        return client.snapshot, client.now(), client.actor


async def look_back(options: Options, text: str) -> tuple[Snapshot, float, str]:
    """Give the board as it was at a time, that time, and who asks; says on stderr which time it is.

    Raises:
        LineError: It is no time, or not over yet.
        RefusedError: Nothing is kept of then.
    """
    from opsconsole.cli.attach import attached
    from opsconsole.commands.when import past_time
    from opsconsole.model.moment import Moment, ReadMoment
    from opsconsole.view.format import age, moment

    async with attached(options) as client:
        now = client.now()
        then = await client.call(ReadMoment(past_time(text, now, local=True)), Moment)
        note = f"; {then.note}" if then.note else ""
        said = f"as it was at {moment(then.at, now, 'local')}, {age(now - then.at)} ago{note}"
        print(said, file=sys.stderr)
        return then.board, then.at, client.actor


def _print(  # one argument each for what is known and how it is wanted
    options: Options, shown: Snapshot, now: float, me: str, *, as_json: bool, select: str
) -> int:
    import opsconsole.view.status as view
    from opsconsole.view.glyphs import ASCII, UNICODE
    from opsconsole.view.options import ViewOptions

    if as_json:
        from opsconsole.cli.show import print_json

        print_json(view.document(shown, now, select))
    else:
        glyphs = ASCII if options.ascii or not _is_utf8() else UNICODE
        look = ViewOptions(glyphs=glyphs, me=me)
        print(view.text(shown, now, select, width=_width(), options=look).rstrip("\n"))
    return view.exit_code(shown, now, select)


def _width() -> int:
    return shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 100


def _is_utf8() -> bool:
    return (sys.stdout.encoding or "ascii").lower().replace("-", "") == "utf8"
