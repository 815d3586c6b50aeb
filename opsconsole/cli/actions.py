"""`actions`: what can be run, from which plugin, with which parameters."""

import click

from opsconsole.cli import complete
from opsconsole.cli.options import Options
from opsconsole.model.action import ActionSpec


@click.command()
@click.argument("name", required=False, metavar="[ACTION]", shell_complete=complete.actions)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def actions(options: Options, /, name: str | None, as_json: bool) -> int:
    """List the actions of every plugin, or show one with its parameters."""
    from opsconsole.cli.catalogue import catalogue
    from opsconsole.cli.exits import Exit
    from opsconsole.cli.show import print_columns, print_json

    registry = catalogue(options)
    specs = tuple(registry.specs.values()) if name is None else (registry.resolve(name).spec,)
    broken = [plugin for plugin in registry.plugins.values() if plugin.error]
    if as_json:
        plugins = tuple(registry.plugins.values())
        print_json({"schema": "opsconsole.actions/1", "actions": specs, "plugins": plugins})
    elif name is None:
        print_columns((spec.id, spec.effect, spec.scope, spec.title) for spec in specs)
        for plugin in broken:
            print(f"! {plugin.id}: {plugin.error}")
    else:
        _show_one(specs[0])
    return Exit.FAILED if broken and name is None else Exit.DONE


def _show_one(spec: ActionSpec) -> None:
    from opsconsole.cli.show import print_columns

    print(f"{spec.id}  {spec.title}\n{spec.effect}, on {spec.scope}, from {spec.source}")
    if spec.doc:
        print(f"\n{spec.doc}")
    if spec.params:
        print()
        print_columns(
            (
                f"  -p {one.name}=",
                one.type,
                "required" if one.required else f"default {one.default or 'none'}",
                one.help or one.title,
            )
            for one in spec.params
        )
