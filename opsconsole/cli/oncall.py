"""`oncall`: who is on call, now or at a moment."""

import click

from opsconsole.cli.options import Options


@click.command()
@click.option("--at", "at", metavar="TIME", help="At this moment: 22:00, or ISO 8601.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def oncall(options: Options, /, at: str | None, as_json: bool) -> int:
    """Say who is on call, until when, and who follows; exits 1 where nobody is."""
    from opsconsole.cli.attach import attached, finish
    from opsconsole.cli.show import print_json
    from opsconsole.cli.spans import moment
    from opsconsole.model.incident_calls import ReadOnCall
    from opsconsole.model.oncall import OnCall
    from opsconsole.view.oncall import on_call_lines

    when = None if at is None else moment(at)

    async def ask() -> tuple[OnCall, float]:
        async with attached(options, subscribe=True) as client:
            found = await client.call(ReadOnCall(when), OnCall)
            return found, client.now() if when is None else when

    found, then = finish(ask())
    if as_json:
        print_json({"schema": "opsconsole.oncall/1", "at": then, "on_call": found})
    else:
        print("\n".join(on_call_lines(found, then)))
    return 0 if found.primary else 1
