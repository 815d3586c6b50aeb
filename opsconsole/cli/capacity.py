"""`capacity`: what fills up, and when, as a range."""

import click

from opsconsole.cli.options import Options
from opsconsole.model.capacity import Capacity

_WITHIN = 30.0


@click.command()
@click.option("--select", default="", metavar="FILTER", help="Only these hosts: role:db, db-0*.")
@click.option("--within", metavar="TIME", help="Only what may be full so soon: 30d, 12h.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def capacity(options: Options, /, select: str, within: str | None, as_json: bool) -> int:
    """List disks, inodes, memory and kernel tables that fill, the first to be full on top."""
    from msgspec.structs import replace

    from opsconsole.cli.attach import finish
    from opsconsole.cli.show import print_columns, print_json
    from opsconsole.cli.spans import seconds
    from opsconsole.query.contexts import HOSTS
    from opsconsole.query.filter_line import compile_filter
    from opsconsole.view.capacity import HEAD, plain_rows, worth_showing

    limit = None if within is None else seconds(within)
    compile_filter(select, HOSTS)  # a mistake is shown here with its caret, before anybody is asked
    found = finish(_ask(options, select))
    shown = worth_showing(found.resources, limit)
    if as_json:
        kept = found if limit is None else replace(found, resources=shown)
        print_json({"schema": "opsconsole.capacity/1", "capacity": kept})
        return 0
    if not found.resources:
        print("nothing is known yet: the engine has just begun to look, or sees no host")
    elif shown:
        print_columns(plain_rows(shown), HEAD)
    else:
        print(
            f"nothing fills{f' within {within}' if within else ''}, of {len(found.resources)} looked at"
        )
    young = sum(each.per_day is None for each in found.resources)
    if young:
        print(
            f"{young} of {len(found.resources)} have too short a past to say (30 points are wanted)"
        )
    if found.note:
        print(found.note)
    return 0


async def _ask(options: Options, select: str) -> Capacity:
    from opsconsole.cli.attach import attached
    from opsconsole.model.alert_calls import ReadCapacity

    async with attached(options) as client:
        return await client.call(ReadCapacity(select), Capacity, within=_WITHIN)
