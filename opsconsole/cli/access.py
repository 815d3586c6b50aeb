"""`unlock`, `lock`, `freeze` and `thaw`: who may change things now."""

import click

from opsconsole.cli.options import Options


@click.command()
@click.argument("span", metavar="TIME")
@click.argument("reason", nargs=-1, required=True)
@click.pass_obj
def unlock(options: Options, /, span: str, reason: tuple[str, ...]) -> int:
    """Turn changes on for yourself: opsconsole unlock 15m restart of the mailer."""
    from opsconsole.cli.attach import finish, tell
    from opsconsole.cli.spans import seconds
    from opsconsole.model.calls import UnlockChanges

    print(finish(tell(options, UnlockChanges(seconds(span), " ".join(reason)))).text)
    return 0


@click.command()
@click.pass_obj
def lock(options: Options, /) -> int:
    """End your unlock."""
    from opsconsole.cli.attach import finish, tell
    from opsconsole.model.calls import LockChanges

    print(finish(tell(options, LockChanges())).text)
    return 0


@click.command()
@click.argument("span", metavar="TIME")
@click.argument("reason", nargs=-1, required=True)
@click.option("--scope", default="*", metavar="FILTER", help="Only on these hosts: role:db.")
@click.pass_obj
def freeze(options: Options, /, span: str, reason: tuple[str, ...], scope: str) -> int:
    """Forbid changes for everybody until an end: opsconsole freeze 2h migration runs."""
    from opsconsole.cli.attach import finish, tell
    from opsconsole.cli.spans import seconds
    from opsconsole.model.calls import FreezeChanges

    print(finish(tell(options, FreezeChanges(seconds(span), " ".join(reason), scope))).text)
    return 0


@click.command()
@click.argument("freeze_id", metavar="ID")
@click.pass_obj
def thaw(options: Options, /, freeze_id: str) -> int:
    """End a freeze."""
    from opsconsole.cli.attach import finish, tell
    from opsconsole.model.calls import ThawChanges

    print(finish(tell(options, ThawChanges(freeze_id))).text)
    return 0
