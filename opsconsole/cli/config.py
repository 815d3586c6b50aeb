"""`config`: check the files, print the schema for editors, show what is in force."""

from pathlib import Path

import click
from msgspec.structs import replace

from opsconsole.cli.exits import Exit
from opsconsole.cli.lazy import HintingGroup
from opsconsole.cli.options import Options


@click.group(cls=HintingGroup)
def config() -> None:
    """Check, describe or show the configuration."""


@config.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def check(options: Options, /, file: Path | None, as_json: bool) -> int:
    """Say every mistake as file:line:col; exits 78 when there is one.

    FILE is checked instead of the configuration in force.
    """
    from opsconsole.cli.show import print_json
    from opsconsole.errors import ConfigError
    from opsconsole.inventory.sources import load

    try:
        found = load((options if file is None else replace(options, config=file)).sources())
    except ConfigError as error:
        if not as_json:
            raise
        mistakes = [one._asdict() for one in error.mistakes]
        print_json({"schema": "opsconsole.config-check/1", "ok": False, "mistakes": mistakes})
        return Exit.CONFIG
    if as_json:
        counts = {"hosts": len(found.hosts), "services": len(found.services)}
        print_json(
            {"schema": "opsconsole.config-check/1", "ok": True, "mistakes": [], **counts}
            | {"warnings": found.warnings, "files": found.files}
        )
        return Exit.DONE
    for warning in found.warnings:
        print(f"warning: {warning}")
    files = ", ".join(found.files) or "no file: this machine only"
    print(f"ok: {len(found.hosts)} hosts, {len(found.services)} services ({files})")
    return Exit.DONE


@config.command()
def schema() -> int:
    """Print the JSON Schema of opsconsole.yaml, for editors."""
    from opsconsole.cli.show import print_json
    from opsconsole.config.schema import schema as describe

    print_json(describe())
    return Exit.DONE


@config.command()
@click.pass_obj
def show(options: Options, /) -> int:
    """Print the inventory in force as JSON: ranges unfolded, defaults filled in."""
    import msgspec

    from opsconsole.cli.show import print_json
    from opsconsole.inventory.sources import load

    plain = msgspec.to_builtins(load(options.sources()))
    print_json({"schema": "opsconsole.config/1", **plain})
    return Exit.DONE
