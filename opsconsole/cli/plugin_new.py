"""`plugin new`: a package with a manifest, an action in each form, tests and a CI file."""

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

import click

from opsconsole.cli.exits import Exit

_FILES: Final[Mapping[str, str]] = {
    "README.md": "README.md",
    "pyproject.toml": "pyproject.toml.txt",
    ".github/workflows/test.yml": "ci.yml",
    "{package}/__init__.py": "package/init.txt",
    "{package}/opsconsole-plugin.yaml": "package/opsconsole-plugin.yaml",
    "{package}/actions/__init__.py": "package/init.txt",
    "{package}/actions/main.py": "package/actions/main.py.txt",
    "{package}/runbooks/status.yaml": "package/runbooks/status.yaml",
    "{package}/bin/load": "package/bin/load",
    "tests/test_{package}.py": "tests/test_plugin.py.txt",
}


@click.command()
@click.argument("name", metavar="ID")
@click.option(
    "-o", "--into", type=click.Path(path_type=Path), help="The folder to make; opsconsole-ID here."
)
def new(name: str, into: Path | None) -> int:
    """Begin a plugin: a folder that can be tested at once and published as a package."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,40}", name):
        raise click.UsageError(f"{name!r} must be lower-case letters, digits and dashes")
    folder = into or Path(f"opsconsole-{name}")
    if folder.exists() and any(folder.iterdir()):
        raise click.UsageError(f"{folder} is not empty")
    package = f"opsconsole_{name.replace('-', '_')}"
    words = {"id": name, "package": package, "title": f"{name.replace('-', ' ').title()} actions"}
    for place, source in _FILES.items():
        _write(folder / place.format(package=package), source, words)
    print(f"{folder}: an action in Python, one in YAML, one in shell, and their tests")
    print(f"  opsconsole plugin lint {folder / package}")
    print(f"  opsconsole plugin test {folder}")
    print(f"  opsconsole plugin test --contract {folder / package}")
    return Exit.DONE


def _write(path: Path, source: str, words: Mapping[str, str]) -> None:
    text = (files("opsconsole.cli") / "scaffold" / source).read_text()
    for word, value in words.items():
        text = text.replace("{{" + word + "}}", value)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755 if text.startswith("#!") else 0o644)
