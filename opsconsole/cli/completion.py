"""`completion`: the script that teaches a shell our verbs and options."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, /, shell: str) -> int:
    """Print a completion script; put its output where your shell reads completions."""
    found = get_completion_class(shell)
    assert found is not None
    print(found(ctx.find_root().command, {}, "opsconsole", "_OPSCONSOLE_COMPLETE").source())
    return 0
