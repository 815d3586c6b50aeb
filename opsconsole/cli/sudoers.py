"""`sudoers`: what the sudo profiles of the configuration cover, as a fragment for the hosts."""

import getpass

import click

from opsconsole.cli.options import Options


@click.command()
@click.option("--profile", "profiles", multiple=True, metavar="NAME", help="Only this profile.")
@click.option("--user", default=None, metavar="NAME", help="The account on the hosts.")
@click.option(
    "--programs", default="/usr/bin", metavar="DIR", show_default=True,
    help="Where programs are that are named without a path.",
)  # fmt: skip
@click.pass_obj
def sudoers(options: Options, /, profiles: tuple[str, ...], user: str | None, programs: str) -> int:
    """Print the sudoers fragment of the configured profiles: opsconsole sudoers --user ops."""
    from opsconsole.cli.exits import Exit
    from opsconsole.config.sudo_table import sudoers as write
    from opsconsole.inventory.sources import load

    table = load(options.sources()).settings.sudo
    if not table:
        raise click.UsageError("the configuration has no `sudo:` profiles")
    if unknown := [name for name in profiles if name not in table]:
        raise click.UsageError(f"no profile {unknown[0]}; there is {', '.join(sorted(table))}")
    print(
        write(table, user or getpass.getuser(), profiles or sorted(table), programs=programs),
        end="",
    )
    return Exit.DONE
