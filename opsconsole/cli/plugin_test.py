"""`plugin test`: a plugin's own tests, and the contract that every action must keep."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import click

from opsconsole.cli.exits import Exit


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True), default=".")
@click.option(
    "--contract", is_flag=True, help="Every action, generated values, hostile strings, chaos."
)
@click.option("--json", "as_json", is_flag=True, help="With --contract: print a JSON document.")
def test(folder: Path, contract: bool, as_json: bool) -> int:
    """Run the tests of the plugin in a folder; exits 1 when one fails."""
    if contract:
        return _contract(folder, as_json=as_json)
    if importlib.util.find_spec("pytest") is None:
        raise click.UsageError(
            "pytest and pytest-asyncio are needed: pip install pytest pytest-asyncio"
        )
    ended = subprocess.run([sys.executable, "-m", "pytest", "-q", str(folder)], check=False)
    return Exit.DONE if ended.returncode == 0 else Exit.FAILED


def _contract(folder: Path, *, as_json: bool) -> int:
    from opsconsole.cli.show import print_json
    from opsconsole.testing.contract import examine_folder

    results = examine_folder(folder.resolve())
    if as_json:
        broken = [each for _, found in results for each in found]
        tried = [name for name, _ in results]
        print_json({"schema": "opsconsole.contract/1", "actions": tried, "broken": broken})
    else:
        for name, found in results:
            print(f"{'BROKEN' if found else 'kept  '}  {name}")
            for each in found:
                print(f"        {each.promise}: {each.text}")
    return Exit.FAILED if any(found for _, found in results) else Exit.DONE
