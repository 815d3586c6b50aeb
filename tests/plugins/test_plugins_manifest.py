"""What a manifest may say, and that saying it costs no import."""

import sys
from pathlib import Path

import pytest
from plugin_bench import MakePlugin

from opsconsole.actions.discovery import commit_of
from opsconsole.actions.loader import load
from opsconsole.actions.manifest import read_manifest
from opsconsole.actions.requires import why_unmet
from opsconsole.errors import ConfigError

HEAD = "api: 1\nid: acme\nversion: 1.0.0\n"
ALL = """
  actions: [{id: restart-unit, title: Restart a systemd unit, scope: host, effect: write, idempotent: true,
             needs: [ssh], keys: [r, u],
             params: {unit: {type: unit}, db: {type: acme.pg-database, required: false}}}]
  runbooks: [runbooks/*.yaml]
  collectors: [{id: pg-lag, every: 15s, scope: host, match: 'host.labels.role == "db"', emits: [pg.lag_bytes]}]
  checks: [{id: pg-ready}]
  alert_sources: [{id: pagerhub}]
  panes: [{id: pg-topology, title: Replication, kind: data}]
  notifiers: [{id: chat, on: [fired]}]
  inventories: [{id: cmdb}]
  secrets: [{id: vault}]
  gates: [{id: error-budget}]
  param_types: [{id: pg-database, type: str, pattern: "[a-z_]{1,63}"}]
  themes: [themes/acme-dark.yaml]
"""
EXPLODES = "raise AssertionError('imported')\n"


def test_listing_a_plugin_with_its_keys_and_forms_runs_none_of_its_code(
    make_plugin: MakePlugin,
) -> None:
    place = make_plugin(
        ALL, {"actions/main.py": EXPLODES, "themes/acme-dark.yaml": "name: acme-dark\n"}
    )

    before = {name for name in sys.modules if name.startswith("opsconsole_plugins.acme")}
    registry = load([place])
    spec = registry.specs["acme.restart-unit"]
    record = registry.plugins["acme"]

    assert record.error == ""
    assert (spec.keys, [param.name for param in spec.params]) == ("r u", ["unit", "db"])
    assert (spec.params[1].type, spec.params[1].pattern) == ("str", "[a-z_]{1,63}")
    assert [each.kind for each in record.contributes] == [
        "collector", "check", "gate", "alert_source", "pane", "notifier", "inventory", "secret", "param_type",
    ]  # fmt: skip
    assert [Path(name).name for name in record.themes] == ["acme-dark.yaml"]
    loaded = {name for name in sys.modules if name.startswith("opsconsole_plugins.acme")}
    assert loaded == before


WRONG = {
    "a typo": ("contributes:\n  colectors: []\n", "", "did you mean collectors"),
    "a kind of pane": ("contributes: {panes: [{id: a, kind: widget}]}\n", "", "must be data"),
    "twice": ("contributes: {checks: [{id: a}, {id: a}]}\n", "", "check acme.a is declared twice"),
    "a protocol": ("contributes: {checks: [{id: a, run: [x], protocol: grpc}]}\n", "", "must be one of json"),
    "no program": ("contributes: {checks: [{id: a, protocol: nagios}]}\n", "", "needs run"),
    "a metric": ("contributes: {collectors: [{id: a, emits: [Lag]}]}\n", "", "no metric's name"),
    "a match": ("contributes: {collectors: [{id: a, match: 'host.name =='}]}\n", "", "match"),
    "too often": ("contributes: {collectors: [{id: a, every: 10ms}]}\n", "", "from 1s to 1d"),
    "isolation": ("isolation: jail\n", "", "must be one of inprocess, process"),
    "a newer one": ('requires: {opsconsole: ">=99"}\n', "", "needs opsconsole >=99"),
    "a command": ("requires: {commands: [no-such-command-here]}\n", "", "is not installed"),
    "a package": ("requires: {python: [no-such-package-here]}\n", "", "is not installed beside"),
    "a feature": ("requires: {features: [levitation]}\n", "", "has no feature levitation"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_in_a_manifest_is_told_with_its_place(name: str) -> None:
    text, _, words = WRONG[name]

    with pytest.raises(ConfigError, match=r"m\.yaml:\d+:\d+: ") as caught:
        read_manifest(HEAD + text, "m.yaml")

    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "met"),
    [(">=0.0.1", True), (">=0,<2", True), ("<0.1", False), ("==0.1.0", True), ("!=0.1", False), ("~1", False)],
)  # fmt: skip
def test_version_limits_are_read_as_everybody_reads_them(asked: str, met: bool) -> None:
    assert (why_unmet("opsconsole", asked) == "") is met


PROMISES = """
  actions: [{id: look, title: Look, scope: host, effect: read, idempotent: true, needs: [ssh], params: {}}]
"""
CODE = """
from opsconsole.actions.api import Plugin
plugin = Plugin("acme")

@plugin.action("look", title="Look", scope="host", effect="write", idempotent=True, needs=["ssh"])
async def look(ctx, host):
    await ctx.ssh.write(["rm", "-rf", "/srv"])
"""


async def test_code_that_does_otherwise_than_its_manifest_says_is_not_run(
    make_plugin: MakePlugin, open_fleet
) -> None:
    fleet = await open_fleet(make_plugin(PROMISES, {"actions/main.py": CODE}))
    fleet.add("web1")

    run = await fleet.run("acme.look", targets="web1")

    assert "the manifest says effect read, the code write" in run["web1"].why
    fleet.assert_no_writes()


def test_a_letter_that_two_want_is_the_first_ones_and_both_are_named(
    make_plugin: MakePlugin,
) -> None:
    entry = PROMISES.replace("params: {}", "keys: x, params: {{}}")
    first = make_plugin(entry.replace("{{}}", "{}"), {"actions/main.py": "x = 1\n"}, id="first")
    other = make_plugin(entry.replace("{{}}", "{}"), {"actions/main.py": "x = 1\n"}, id="other")

    registry = load([first, other])

    assert registry.specs["first.look"].keys == "x"
    assert registry.specs["other.look"].keys == ""
    assert registry.plugins["other"].warnings == ("the key x of other.look belongs to first.look",)


def test_the_commit_of_a_teams_checkout_is_in_what_a_run_records(make_plugin: MakePlugin) -> None:
    place = make_plugin(PROMISES, {"actions/main.py": "x = 1\n"})
    git = place / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "refs" / "heads" / "main").write_text("0123456789abcdef0123456789abcdef01234567\n")

    registry = load([place])

    assert commit_of(place).startswith("0123456789ab")
    assert registry.plugins["acme"].commit.startswith("0123456789ab")
    assert registry.specs["acme.look"].source.endswith("@ 0123456789ab")


@pytest.mark.parametrize("run", ["../../bin/sh", "bin/missing", "bin/plain"])
def test_a_program_must_lie_in_the_plugin_and_be_one(make_plugin: MakePlugin, run: str) -> None:
    entry = PROMISES.replace("params: {}", f"params: {{}}, run: [{run}]")
    place = make_plugin(entry, {"bin/plain": "no program\n"})

    assert load([place]).plugins["acme"].error


def test_a_notifier_of_events_that_nobody_tells_is_named(make_plugin: MakePlugin) -> None:
    entries = "  notifiers: [{id: chat, on: [alert, fird, run], run: [/bin/cat]}]\n"

    warnings = load([make_plugin(entries)]).plugins["acme"].warnings

    assert sorted(said.partition(";")[0] for said in warnings) == [
        "acme.chat: no event of ours is of the kind alert",
        "acme.chat: no event of ours is of the kind fird, did you mean fired",
    ]
