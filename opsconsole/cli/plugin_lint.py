"""`plugin lint`: what is wrong or careless in a plugin, before anybody runs it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opsconsole.cli.exits import Exit

if TYPE_CHECKING:
    from opsconsole.actions.lint import Finding
    from opsconsole.actions.plugin_folder import Found
    from opsconsole.actions.registry import Registry


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True), default=".")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.option("--entries", is_flag=True, help="Print manifest entries for the actions in Python.")
def lint(folder: Path, as_json: bool, entries: bool) -> int:
    """Check a plugin's manifest, runbooks, scripts and code; exits 1 on a mistake, 0 with warnings."""
    from opsconsole.cli.show import print_json

    registry = load_one(folder)
    if entries:
        return _print_entries(registry)
    findings = list(_findings(folder.resolve(), registry))
    if as_json:
        print_json({"schema": "opsconsole.lint/1", "findings": findings})
    else:
        for one in findings:
            print(one)
        print(f"{len(findings)} findings" if findings else "nothing to say against it")
    return Exit.FAILED if any(one.severity == "error" for one in findings) else Exit.DONE


def load_one(folder: Path) -> "Registry":
    """Load the plugin in a folder, with the shipped catalogue for what it refers to."""
    from opsconsole.actions.loader import load
    from opsconsole.shipped import shipped_beside

    return load([folder.resolve()], shipped=shipped_beside([folder]))


def _findings(folder: Path, registry: "Registry") -> "Iterator[Finding]":
    from opsconsole.actions.lint import Finding

    for record in registry.plugins.values():
        if record.level == "shipped":
            continue
        if record.error:
            for line in record.error.splitlines():
                yield Finding(record.source, line, "error")
            continue
        found = registry.found(record.id)
        if found is not None:
            yield from (Finding(record.source, said) for said in record.warnings)
            yield from _of_code(found)
    yield from _of_runbooks(folder)


def _of_runbooks(folder: Path) -> "Iterator[Finding]":
    from opsconsole.actions.lint import lint_runbook

    paths = [folder] if folder.is_file() else sorted(folder.rglob("runbooks/*.yaml"))
    for path in paths:
        yield from lint_runbook(path.read_text(errors="replace"), str(path))


def _of_code(found: "Found") -> "Iterator[Finding]":
    from opsconsole.actions.lint import Finding, lint_python
    from opsconsole.actions.promises import broken

    if found.code is None:
        return
    needs = frozenset(need for action in found.actions for need in action.spec.needs)
    needs |= {need for each in found.record.contributes for need in each.needs}
    for path, content in found.code.files:
        yield from lint_python(path, content, needs)
    for said in broken(found):
        yield Finding(found.record.source, said, "error")


def _print_entries(registry: "Registry") -> int:
    from opsconsole.actions.promises import entry_of

    for record in registry.plugins.values():
        found = registry.found(record.id)
        if record.level == "shipped" or found is None or found.code is None:
            continue
        print("contributes:\n  actions:")
        for action in found.actions:
            if action.spec.front == "python":
                print("\n".join(f"    {line}" for line in entry_of(action.spec)))
    return Exit.DONE
