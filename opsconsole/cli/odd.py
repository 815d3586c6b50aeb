"""`odd`: which hosts are unlike those that do the same work, now; or one unlike itself."""

import sys

import click

from opsconsole.cli.options import Options
from opsconsole.model.capacity import Odds


@click.command()
@click.argument("host", required=False, default="")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def odd(options: Options, /, host: str, as_json: bool) -> int:
    """List hosts that are far from their peers of the same role, the oddest first; pages nobody.

    With a HOST: what of it is far from its own past, at this hour of the week or in the last 24 h.
    """
    from opsconsole.cli.attach import finish
    from opsconsole.cli.show import print_columns, print_json
    from opsconsole.view.glyphs import ASCII, UNICODE
    from opsconsole.view.odd import HEAD, empty_words, plain_rows

    found = finish(_ask(options, host))
    if as_json:
        print_json({"schema": "opsconsole.odd/1", "odd": found})
    elif found.odds:
        is_utf8 = (sys.stdout.encoding or "ascii").lower().replace("-", "") == "utf8"
        glyphs = UNICODE if is_utf8 and not options.ascii else ASCII
        print_columns(plain_rows(found.odds, glyphs), HEAD)
    else:
        print(empty_words(found))
    return 0


async def _ask(options: Options, host: str) -> Odds:
    from opsconsole.cli.attach import attached
    from opsconsole.model.alert_calls import ReadOdd

    async with attached(options) as client:
        return await client.call(ReadOdd(host.removeprefix("host:")), Odds)
