"""`notify`: the ways of telling people who do not look; how they do, and whether they work."""

import click

from opsconsole.cli.lazy import HintingGroup
from opsconsole.cli.options import Options


@click.group(cls=HintingGroup)
def notify() -> None:
    """Notifiers: programs, webhooks and others that are told of fires."""


@notify.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def list_(options: Options, /, as_json: bool) -> int:
    """List them, and how they do."""
    from opsconsole.cli.attach import attached, finish
    from opsconsole.cli.show import print_columns, print_json
    from opsconsole.model.incident_calls import Notifiers, ReadNotifiers

    async def ask() -> Notifiers:
        async with attached(options) as client:
            return await client.call(ReadNotifiers(), Notifiers)

    found = finish(ask()).notifiers
    if as_json:
        print_json({"schema": "opsconsole.notifiers/1", "notifiers": found})
    elif found:
        head = ("NAME", "KIND", "SENT", "FAILED", "HELD", "WHY")
        rows = ((n.name, n.kind, str(n.sent), str(n.failed), str(n.held), n.reason) for n in found)
        print_columns(rows, head)
    else:
        print("no notifiers: see notify: in the configuration")
    return 0


@notify.command()
@click.argument("name")
@click.pass_obj
def test(options: Options, /, name: str) -> int:
    """Send a message that says it is a test, past every filter and limit."""
    from opsconsole.cli.attach import attached, finish
    from opsconsole.model.calls import Done
    from opsconsole.model.incident_calls import TestNotifier

    async def ask() -> Done:
        async with attached(options) as client:
            return await client.call(TestNotifier(name), Done, within=90.0)

    print(finish(ask()).text)
    return 0
