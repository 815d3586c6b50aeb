"""`maintenance`: agreed times in which trouble calls nobody; opened, listed, ended."""

import click

from opsconsole.cli.lazy import HintingGroup
from opsconsole.cli.options import Options


@click.group(cls=HintingGroup)
def maintenance() -> None:
    """Maintenance: hosts and services that are worked on; still watched, shown, and quiet."""


@maintenance.command("open")
@click.argument("name")
@click.option(
    "--on", "scope", default="", metavar="FILTER", help="Which hosts: role:db rack:r1; * for all."
)
@click.option(
    "--service", "services", multiple=True, metavar="NAME", help="Which services; may be repeated."
)
@click.option("--for", "span", required=True, metavar="TIME", help="How long: 30m, 2h.")
@click.option("--at", "at", metavar="TIME", help="From when: 22:00, or ISO 8601; now if not said.")
@click.pass_obj
def open_(
    options: Options, /, name: str, scope: str, services: tuple[str, ...], span: str, at: str | None
) -> int:
    """Say what is done, where, and for how long."""
    from opsconsole.cli.attach import finish, tell
    from opsconsole.cli.spans import moment, seconds
    from opsconsole.model.alert_calls import OpenMaintenance

    starts = None if at is None else moment(at)
    call = OpenMaintenance(name, seconds(span), scope, services, starts)
    print(finish(tell(options, call)).text)
    return 0


@maintenance.command()
@click.argument("id")
@click.pass_obj
def end(options: Options, /, id: str) -> int:
    """End a window that somebody opened."""
    from opsconsole.cli.attach import finish, tell
    from opsconsole.model.alert_calls import CloseMaintenance

    print(finish(tell(options, CloseMaintenance(id))).text)
    return 0


@maintenance.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def list_(options: Options, /, as_json: bool) -> int:
    """List what is on and what comes next."""
    from opsconsole.cli.attach import finish
    from opsconsole.cli.show import print_columns, print_json
    from opsconsole.cli.status import look
    from opsconsole.view.expiring import window_words

    snapshot, now, _me = finish(look(options, 10.0))
    found = sorted(snapshot.windows.values(), key=lambda each: (not each.is_on, each.begins))
    if as_json:
        print_json({"schema": "opsconsole.maintenance/1", "windows": found})
    elif found:
        print_columns(
            (each.window.id, window_words(each, now), each.window.name, each.window.actor)
            for each in found
        )
    else:
        print("no maintenance is on or planned")
    return 0
