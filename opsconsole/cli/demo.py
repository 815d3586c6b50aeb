"""`demo`: a simulated fleet on loopback, and a console on it with an engine of its own."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from msgspec.structs import replace

from opsconsole.cli.options import Options
from opsconsole.errors import EngineError

_NAME = "demo"
_END_WITHIN = 15.0


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
    from opsconsole.cli.main import has_screen
    from opsconsole.cli.status import print_status
    from opsconsole.engine.lock import holder_of
    from opsconsole.engine.place import Place
    from opsconsole.engine.stopping import stop_engine

    place = Place.of(_NAME)
    if holder_of(place.lock) is not None:
        print("a demo runs already: this console joins it")
        return open_console(replace(options, engine=_NAME))
    _empty(place.folder)
    with _fleet(place.folder / "fleet", hosts, seed) as config:
        ours = replace(options, config=config, engine=_NAME, hosts=None)
        if not has_screen():
            return print_status(replace(ours, solo=True))
        try:
            return open_console(ours)
        finally:
            finish(stop_engine(place, force=True))


@contextmanager
def _fleet(folder: Path, hosts: int, seed: int) -> Iterator[Path]:
    command = [sys.executable, "-m", "opsconsole", "demo", "--serve", str(folder)]
    command += ["--hosts", str(hosts), "--seed", str(seed)]
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        yield _config_of(child)
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(_END_WITHIN)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdout is not None:
            child.stdout.close()
        shutil.rmtree(folder, ignore_errors=True)


def _config_of(child: "subprocess.Popen[bytes]") -> Path:
    assert child.stdout is not None
    line = child.stdout.readline()
    if not line:
        raise EngineError(f"the demo fleet did not start (exit {child.wait(_END_WITHIN)})")
    return Path(json.loads(line)["config"])


def _empty(folder: Path) -> None:
    """Forget the last demo; the folder is ours, 0700 and checked."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != "lock":
            entry.unlink()
