"""`plugin doctor`: load every plugin whole, and say what each lacks."""

import time
from collections.abc import Iterator

import click

from opsconsole.actions.plugin_folder import Found
from opsconsole.cli.exits import Exit
from opsconsole.cli.options import Options
from opsconsole.model.plugin import PluginRecord


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def doctor(options: Options, /, as_json: bool) -> int:
    """Load every plugin, run its Python, find its programs; exits 1 when one is broken."""
    from opsconsole.cli.catalogue import catalogue
    from opsconsole.cli.show import print_columns, print_json

    registry = catalogue(options)
    rows = [
        row
        for record in registry.plugins.values()
        for row in _look(record, registry.found(record.id))
    ]
    if as_json:
        named = [{"plugin": one, "state": state, "text": text} for one, state, text in rows]
        print_json({"schema": "opsconsole.plugin-doctor/1", "findings": named})
    else:
        print_columns(rows)
    return Exit.FAILED if any(state == "BAD" for _, state, _ in rows) else Exit.DONE


def _look(record: PluginRecord, found: Found | None) -> Iterator[tuple[str, str, str]]:
    from opsconsole.actions.promises import broken

    if record.error or found is None:
        yield record.id, "BAD", record.error
        return
    began = time.monotonic()
    faults = list(broken(found))
    took = time.monotonic() - began
    yield from ((record.id, "BAD", said) for said in faults)
    yield from ((record.id, "warn", said) for said in record.warnings)
    code = f", its Python runs in {took * 1000:.0f} ms" if found.code is not None else ""
    if not faults:
        said = f"{len(found.actions)} actions, {len(record.contributes)} other contributions{code}"
        yield record.id, "ok", said
