"""What a manifest promises of Python: printed by `plugin lint --entries`, kept by the code, and run for nobody."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec.structs import replace
from plugin_bench import MakePlugin, OpenFleet

from opsconsole.actions.loader import load
from opsconsole.actions.python_action import make_action
from opsconsole.cli.plugin_lint import lint
from opsconsole.model.action import ActionSpec
from opsconsole.shipped import shipped_dir

LOADS = """
import sys
from opsconsole.engine.catalogue import load_catalogue
from opsconsole.model.inventory import Settings

registry = load_catalogue(Settings())
assert len(registry.specs) > 25, registry.plugins
print(sorted(name for name in sys.modules if name.startswith("opsconsole_plugins")))
"""


def bare(spec: ActionSpec) -> ActionSpec:
    return replace(spec, digest="", source="")


def test_an_engine_knows_the_catalogue_and_runs_none_of_its_python() -> None:
    told = subprocess.run(
        [sys.executable, "-c", LOADS], capture_output=True, text=True, check=True, timeout=60
    )

    assert told.stdout == "[]\n"


def test_the_catalogues_python_is_what_its_manifest_says_to_the_last_word() -> None:
    registry = load([], shipped=shipped_dir("plugins"))
    core = registry.found("core")
    assert core is not None
    assert core.code is not None

    done = {
        f"core.{name}": bare(make_action(declared, "core", "", b"").spec)
        for name, declared in core.code.load().actions.items()
    }
    told = {a.spec.id: bare(a.spec) for a in core.actions if a.spec.front == "python"}

    assert told == done


CODE = """
from dataclasses import dataclass
from opsconsole.actions.api import Bytes, Ctx, Duration, Host, Param, Percent, Plugin, Rollout

plugin = Plugin("acme")


@dataclass(frozen=True)
class Params:
    span: Duration = Param("90s", min="1m30s", max="21d", title="on: {off}, \\"#\\" - 'x'")
    size: Bytes = Param(min="100MiB")
    share: Percent = Param("10%", min="5%", max="50%")
    count: int = Param("0", min="0", max="10000000")
    word: str = Param(None, required=False, choices=["yes", "no", "1.5", "a b"])


@plugin.action("work", title="Work: all of it", scope="host", effect="write", idempotent=True, keys="w",
               needs=["ssh", "sudo:systemctl"], timeout="90s", undo_policy="never", locks=["x:${target.name}"],
               max_targets=20, tags=["true", "1"], match='has(host.labels, "rack")',
               rollout=Rollout(canary={"percent": 5, "bake": "2m"}, batches=[1, "25%"], max_failures="2.5%",
                               min_healthy={"count": 2, "of": "targets"}, spread_by="rack", max_parallel=4,
                               gate=[{"check": "core.no-new-alerts", "with": {"severity": "critical"}}]))
async def work(ctx: Ctx, host: Host, p: Params) -> None:
    \"\"\"Do it.

    With a second line: of course.
    \"\"\"
    await ctx.ssh.write(["true"])
"""


def test_printed_entries_say_all_that_the_code_says_and_load_without_running_it(
    make_plugin: MakePlugin,
) -> None:
    place = make_plugin("", {"actions/main.py": CODE})
    learnt = load([place]).specs["acme.work"]
    printed = CliRunner().invoke(lint, ["--entries", str(place)], standalone_mode=False)
    make_plugin(printed.output.removeprefix("contributes:\n"), {"actions/main.py": CODE})

    registry = load([place])
    found = registry.found("acme")

    assert registry.plugins["acme"].error == ""
    assert found is not None
    assert found.code is not None
    assert not found.code.is_loaded
    assert bare(registry.specs["acme.work"]) == bare(learnt)


@pytest.mark.parametrize("told", [(8, 32), (32, 8)])
def test_a_printed_entry_says_both_numbers_at_once_where_the_code_says_two(
    make_plugin: MakePlugin, told: tuple[int, int]
) -> None:
    beside, inside = told
    code = CODE.replace("max_parallel=4", f"max_parallel={inside}").replace(
        "max_targets=20", f"max_targets=20, max_parallel={beside}"
    )
    place = make_plugin("", {"actions/main.py": code})
    printed = CliRunner().invoke(lint, ["--entries", str(place)], standalone_mode=False)
    make_plugin(printed.output.removeprefix("contributes:\n"), {"actions/main.py": code})

    spec = load([place]).specs["acme.work"]

    assert spec.rollout is not None
    assert (spec.max_parallel, spec.rollout.max_parallel) == told


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("rollout: {canary: 2}", "the manifest says rollout"),
        ("undo_policy: always", "the manifest says undo_policy always, the code never"),
        ("max_targets: 500", "the manifest says max_targets 500, the code 20"),
        ("locks: []", "the manifest says locks none"),
    ],
)
async def test_a_manifest_that_promises_another_way_over_the_targets_is_refused_at_first_use(
    make_plugin: MakePlugin, open_fleet: OpenFleet, tmp_path: Path, said: str, words: str
) -> None:
    place = make_plugin("", {"actions/main.py": CODE})
    printed = CliRunner().invoke(lint, ["--entries", str(place)], standalone_mode=False).output
    key = said.partition(":")[0]
    lines = [line for line in printed.splitlines() if not line.strip().startswith(f"{key}:")]
    at = next(i for i, line in enumerate(lines) if line.strip().startswith("title:"))
    lines.insert(at, f"      {said}")
    make_plugin("\n".join(lines[1:]) + "\n", {"actions/main.py": CODE})
    fleet = await open_fleet(place)
    fleet.add("web[1-3]", labels={"rack": "r1"})

    plan = await fleet.plan("acme.work", targets="web1", size="200MiB")

    assert fleet.registry.plugins["acme"].error == ""
    assert any(words in note for note in plan["web1"].notes), plan["web1"].notes
