"""`policy`: which rules say who may run what, and whether a file of them is right."""

from pathlib import Path

import click

from opsconsole.cli.lazy import HintingGroup
from opsconsole.cli.options import Options
from opsconsole.model.policy import Policy, Rule


@click.group(cls=HintingGroup, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_context
def policy(ctx: click.Context, /, as_json: bool) -> int:
    """Show the rules that hold here; `policy check FILE` reads a file of them."""
    if ctx.invoked_subcommand is not None:
        return 0
    options: Options = ctx.obj
    return _show(options, as_json=as_json)


@policy.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
def check(*, file: Path, as_json: bool) -> int:
    """Check a policy file, its owner and mode; every mistake with its place."""
    from opsconsole.cli.exits import Exit
    from opsconsole.engine.policing import load_policy

    found = (
        load_policy(file.absolute(), "")
        if file.exists()
        else Policy(broken=f"{file}: no such file")
    )
    _print(found, as_json=as_json)
    return Exit.CONFIG if found.broken else Exit.DONE


def _show(options: Options, *, as_json: bool) -> int:
    from opsconsole.cli.exits import Exit
    from opsconsole.config.policy import SYSTEM
    from opsconsole.engine.policing import load_policy
    from opsconsole.inventory.sources import load

    own = load(options.sources()).settings.policy
    found = load_policy(SYSTEM, own)
    _print(found, as_json=as_json)
    return Exit.CONFIG if found.broken else Exit.DONE


def _print(found: Policy, *, as_json: bool) -> None:
    from opsconsole.cli.show import print_columns, print_json

    if as_json:
        print_json({"schema": "opsconsole.policy/1", "policy": found})
        return
    if found.broken:
        print(f"changes are denied: {found.broken}")
        return
    print_columns(
        (rule.name, rule.then, _who(rule), " ".join(rule.actions) or "any action", _where(rule))
        for rule in found.rules
    )
    print(
        f"from {', '.join(found.files)}"
        if found.files
        else "no policy: nothing is forbidden by one"
    )
    if found.closed:
        print("a change that no rule allows is denied")


def _who(rule: Rule) -> str:
    said = ", ".join(rule.groups) or "everybody"
    return f"{said} but {', '.join(rule.except_groups)}" if rule.except_groups else said


def _where(rule: Rule) -> str:
    times = [f"during {each.cron}" for each in rule.during]
    times += [f"outside {each.cron}" for each in rule.outside]
    return "; ".join([rule.targets or "everywhere", *times])
