"""The command line's root."""

import click

from opsconsole import __version__


@click.group(invoke_without_command=True)
@click.version_option(__version__, prog_name="opsconsole")
def cli() -> None:
    """Live hosts, services and alerts in one terminal, with runbooks from the keyboard."""
