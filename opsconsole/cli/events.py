"""`event` tells of something that happened elsewhere; `events` lists what happened."""

import time
from datetime import datetime

import click

from opsconsole.cli.options import Options


@click.command()
@click.argument("text")
@click.option("--kind", default="note", metavar="WORD", help="What it is: deploy, change, note.")
@click.option("--on", "target", default="", metavar="TARGET", help="host:NAME or service:NAME.")
@click.option("--at", "at", metavar="TIME", help="When: 14:05, or ISO 8601; now if not said.")
@click.pass_obj
def event(options: Options, /, text: str, kind: str, target: str, at: str | None) -> int:
    """Put a line into Activity, as a deploy script does."""
    from opsconsole.cli.attach import finish, tell
    from opsconsole.cli.spans import moment
    from opsconsole.model.calls import AddEvent

    call = AddEvent(text, kind, target, None if at is None else moment(at))
    print(finish(tell(options, call)).text)
    return 0


@click.command()
@click.option("--since", default="24h", metavar="TIME", help="How far back: 90m, 7d.")
@click.option("--on", "target", default="", metavar="TARGET", help="host:NAME or service:NAME.")
@click.option("-n", "--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def events(options: Options, /, since: str, target: str, limit: int, as_json: bool) -> int:
    """List what happened, newest last."""
    from opsconsole.cli.attach import attached, finish
    from opsconsole.cli.show import print_columns, print_json
    from opsconsole.cli.spans import seconds
    from opsconsole.model.calls import Events, ReadEvents

    async def ask() -> Events:
        async with attached(options) as client:
            now = time.time()
            call = ReadEvents(now - seconds(since), now + 60, limit, target)
            return await client.call(call, Events)

    found = finish(ask()).events[::-1]
    if as_json:
        print_json({"schema": "opsconsole.events/1", "events": found})
        return 0
    print_columns((_clock(one.at), one.kind, one.subject, one.actor, one.text) for one in found)
    return 0


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
