"""`plugin list`, `resume`, `reload` and `pane`: plugins as the engine has them."""

from collections.abc import Sequence
from typing import Final

import click

from opsconsole.cli import complete
from opsconsole.cli.exits import Exit
from opsconsole.cli.options import Options
from opsconsole.model.pane import PaneData
from opsconsole.model.plugin import PluginRecord

_POINTS: Final = 10
"""Points of a series that are printed."""


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def list_plugins(options: Options, /, as_json: bool) -> int:
    """List every plugin that was found, loaded or not, with its faults where the engine runs."""
    from opsconsole.cli.attach import finish
    from opsconsole.cli.show import print_columns, print_json

    found = finish(_records(options))
    if as_json:
        print_json({"schema": "opsconsole.plugins/1", "plugins": found})
        return Exit.DONE
    print_columns(map(_columns, found), head=("PLUGIN", "VERSION", "STATE", "FROM", "BRINGS"))
    for one in found:
        for said in _remarks(one):
            print(f"! {one.id}: {said}")
    return Exit.FAILED if any(one.error or one.quarantined for one in found) else Exit.DONE


async def _records(options: Options) -> tuple[PluginRecord, ...]:
    """Ask the engine that runs; without one, load as it would."""
    from opsconsole.cli.attach import running
    from opsconsole.cli.catalogue import catalogue

    async with running(options) as client:
        found = catalogue(options) if client is None else client.snapshot
        return tuple(found.plugins.values())


def _columns(one: PluginRecord) -> tuple[str, ...]:
    return (one.id, one.version or "-", state_of(one), one.level or "-", _brings(one))


def state_of(one: PluginRecord) -> str:
    """Say how a plugin fares in a word."""
    if one.error:
        return "broken"
    if one.quarantined:
        return "quarantine"
    count = len(one.faults)
    return f"{count} fault{'s' * (count > 1)}" if count else "ok"


def _brings(one: PluginRecord) -> str:
    counts = {"action": len(one.actions)}
    for each in one.contributes:
        counts[each.kind] = counts.get(each.kind, 0) + 1
    words = [f"{n} {kind.replace('_', ' ')}{'s' * (n > 1)}" for kind, n in counts.items() if n]
    return ", ".join(words) or "nothing"


def _remarks(one: PluginRecord) -> list[str]:
    told = [f"{each.kind} in {each.where}: {each.text}" for each in one.faults[-3:]]
    times = {said: told.count(said) for said in told}
    faults = [said + f" ({count} times)" * (count > 1) for said, count in times.items()]
    closed = [f"in quarantine; opsconsole plugin resume {one.id}"] if one.quarantined else []
    return [*([one.error] if one.error else []), *faults, *closed, *one.warnings]


@click.command()
@click.argument("name", metavar="PLUGIN", shell_complete=complete.plugins)
@click.pass_obj
def resume(options: Options, /, name: str) -> int:
    """Call a plugin again that is in quarantine."""
    from opsconsole.cli.attach import finish, tell
    from opsconsole.model.calls import ResumePlugin

    print(finish(tell(options, ResumePlugin(name))).text)
    return Exit.DONE


@click.command()
@click.pass_obj
def reload(options: Options, /) -> int:
    """Read the configuration and every plugin again; a broken one is a row, runs keep what they began with."""
    from opsconsole.cli.attach import finish, tell
    from opsconsole.model.calls import Reload

    print(finish(tell(options, Reload())).text)
    return Exit.DONE


@click.command()
@click.argument("name", metavar="PANE")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def pane(options: Options, /, name: str, as_json: bool) -> int:
    """Print what a plugin's pane shows now; on screen it is `:pane PANE`."""
    from opsconsole.cli.attach import attached, finish
    from opsconsole.cli.show import print_columns, print_json
    from opsconsole.model.calls import ReadPane

    async def ask() -> PaneData:
        async with attached(options) as client:
            return await client.call(ReadPane(name), PaneData)

    shown = finish(ask())
    if as_json:
        print_json({"schema": "opsconsole.pane/1", "pane": shown})
    else:
        rows = [[each.text for each in row] for row in shown.rows]
        print_columns(rows, head=shown.columns)
        for line in (*shown.lines, *(f"{k}  {_points(v)}" for k, v in shown.series.items())):
            print(line)
    if shown.error and not as_json:
        print(f"! {shown.error}")
    return Exit.FAILED if shown.error else Exit.DONE


def _points(values: Sequence[float]) -> str:
    """Write the newest points of a line, the last one last."""
    return " ".join(f"{value:g}" for value in values[-_POINTS:])
