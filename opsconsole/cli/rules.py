"""`rules`: check them, show what is in force, test them against made-up samples."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from opsconsole.cli.exits import Exit
from opsconsole.cli.lazy import HintingGroup
from opsconsole.cli.options import Options

if TYPE_CHECKING:
    from opsconsole.alerting.rules import Rules
    from opsconsole.model.inventory import Inventory
    from opsconsole.model.rules import RuleSpec

_FILES = click.argument("files", nargs=-1, type=click.Path(path_type=Path, dir_okay=False))
_JSON = click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")


@click.group(cls=HintingGroup)
def rules() -> None:
    """Check, show or test the alert rules."""


@rules.command()
@_FILES
@_JSON
@click.pass_obj
def check(options: Options, /, files: tuple[Path, ...], as_json: bool) -> int:
    """Say every mistake with its place; exits 78 when there is one.

    Each FILE is a rule file; without one the rules of the configuration are checked.
    """
    from opsconsole.cli.attach import finish
    from opsconsole.cli.rules_waiting import waiting
    from opsconsole.cli.show import print_json
    from opsconsole.errors import ConfigError

    try:
        specs = _in_force(_inventory(options, files))
    except ConfigError as error:
        if not as_json:
            raise
        mistakes = [one._asdict() for one in error.mistakes]
        print_json({"schema": "opsconsole.rules-check/1", "ok": False, "mistakes": mistakes})
        return Exit.CONFIG
    waits = finish(waiting(options, specs))
    counts = _counts(specs)
    if as_json:
        found = {"schema": "opsconsole.rules-check/1", "ok": True, "mistakes": [], **counts}
        print_json(found | {"waiting": waits})
        return Exit.DONE
    words = ", ".join(f"{count} {word}" for word, count in counts.items() if word != "rules")
    print(f"ok: {counts['rules']} rules ({words})")
    for name, metrics in (waits or {}).items():
        print(f"waiting: {name}: no host gives {', '.join(metrics)}")
    return Exit.DONE


@rules.command()
@click.argument("names", nargs=-1, metavar="[RULE]...")
@click.option(
    "-f", "--file", "files", multiple=True, type=click.Path(path_type=Path, dir_okay=False),
    help="Show them with this rule file too.",
)  # fmt: skip
@_JSON
@click.pass_obj
def show(
    options: Options, /, names: tuple[str, ...], files: tuple[Path, ...], as_json: bool
) -> int:
    """Print the rules in force, everything that bends them applied; all of them, or those named."""
    from opsconsole.cli.rule_text import rules_text
    from opsconsole.cli.show import print_json
    from opsconsole.config.problems import did_you_mean
    from opsconsole.errors import RefusedError

    specs = {spec.name: spec for spec in _in_force(_inventory(options, files))}
    for name in names:
        if name not in specs:
            raise RefusedError("unknown-target", f"no rule {name}{did_you_mean(name, specs)}")
    wanted = [specs[name] for name in names] or list(specs.values())
    if as_json:
        print_json({"schema": "opsconsole.rules/1", "rules": wanted})
    else:
        print(rules_text(wanted).rstrip("\n"))
    return Exit.DONE


@rules.command()
@_FILES
@_JSON
@click.pass_obj
def test(options: Options, /, files: tuple[Path, ...], as_json: bool) -> int:
    """Play each FILE's samples to the rules, and compare the alerts; exits 1 when one differs.

    Without a FILE the tests of the rules that come with the program are played.
    """
    from opsconsole.cli.show import print_json
    from opsconsole.config.rule_fixture import read_fixtures
    from opsconsole.config.rules import shipped_tests
    from opsconsole.engine.rule_trial import play

    results = []
    for path in files or (shipped_tests(),):
        fixtures = read_fixtures(path)
        made = _compiled(options, path, [Path(one) for one in fixtures.rule_files])
        results += [(path, one.name, play(one, made)) for one in fixtures.tests]
    failed = [one for one in results if one[2]]
    if as_json:
        tests = [{"file": str(p), "name": n, "failures": w} for p, n, w in results]
        print_json({"schema": "opsconsole.rules-test/1", "ok": not failed, "tests": tests})
    else:
        _print_results(results)
    return Exit.FAILED if failed else Exit.DONE


def _print_results(results: Sequence[tuple[Path, str, tuple[str, ...]]]) -> None:
    failed = 0
    for _, name, wrong in results:
        if wrong:
            failed += 1
            print(f"FAILED {name}")
            for sentence in wrong:
                print(f"  {sentence}")
    print(f"{len(results) - failed} of {len(results)} tests passed")


def _inventory(options: Options, files: Iterable[Path]) -> "Inventory":
    """Read the configuration in force, or in place of it only rule files.

    Raises:
        ConfigError: All their mistakes.
    """
    from opsconsole.config.problems import Problems
    from opsconsole.config.rules import joined, read_rule_file, shipped_rules
    from opsconsole.inventory.sources import load
    from opsconsole.model.inventory import Inventory, Settings

    if not (paths := tuple(files)):
        return load(options.sources())
    problems = Problems()
    said = joined([read_rule_file(path, problems) for path in paths], shipped_rules(), problems)
    problems.raise_if_any()
    return Inventory(settings=Settings(rules=said.bends, rule_specs=said.specs))


def _in_force(inventory: "Inventory") -> "tuple[RuleSpec, ...]":
    from opsconsole.alerting.effective import effective
    from opsconsole.config.rules import shipped_rules

    settings = inventory.settings
    return effective(shipped_rules(), settings.rule_specs, settings.rules)


def _compiled(options: Options, path: Path, files: Sequence[Path]) -> "Rules":
    from opsconsole.alerting.compile import rules_for
    from opsconsole.config.rules import shipped_rules, shipped_tests
    from opsconsole.model.inventory import Inventory

    if path == shipped_tests():
        return rules_for(Inventory(), shipped_rules())
    found = _inventory(options, files)
    return rules_for(replace(found, sources=()), shipped_rules())


def _counts(specs: "Sequence[RuleSpec]") -> dict[str, int]:
    return {
        "rules": len(specs),
        "shipped": sum(spec.shipped for spec in specs),
        "yours": sum(not spec.shipped for spec in specs),
        "off": sum(spec.off for spec in specs),
    }
