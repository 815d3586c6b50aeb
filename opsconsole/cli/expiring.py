"""`expiring`: what ends soon, in one list: silences, acks, certificates, maintenance, freezes, unlocks."""

import click

from opsconsole.cli.options import Options


@click.command()
@click.option(
    "--within", default="14d", show_default=True, metavar="TIME", help="How far ahead: 12h, 30d."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def expiring(options: Options, /, within: str, as_json: bool) -> int:
    """List what ends soon, the first on top."""
    from opsconsole.cli.attach import finish
    from opsconsole.cli.show import print_columns, print_json
    from opsconsole.cli.spans import seconds
    from opsconsole.cli.status import look
    from opsconsole.view.expiring import HEAD, ending, rows

    snapshot, now, _me = finish(look(options, 10.0))
    found = ending(snapshot, now, seconds(within))
    if as_json:
        print_json({"schema": "opsconsole.expiring/1", "ending": found})
    elif found:
        print_columns(rows(found, now), HEAD)
    else:
        print(f"nothing ends within {within}")
    return 0
