"""`slo`: what is left of the error budgets."""

from collections.abc import Mapping

import click

from opsconsole.cli.options import Options
from opsconsole.errors import RefusedError
from opsconsole.model.slo import SloStatus


@click.command()
@click.argument("service", required=False)
@click.option("--what-if", "outage", metavar="TIME", help="What an outage would cost: 10m.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def slo(options: Options, /, service: str | None, outage: str | None, as_json: bool) -> int:
    """Print objectives, burn and what is left; exits 2 when one pages, 1 when one asks for a ticket."""
    from opsconsole.cli.attach import finish
    from opsconsole.cli.show import print_columns, print_json
    from opsconsole.cli.spans import seconds
    from opsconsole.view.slo import HEAD, cost_words, table

    found = finish(_look(options))
    if service is not None:
        if service not in found:
            known = ", ".join(found) or "none has one: write `slo:` into a service"
            raise RefusedError("unknown-target", f"no objective for {service}; there are: {known}")
        found = {service: found[service]}
    if as_json:
        print_json({"schema": "opsconsole.slo/1", "slos": [*found.values()]})
    elif not found:
        print("no service has an objective; write `slo: {objective: 99.9%}` into one")
    else:
        print_columns(table([*found.values()]), HEAD)
        for each in found.values() if outage else ():
            print(cost_words(each, seconds(outage or "0")))
    firing = {each.firing for each in found.values()}
    return 2 if "page" in firing else 1 if "ticket" in firing else 0


async def _look(options: Options) -> Mapping[str, SloStatus]:
    """Ask the engine: a budget needs the past, which a poll of now does not have."""
    from opsconsole.cli.attach import attached

    async with attached(options, subscribe=True) as client:
        return client.snapshot.slos
