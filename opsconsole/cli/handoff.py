"""`handoff`: what the next one on call must know, as Markdown."""

import click

from opsconsole.cli.options import Options


@click.command()
@click.option(
    "--since",
    default="12h",
    show_default=True,
    metavar="TIME",
    help="How long the shift was: 12h, 1d.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def handoff(options: Options, /, since: str, as_json: bool) -> int:
    """Print a hand-over: what burns, what was done, what stays quiet for a while, in numbers."""
    from opsconsole.cli.attach import attached, finish
    from opsconsole.cli.settle import settled
    from opsconsole.cli.show import print_json
    from opsconsole.cli.spans import seconds
    from opsconsole.model.calls import Episodes, Events, ReadEpisodes, ReadEvents
    from opsconsole.view.handoff import Handoff, hand_over
    from opsconsole.view.handoff_text import markdown

    async def ask() -> Handoff:
        async with attached(options, subscribe=True) as client:
            await settled(client, 10.0)
            now = client.now()
            begin = now - seconds(since)
            fires = await client.call(ReadEpisodes(begin, now), Episodes)
            told = await client.call(ReadEvents(begin, now, 2_000), Events)
            return hand_over(
                client.snapshot,
                fires.episodes,
                told.events,
                since=begin,
                until=now,
                by=client.actor,
            )

    shift = finish(ask())
    if as_json:
        print_json({"schema": "opsconsole.handoff/1", "handoff": shift})
    else:
        print(markdown(shift), end="")
    return 0
