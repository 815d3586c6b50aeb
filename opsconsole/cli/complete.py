"""What the shell offers behind a verb: actions and targets; never an error, never the network."""

import click

from opsconsole.cli.options import Options
from opsconsole.errors import OpsConsoleError


def actions(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Offer action ids, and bare names."""
    ids = _action_ids(ctx)
    names = [*ids, *(one.partition(".")[2] for one in ids)]
    return sorted(name for name in names if name.startswith(incomplete))


def targets(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Offer hosts and services by name."""
    from opsconsole.inventory.sources import load

    try:
        inventory = load(_options(ctx).sources())
    except OpsConsoleError:
        return []
    names = [host.name for host in inventory.hosts]
    names += [f"service:{service.name}" for service in inventory.services]
    return [name for name in names if name.startswith(incomplete)]


def _action_ids(ctx: click.Context) -> list[str]:
    from opsconsole.cli.catalogue import catalogue

    try:
        return list(catalogue(_options(ctx)).specs)
    except OpsConsoleError:
        return []


def _options(ctx: click.Context) -> Options:
    """Read what stands before the verb: the root's own function does not run while completing."""
    given = ctx.find_root().params
    known = {name: given[name] for name in Options.__struct_fields__ if name in given}
    return Options(**known)


def plugins(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Offer plugin ids."""
    return sorted({one.partition(".")[0] for one in _action_ids(ctx) if one.startswith(incomplete)})
