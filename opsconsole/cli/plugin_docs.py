"""`plugin docs`: a reference page of a plugin's actions, made from what they declare."""

from collections.abc import Iterator
from pathlib import Path

import click

from opsconsole.cli.exits import Exit
from opsconsole.model.action import ActionSpec, ParamSpec
from opsconsole.model.plugin import PluginRecord


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True), default=".")
def docs(folder: Path) -> int:
    """Print a Markdown page of everything a plugin brings."""
    from opsconsole.cli.plugin_lint import load_one

    registry = load_one(folder)
    failed = False
    for record in registry.plugins.values():
        if record.level == "shipped":
            continue
        failed = failed or bool(record.error)
        specs = [registry.specs[name] for name in record.actions if name in registry.specs]
        print("\n".join(page(record, specs)))
    return Exit.FAILED if failed else Exit.DONE


def page(record: PluginRecord, specs: list[ActionSpec]) -> Iterator[str]:
    """Write the page's lines."""
    yield f"# {record.title or record.id} {record.version}".rstrip()
    if record.error:
        yield f"\nIt cannot be loaded: {record.error}"
    for spec in sorted(specs, key=lambda spec: spec.id):
        yield from _action(spec)
    if record.contributes:
        yield "\n## Beside actions\n\n| what | id | |\n|---|---|---|"
    for each in record.contributes:
        yield f"| {each.kind.replace('_', ' ')} | `{each.id}` | {each.title or each.doc} |"


def _action(spec: ActionSpec) -> Iterator[str]:
    yield f"\n## {spec.title}\n\n`{spec.id}`: {spec.effect}, on {spec.scope}, {spec.arity}"
    facts = [
        f"confirmed by {spec.confirm}" if spec.confirm != "none" else "",
        f"needs {', '.join(spec.needs)}" if spec.needs else "",
        f"within {spec.timeout:g} s a target",
        "may be repeated" if spec.idempotent else "must not be repeated blindly",
    ]
    yield f"\n{'; '.join(fact for fact in facts if fact)}."
    if spec.match:
        yield f"\nOffered where `{spec.match}`."
    if spec.doc:
        yield f"\n{spec.doc}"
    if spec.params:
        yield "\n| parameter | type | default | |\n|---|---|---|---|"
        yield from (_param(param) for param in spec.params)


def _param(param: ParamSpec) -> str:
    default = "required" if param.required else f"`{param.default}`" if param.default else ""
    return f"| `{param.name}` | {param.type} | {default} | {param.help or param.title} |"
