"""`plugin keys`: who has which letter of the runbook menu, and who lost it to whom."""

import click

from opsconsole.cli.exits import Exit
from opsconsole.cli.options import Options


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def keys(options: Options, /, as_json: bool) -> int:
    """List the letters of the runbook menu with their owners; a clash names both, and costs one letter."""
    from opsconsole.actions.key_clashes import bindings
    from opsconsole.cli.catalogue import catalogue
    from opsconsole.cli.show import print_columns, print_json

    registry = catalogue(options)
    found = bindings(registry.wished)
    if as_json:
        print_json({"schema": "opsconsole.keys/1", "keys": found})
    else:
        rows = (
            (one.key, one.scope, one.action, f"lost to {one.lost_to}" if one.lost_to else "")
            for one in sorted(found, key=lambda one: (one.key, one.scope, bool(one.lost_to)))
        )
        print_columns(rows, head=("KEY", "SCOPE", "ACTION", ""))
    return Exit.FAILED if any(one.lost_to for one in found) else Exit.DONE
