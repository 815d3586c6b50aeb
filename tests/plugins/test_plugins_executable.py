"""Actions in any language: the protocol, what is done for them, and what becomes of those that break it."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from plugin_bench import MakePlugin, OpenFleet

from opsconsole.testing import Drop, Exit, Fleet, Hang

HELLO = 'read -r hello; echo \'{"op":"hello","api":1,"plugin":"acme","version":"1.4.0"}\'\nread -r invoke\n'

ENTRY = """
  actions:
    - id: {name}
      title: Restart a unit
      scope: host
      effect: {effect}
      idempotent: true
      needs: [ssh]
      timeout: 20s
      params: {{unit: {{type: unit, required: true}}}}
      run: [bin/{name}]
"""


def script(body: str) -> str:
    return f"#!/bin/sh\n{HELLO}{body}"


@pytest.fixture
def make(make_plugin: MakePlugin, open_fleet: OpenFleet) -> Callable[..., Awaitable[Fleet]]:
    async def one(body: str, *, effect: str = "write", whole: bool = False) -> Fleet:
        text = body if whole else script(body)
        place = make_plugin(ENTRY.format(name="restart", effect=effect), {"bin/restart": text})
        fleet = await open_fleet(place)
        assert fleet.registry.plugins["acme"].error == ""
        fleet.add("web[1-2]", init="systemd")
        return fleet

    return one


RESTART = """
echo '{"op":"call","id":"a","m":"ssh.write","p":{"argv":["systemctl","restart","--",{"param":"unit"}]}}'
read -r result
echo '{"op":"call","id":"b","m":"ssh.read","p":{"ok":[0,3],'\\
'"argv":["systemctl","is-active","--",{"param":"unit"}]}}'
read -r result
echo '{"op":"outcome","id":1,"state":"changed","summary":"restarted"}'
"""


async def test_what_a_process_calls_for_is_done_on_the_target(make: Callable) -> None:
    fleet = await make(RESTART)

    run = await fleet.run("acme.restart", unit="nginx", targets="web1")

    assert run.state == "SUCCEEDED"
    assert (run["web1"].state, run["web1"].why) == ("CHANGED", "restarted")
    assert fleet.writes == [("web1", "systemctl restart -- nginx.service")]


async def test_planning_it_sends_no_write_and_shows_its_argument_list(make: Callable) -> None:
    fleet = await make(RESTART)

    plan = await fleet.plan("acme.restart", unit="nginx", targets="web1")

    assert plan["web1"].writes == [["systemctl", "restart", "--", "nginx.service"]]
    fleet.assert_no_writes()


@pytest.mark.parametrize(
    ("behaviour", "state"),
    [
        (Exit(1, stderr="boom"), "FAILED"),
        (Drop(after="dispatch"), "UNKNOWN"),
        (Drop(after="connect"), "UNREACHABLE"),
        (Hang(), "UNKNOWN"),
    ],
)
async def test_a_script_that_ignores_what_its_call_ended_in_cannot_make_it_good(
    make: Callable, behaviour: object, state: str
) -> None:
    fleet = await make(RESTART)
    fleet.on("systemctl restart *", then=behaviour)

    run = await fleet.run("acme.restart", unit="nginx", targets="web1")

    assert run["web1"].state == state


BAD_ENDS = {
    "leaves at once": ("exit 7\n", "exited with 7 before an outcome"),
    "says why": ("echo 'no disk' >&2; exit 1\n", "exited with 1 before an outcome: no disk"),
    "no json": ("echo hello world\n", "is no line of the protocol"),
    "no such call": ('echo \'{"op":"call","id":"a","m":"rm","p":{}}\'; read -r x\n', "called 'rm'"),
    "no such state": ('echo \'{"op":"outcome","id":1,"state":"fine"}\'\n', "not 'fine'"),
    "a command line": (
        'echo \'{"op":"call","id":"a","m":"ssh.read","p":{"argv":"rm -rf /"}}\'; read -r x\n',
        "Expected `array`",
    ),
    "a long line": ("head -c 2000000 /dev/zero | tr '\\0' x; echo\n", "more than 1 MiB"),
    "100 MB": ('yes \'{"op":"log","text":"x"}\' | head -c 100000000\n', "more than 16 MiB"),
}


@pytest.mark.parametrize("name", BAD_ENDS)
async def test_a_process_that_breaks_the_protocol_fails_its_target_and_says_how(
    make: Callable, name: str
) -> None:
    body, words = BAD_ENDS[name]
    fleet = await make(body)

    run = await fleet.run("acme.restart", unit="nginx", targets="web1")

    assert run["web1"].state == "FAILED"
    assert words in run["web1"].why


async def test_a_process_that_goes_in_mid_write_leaves_the_target_unknown(make: Callable) -> None:
    fleet = await make(RESTART)
    fleet.on("systemctl restart *", then=Drop())

    run = await fleet.run("acme.restart", unit="nginx", targets="web1")

    assert (run.state, run["web1"].state) == ("INDETERMINATE", "UNKNOWN")


@pytest.mark.parametrize("unit", ["-rf", "a b.service", "$(id).service", "x\ny.service"])
async def test_hostile_values_are_refused_before_any_process_starts(
    make: Callable, unit: str
) -> None:
    fleet = await make(RESTART)

    with pytest.raises(Exception, match="is no unit's name"):
        await fleet.plan("acme.restart", unit=unit, targets="web1")


async def test_a_process_sees_a_small_environment_and_nothing_of_the_engines(
    make: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_PASSWORD", "hunter2")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/tmp/agent")
    seen = tmp_path / "seen"
    fleet = await make(f'env > {seen}\necho \'{{"op":"outcome","id":1,"state":"unchanged"}}\'\n')

    await fleet.run("acme.restart", unit="nginx", targets="web1")

    names = {line.partition("=")[0] for line in seen.read_text().splitlines()}
    assert names <= {
        "PATH", "HOME", "USER", "LOGNAME", "TZ", "LANG", "OPSC_API", "OPSC_PLUGIN", "PWD", "SHLVL", "_", "OLDPWD",
    }  # fmt: skip


async def test_a_program_that_was_changed_after_it_was_loaded_is_not_started(
    make: Callable, make_plugin: MakePlugin
) -> None:
    fleet = await make(RESTART)
    make_plugin(ENTRY.format(name="restart", effect="write"), {"bin/restart": script("exit 3\n")})

    run = await fleet.run("acme.restart", unit="nginx", targets="web1")

    assert "was changed after it was loaded" in run["web1"].why


PYTHON = """
from dataclasses import dataclass
from opsconsole.actions.api import Ctx, Host, Outcome, Param, Plugin, Unit

plugin = Plugin("py")


@dataclass(frozen=True)
class Params:
    unit: Unit = Param()


@plugin.action("restart", title="Restart a unit", scope="host", effect="write", idempotent=True,
               needs=["ssh"], timeout="20s")
async def restart(ctx: Ctx, host: Host, p: Params) -> Outcome:
    await ctx.ssh.write(["systemctl", "restart", "--", p.unit], step="restart")
    await ctx.ssh.read(["systemctl", "is-active", "--", p.unit], step="verify")
"""
YAML = """
api: 1
id: yaml.restart
title: Restart a unit
scope: host
effect: write
idempotent: true
needs: [ssh]
timeout: 20s
params: {unit: {type: unit, required: true}}
steps:
  - {id: restart, run: [systemctl, restart, --, "${params.unit}"]}
  - {id: verify, effect: read, quiet: true, run: [systemctl, is-active, --, "${params.unit}"]}
"""
SHELL = """#!/bin/sh
read -r hello; echo '{"op":"hello","api":1,"plugin":"sh","version":"1.0.0"}'
read -r invoke
echo '{"op":"call","id":1,"m":"ssh.write","p":{"step":"restart",'\\
'"argv":["systemctl","restart","--",{"param":"unit"}]}}'
read -r result
echo '{"op":"call","id":2,"m":"ssh.read","p":{"step":"verify",'\\
'"argv":["systemctl","is-active","--",{"param":"unit"}]}}'
read -r result
echo '{"op":"outcome","id":1,"state":"changed"}'
"""


def told(fleet: Fleet, run: object) -> list[dict]:
    lines = (run.journal / "journal.jsonl").read_bytes().splitlines()
    kept = [msgspec.json.decode(line) for line in lines]
    drop = ("t_wall", "t_mono", "prev", "hash", "digest", "source", "n", "took", "spool", "limit")
    return [{key: value for key, value in each.items() if key not in drop} for each in kept]


@pytest.mark.parametrize("then", [Exit(), Exit(1, stderr="boom"), Drop()])
async def test_one_action_in_python_yaml_and_ten_lines_of_shell_is_one_plan_one_run_one_journal(
    make_plugin: MakePlugin, open_fleet: OpenFleet, then: object
) -> None:
    python = make_plugin("", {"actions/restart.py": PYTHON}, id="py")
    yaml = make_plugin("", {"runbooks/restart.yaml": YAML}, id="yaml")
    shell = make_plugin(
        ENTRY.format(name="restart", effect="write"), {"bin/restart": SHELL}, id="sh"
    )
    alone = make_plugin(
        ENTRY.format(name="restart", effect="write").replace("      run: [bin/restart]\n", ""),
        {"actions/restart.py": PYTHON.replace('Plugin("py")', 'Plugin("alone")')},
        id="alone",
        more="isolation: process\n",
    )
    plans, runs, journals = [], [], []

    for place in (python, yaml, shell, alone):
        fleet = await open_fleet(place)
        fleet.add("web[1-2]", init="systemd")
        fleet.on("systemctl restart *", then=then, host="web1")
        name = f"{place.name}.restart"
        plan = await fleet.plan(name, unit="nginx", targets="web[1-2]")
        run = await fleet.run(name, unit="nginx", targets="web1")
        plans.append([(t.name, t.skip, t.steps) for t in plan.record.targets])
        runs.append([(t.name, t.state, t.why, t.code) for t in run.record.targets])
        journals.append(told(fleet, run))

    assert plans == [plans[0]] * 4
    assert runs == [runs[0]] * 4
    assert journals == [journals[0]] * 4


ONESHOT = """
  actions:
    - id: once
      title: Once
      scope: host
      effect: write
      idempotent: true
      needs: [local]
      protocol: oneshot
      params: {word: {type: str, default: hello}}
      run: [bin/once]
"""


@pytest.mark.parametrize(
    ("answer", "state", "why"),
    [
        (Exit(0, stdout="done it\n"), "CHANGED", "done it"),
        (Exit(0, stdout='{"state":"unchanged","summary":"was so"}'), "UNCHANGED", "was so"),
        (Exit(1, stdout="no disk\n"), "FAILED", "no disk"),
        (Exit(3), "UNKNOWN", "the script does not know"),
    ],
)
async def test_a_script_of_five_lines_is_judged_by_its_exit_code(
    make_plugin: MakePlugin, open_fleet: OpenFleet, answer: Exit, state: str, why: str
) -> None:
    fleet = await open_fleet(make_plugin(ONESHOT, {"bin/once": "#!/bin/sh\ncat\n"}))
    fleet.add("web1")
    fleet.on("env -i *bin/once", then=answer, host="console")

    plan = await fleet.plan("acme.once", targets="web1")
    fleet.assert_no_writes()
    run = await fleet.run("acme.once", targets="web1", word="-rf $(id)")

    assert plan["web1"].record.steps[0].shown.endswith("bin/once")
    assert run["web1"].state == state
    assert why in run["web1"].why
    sent = [each.command for each in fleet.remote.dispatched if each.host == "console"][-1]
    assert msgspec.json.decode(sent.stdin) == {"word": "-rf $(id)"}


BACK = """
echo '{"op":"call","id":"a","m":"ssh.write","p":{"argv":["true"]}}'
read -r result
case $invoke in *rollback*) echo '{"op":"outcome","id":1,"state":"changed"}';;
*) echo '{"op":"outcome","id":1,"state":"failed","summary":"no"}';; esac
"""


async def test_a_program_with_a_way_back_is_asked_for_it_in_the_mode_rollback(
    make_plugin: MakePlugin, open_fleet: OpenFleet
) -> None:
    entry = ENTRY.format(name="restart", effect="write") + "      rollback: true\n"
    fleet = await open_fleet(make_plugin(entry, {"bin/restart": script(BACK)}))

    impl = fleet.registry.resolve("acme.restart").impl

    assert impl.has_rollback is True
