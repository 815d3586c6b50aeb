"""`poll`: look again at once, and try again where we had stopped trying."""

import click

from opsconsole.cli import complete
from opsconsole.cli.options import Options


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...", shell_complete=complete.targets)
@click.pass_obj
def poll(options: Options, /, targets: tuple[str, ...]) -> int:
    """Poll targets now (host:NAME, service:NAME, a host's name); none given: all."""
    from opsconsole.cli.attach import finish, tell
    from opsconsole.model.calls import PollNow

    print(finish(tell(options, PollNow(targets))).text)
    return 0
