"""Plugins are found, loaded and refused one by one: a broken one is a row and never an exception."""

import ast
import os
from pathlib import Path

import msgspec
import pytest

from opsconsole.actions.loader import load
from opsconsole.actions.registry import Registry
from opsconsole.actions.trust import TrustError, check_folder, read_trusted
from opsconsole.errors import RefusedError
from opsconsole.shipped import shipped_dir

MANIFEST = "api: 1\nid: {id}\nversion: 1.0.0\n"
RUNBOOK = """api: 1
id: {id}
title: Look
scope: host
effect: read
idempotent: true
needs: [ssh]
steps: [{{id: a, run: [uptime]}}]
"""
MODULE = """
from dataclasses import dataclass
from opsconsole.actions.api import Ctx, Host, Outcome, Param, Plugin, Unit

plugin = Plugin("acme")


@dataclass(frozen=True)
class Params:
    unit: Unit = Param(title="Unit", choices_from="acme.look")
    tries: int = Param("3", min=1, max=5)
    kind: str = Param("a", choices=["a", "b"])


@plugin.action("py", title="Py", scope="host", effect="write", idempotent=True, needs=["ssh"])
async def py(ctx: Ctx, host: Host, p: Params) -> Outcome:
    \"\"\"Says something.\"\"\"
    await ctx.ssh.write(["true", p.unit, p.tries])
    return Outcome.changed()
"""


def make_plugin(root: Path, name: str = "acme", *, module: str = "", runbook: str = "look") -> Path:
    place = root / name
    (place / "runbooks").mkdir(parents=True)
    (place / "actions").mkdir()
    (place / "opsconsole-plugin.yaml").write_text(MANIFEST.format(id=name))
    (place / "runbooks" / "look.yaml").write_text(RUNBOOK.format(id=f"{name}.{runbook}"))
    if module:
        (place / "actions" / "py.py").write_text(module)
    for path in (place, *place.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return place


def errors(registry: Registry) -> dict[str, str]:
    return {name: record.error for name, record in registry.plugins.items() if record.error}


CATALOGUE = """
unit-restart unit-status logs-tail top-cpu top-mem disk-hogs recent-deploys dns-check conn-trace
tls-check health-suite list-units adhoc adhoc-read http-ok
journal-vacuum logrotate-now proc-kill lb-drain lb-undrain lb-idle haproxy-drain haproxy-undrain
diag-bundle reboot-wait peer-compare cache-flush silence-and-note file-capacity-relief
"""


def test_the_shipped_catalogue_loads_without_a_fault_and_is_complete() -> None:
    registry = load([], shipped=shipped_dir("plugins"))

    assert errors(registry) == {}
    assert set(registry.specs) == {f"core.{name}" for name in CATALOGUE.split()}
    keys = [spec.keys for spec in registry.specs.values() if spec.keys]
    assert len(keys) == len(set(keys))


def test_both_front_ends_become_the_same_kind_of_specification(tmp_path: Path) -> None:
    make_plugin(tmp_path, module=MODULE)

    registry = load([tmp_path])

    assert errors(registry) == {}
    assert list(registry.specs) == ["acme.look", "acme.py"]
    unit, tries, kind = registry.specs["acme.py"].params
    assert (unit.type, unit.required, unit.choices_from) == ("unit", True, "acme.look")
    assert (tries.type, tries.default, tries.max) == ("int", "3", 5.0)
    assert (kind.type, kind.choices) == ("enum", ("a", "b"))
    assert registry.specs["acme.py"].doc == "Says something."


def test_a_bare_name_resolves_when_one_plugin_has_it(tmp_path: Path) -> None:
    make_plugin(tmp_path, "acme")
    make_plugin(tmp_path, "other")
    make_plugin(tmp_path, "third", runbook="only")
    registry = load([tmp_path])

    assert registry.resolve("only").spec.id == "third.only"
    with pytest.raises(RefusedError, match=r"ambiguous: acme\.look, other\.look"):
        registry.resolve("look")
    with pytest.raises(RefusedError, match="no action nothing"):
        registry.resolve("nothing")


def test_names_and_words_of_plugins_are_shown_and_never_obeyed(tmp_path: Path) -> None:
    place = make_plugin(tmp_path, "acme")
    look = place / "runbooks" / "look.yaml"
    look.write_text(RUNBOOK.format(id="acme.look").replace("title: Look", r'title: "Look\e[2J"'))
    odd = os.fsdecode(bytes(tmp_path) + b"/\xff\x1b[2J.yaml")
    Path(odd).write_text(RUNBOOK.format(id="odd.look"))
    Path(odd).chmod(0o644)

    registry = load([tmp_path])

    assert registry.specs["acme.look"].title == "Look␛[2J"
    assert "␛[2J" in registry.plugins["odd"].source
    assert "␛[2J" in registry.specs["odd.look"].source
    assert msgspec.msgpack.encode([dict(registry.plugins), dict(registry.specs)])


def test_a_folder_that_cannot_be_looked_into_is_a_broken_plugin_and_no_error(
    tmp_path: Path,
) -> None:
    make_plugin(tmp_path, "acme")
    endless = tmp_path / ("x" * 300)

    registry = load([endless, tmp_path])

    assert list(registry.specs) == ["acme.look"]
    assert list(errors(registry)) == ["x" * 80]


BROKEN = {
    "a module that raises": (MODULE + "\nraise RuntimeError('boom')\n", "RuntimeError: boom"),
    "a module that exits": (MODULE + "\nraise SystemExit(3)\n", "SystemExit: 3"),
    "a module that does not parse": ("def (\n", "SyntaxError"),
    "a module without a plugin": ("x = 1\n", "has no `plugin"),
    "another plugin's name": (MODULE.replace('"acme"', '"core"'), "says Plugin('core')"),
    "a parameter without Param": (
        MODULE.replace('Param("3", min=1, max=5)', "3"),
        "must be declared with Param",
    ),
    "a function that is not async": (
        MODULE.replace("async def", "def").replace("await ", ""),
        "is not an async function",
    ),
    "no effect": (MODULE.replace('effect="write"', 'effect="maybe"'), "effect must be one of"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_one_broken_plugin_is_one_row_and_the_others_load(tmp_path: Path, case: str) -> None:
    module, words = BROKEN[case]
    make_plugin(tmp_path, module=module)
    make_plugin(tmp_path, "fine")

    registry = load([tmp_path])

    assert list(registry.specs) == ["fine.look"]
    assert words in errors(registry)["acme"]


def test_a_later_plugin_cannot_take_an_earlier_ones_name(tmp_path: Path) -> None:
    make_plugin(tmp_path / "one", "core", runbook="unit-restart")

    registry = load([tmp_path / "one"], shipped=shipped_dir("plugins"))

    assert registry.specs["core.unit-restart"].effect == "write"
    assert any("there is another plugin core" in error for error in errors(registry).values())


def test_a_lone_runbook_is_a_plugin_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(RUNBOOK.format(id="mine.look"))
    path.chmod(0o600)
    tmp_path.chmod(0o700)

    assert list(load([tmp_path]).specs) == ["mine.look"]


MODES = [
    ("opsconsole-plugin.yaml", 0o666),
    ("runbooks/look.yaml", 0o646),
    ("runbooks", 0o777),
    ("", 0o777),
]


@pytest.mark.parametrize(("inside", "mode"), MODES)
def test_what_everybody_may_write_is_refused_with_the_way_to_mend_it(
    tmp_path: Path, inside: str, mode: int
) -> None:
    place = make_plugin(tmp_path)
    (place / inside).chmod(mode)

    registry = load([tmp_path])

    assert dict(registry.specs) == {}
    assert "chmod o-w" in errors(registry)["acme"]


def test_a_planted_symbolic_link_is_refused(tmp_path: Path) -> None:
    place = make_plugin(tmp_path)
    (place / "runbooks" / "look.yaml").unlink()
    (place / "runbooks" / "look.yaml").symlink_to("/etc/hostname")

    assert dict(load([tmp_path]).specs) == {}


def test_what_another_user_owns_is_refused(tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give files away")
    place = make_plugin(tmp_path)
    os.chown(place / "runbooks", 12_345, 12_345)

    with pytest.raises(TrustError, match="belongs to uid 12345"):
        check_folder(place / "runbooks")


def test_a_pipe_is_no_plugin_file_and_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")

    with pytest.raises(TrustError, match="is not a regular file"):
        read_trusted(tmp_path / "pipe.yaml")


@pytest.mark.parametrize("path", sorted(shipped_dir("plugins").rglob("*.py")), ids=lambda p: p.stem)
def test_plugins_import_the_api_and_the_errors_and_nothing_else_of_ours(path: Path) -> None:
    tree = ast.parse(path.read_text())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {
        alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names
    }

    ours = {module for module in modules if module and module.startswith("opsconsole")}

    assert ours <= {"opsconsole.actions.api", "opsconsole.errors"}


def test_lone_runbooks_side_by_side_are_one_plugin(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / f"{name}.yaml").write_text(RUNBOOK.format(id=f"mine.{name}"))
        (tmp_path / f"{name}.yaml").chmod(0o644)

    registry = load([tmp_path])

    (record,) = registry.plugins.values()
    assert (record.id, record.error, record.level) == ("mine", "", "team")
    assert sorted(registry.specs) == ["mine.one", "mine.three", "mine.two"]


def test_lone_runbooks_with_one_id_are_refused_and_both_are_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(RUNBOOK.format(id="mine.same"))
        (tmp_path / f"{name}.yaml").chmod(0o644)

    (record,) = load([tmp_path]).plugins.values()

    assert "mine.same is also in" in record.error
    assert "a.yaml" in record.error


def test_a_lone_runbook_elsewhere_does_not_join(tmp_path: Path) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir(mode=0o755)
        (tmp_path / name / "x.yaml").write_text(RUNBOOK.format(id=f"mine.{name}"))
        (tmp_path / name / "x.yaml").chmod(0o644)

    registry = load([tmp_path / "here", tmp_path / "there"])

    assert list(registry.specs) == ["mine.here"]
    assert "there is another plugin mine" in registry.plugins["mine (1)"].error
