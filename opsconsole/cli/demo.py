"""`demo`: a simulated fleet on loopback, and a console on it with an engine of its own."""

import shutil
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from opsconsole.cli.options import Options

if TYPE_CHECKING:
    from opsconsole.engine.place import Place

_NAME = "demo"


@click.command()
@click.option("--hosts", default=40, show_default=True, type=click.IntRange(4, 2000))
@click.option("--seed", default=7, show_default=True, type=int, help="Another story.")
@click.option(
    "--serve",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Only serve the fleet, with its files and opsconsole.yaml in DIR, until SIGTERM.",
)
@click.pass_obj
def demo(options: Options, /, hosts: int, seed: int, serve: Path | None) -> int:
    """Watch a fleet that lives in this machine: things fail in it, and can be mended."""
    if serve is not None:
        from opsconsole.testing.serve import serve as serve_fleet

        return serve_fleet(serve, hosts=hosts, seed=seed)
    return _console_on_demo(options, hosts, seed)


def _console_on_demo(options: Options, hosts: int, seed: int) -> int:
    from opsconsole.cli.attach import finish
    from opsconsole.cli.console import open_console
    from opsconsole.cli.demo_fleet import end_orphan, fleet
    from opsconsole.cli.screen import has_screen
    from opsconsole.cli.status import print_status
    from opsconsole.clock import SystemClock
    from opsconsole.engine.place import Place
    from opsconsole.engine.stopping import stop_engine
    from opsconsole.testing.past import leave_past

    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, _leave)
    place = Place.of(_NAME)
    if finish(_is_watched(place)):
        print("a demo runs already: this console joins it")
        return open_console(replace(options, engine=_NAME))
    finish(stop_engine(place, force=True))
    end_orphan(place.folder / "fleet")
    _empty(place.folder)
    finish(leave_past(place.history, hosts, seed, SystemClock()))
    with fleet(place.folder / "fleet", hosts, seed) as config:
        ours = replace(options, config=config, engine=_NAME, hosts=None)
        if not has_screen():
            return print_status(replace(ours, solo=True))
        try:
            return open_console(ours)
        finally:
            finish(stop_engine(place, force=True))


def _leave(number: int, _frame: FrameType | None) -> None:
    """Let a signal unwind the stack, so that fleet and engine are ended on the way."""
    sys.exit(128 + number)


async def _is_watched(place: "Place") -> bool:
    """Tell whether somebody watches a demo: one that nobody watches lost its console, and is ended."""
    from opsconsole.cli.attach import hello
    from opsconsole.clock import SystemClock
    from opsconsole.errors import EngineError
    from opsconsole.rpc.client import Client, open_path

    async with Client(open_path(str(place.socket)), hello("cli"), SystemClock()) as client:
        try:
            await client.ready(5.0)
        except EngineError:
            return False
        return bool(client.snapshot.people)


def _empty(folder: Path) -> None:
    """Forget the last demo; the folder is ours, 0700 and checked."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.name != "lock":
            entry.unlink(
                missing_ok=True
            )  # an engine that is just ending takes its socket away itself
