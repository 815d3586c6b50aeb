"""`engine`: the process behind the consoles, by hand."""

import gc

import click

from opsconsole.cli.exits import Exit
from opsconsole.cli.lazy import HintingGroup
from opsconsole.cli.options import Options
from opsconsole.errors import EngineError


@click.group(cls=HintingGroup)
def engine() -> None:
    """Start, stop or look at the engine; consoles start it by themselves."""


@engine.command()
@click.pass_obj
def start(options: Options, /) -> int:
    """Start the engine if it does not run."""
    from opsconsole.cli.attach import finish
    from opsconsole.clock import SystemClock
    from opsconsole.engine.launch import ensure

    finish(ensure(options.launch(), options.place(), SystemClock()))
    print(finish(_started(options)))
    return Exit.DONE


@engine.command()
@click.option("--force", is_flag=True, help="Even while a run is live: its targets become UNKNOWN.")
@click.pass_obj
def stop(options: Options, /, force: bool) -> int:
    """Stop the engine; refused while a run is live."""
    from opsconsole.cli.attach import finish
    from opsconsole.engine.stopping import stop_engine

    print(finish(stop_engine(options.place(create=False), force=force)))
    return Exit.DONE


@engine.command()
@click.option("--force", is_flag=True, help="Even while a run is live: its targets become UNKNOWN.")
@click.pass_obj
def restart(options: Options, /, force: bool) -> int:
    """Stop the engine and start it again, as after an upgrade; refused while a run is live."""
    from opsconsole.cli.attach import finish
    from opsconsole.engine.stopping import stop_engine

    print(finish(stop_engine(options.place(), force=force)))
    print(finish(_started(options)))
    return Exit.DONE


@engine.command()
@click.option("--yes", is_flag=True, help="Even where many hosts would go.")
@click.pass_obj
def reload(options: Options, /, yes: bool) -> int:
    """Read configuration and plugins again; a mistake keeps the old ones."""
    from opsconsole.cli.attach import finish, tell
    from opsconsole.model.calls import Reload

    print(finish(tell(options, Reload(force=yes))).text)
    return Exit.DONE


@engine.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def status(options: Options, /, as_json: bool) -> int:
    """Say what the running engine says of itself; exits 1 when none runs."""
    from opsconsole.cli.attach import finish, hello
    from opsconsole.cli.show import print_json
    from opsconsole.clock import SystemClock
    from opsconsole.model.calls import EngineStatus
    from opsconsole.model.figures import EngineFigures
    from opsconsole.rpc.client import Client, open_path

    place = options.place(create=False)

    async def ask() -> EngineFigures:
        opener = open_path(str(place.socket))
        async with Client(opener, hello("cli", subscribe=False), SystemClock()) as client:
            await client.ready()
            return await client.call(EngineStatus(), EngineFigures)

    try:
        figures = finish(ask())
    except EngineError as error:
        print(f"engine {place.name} does not run ({error})")
        return Exit.FAILED
    if as_json:
        print_json({"schema": "opsconsole.engine/1", **_as_dict(figures)})
        return Exit.DONE
    print(
        f"engine {figures.name}: pid {figures.pid}, version {figures.version}, {figures.hosts} hosts, "
        f"{figures.clients} clients, {figures.runs} live runs, {figures.rss >> 20} MiB, "
        f"worst delay {figures.lag * 1000:.0f} ms\n{figures.config or 'no configuration file'}\n{place.folder}"
    )
    return Exit.DONE


@engine.command()
@click.option("--detach", is_flag=True, help="Leave the terminal and run in the background.")
@click.pass_obj
def run(options: Options, /, detach: bool) -> int:
    """Be the engine, in the foreground; what a service manager calls."""
    gc.disable()  # until it serves: a fifth of the start would be spent looking for garbage
    from opsconsole.transport.loading import load_ssh

    load_ssh()
    from opsconsole.engine.daemon import run_engine

    return run_engine(options.launch(), options.place(), detached=detach)


async def _started(options: Options) -> str:
    from opsconsole.cli.attach import attached
    from opsconsole.model.calls import EngineStatus
    from opsconsole.model.figures import EngineFigures

    async with attached(options) as client:
        figures = await client.call(EngineStatus(), EngineFigures)
    return f"engine {figures.name} runs, pid {figures.pid}, {figures.hosts} hosts"


def _as_dict(figures: object) -> dict[str, object]:
    import msgspec

    plain: dict[str, object] = msgspec.to_builtins(figures)
    return plain
