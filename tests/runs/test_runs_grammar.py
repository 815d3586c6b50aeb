"""The YAML grammar at work: what each verb sends, what a plan says of it, and what is taken back."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from runs_bench import Bench, MakeBench
from runs_fakes import Drop, Exit, make_snapshot

from opsconsole.actions.loader import load
from opsconsole.actions.registry import Registry
from opsconsole.actions.yaml_runbook import read_runbook
from opsconsole.errors import RefusedError
from opsconsole.model.action import Plan, PlannedStep
from opsconsole.model.run import Run
from opsconsole.model.snapshot import CheckRecord, Snapshot
from opsconsole.model.states import Effect, RunState
from opsconsole.shipped import shipped_dir

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
HEAD = """api: 1
id: acme.x
title: X
scope: host
effect: {effect}
idempotent: true
timeout: 2m
needs: {needs}
"""


def runbook(steps: str, *, needs: str = "[ssh]", effect: str = "write", head: str = "") -> str:
    return HEAD.format(effect=effect, needs=needs) + head + steps


def bench_of(make_bench: MakeBench, *texts: str, names: tuple[str, ...] = ("web1",)) -> Bench:
    actions = [read_runbook(text, f"{number}.yaml") for number, text in enumerate(texts)]
    bench = make_bench(registry=Registry(actions), snapshot=make_snapshot(*names))
    bench.engine.clients.names = ("lb",)
    return bench


def shown(step: PlannedStep) -> str:
    words = step.shown or " ".join(step.argv)
    return f"{step.id}: {words} {step.note}".replace("  ", " ").rstrip()


def plan_of(plan: Plan, place: int = 0) -> list[str]:
    return [shown(step) for step in plan.targets[place].steps]


def ends(run: Run) -> list[tuple[str, str]]:
    return [(str(target.state), target.why) for target in run.targets]


HTTP = """steps:
  - {id: look, http: {client: lb, path: "/pools/${target.labels.role}/members/${target.name}"}, save: member}
  - id: drain
    http: {client: lb, method: PUT, path: "/members/${target.name}", json: {state: drain, weight: 0}}
    undo: [{id: undrain, http: {client: lb, method: PUT, path: "/members/${target.name}", json: {state: ready}}}]
  - {id: restart, run: [systemctl, restart, --, nginx.service]}
"""


async def test_a_call_that_reads_is_made_while_planning_and_one_that_changes_is_only_shown(
    make_bench: MakeBench,
) -> None:
    bench = bench_of(make_bench, runbook(HTTP, needs='[ssh, "http:lb"]'))
    bench.engine.clients.on("GET *", Exit(200, '{"state":"ready"}'))

    plan = await bench.plan("acme.x", "web1")

    assert bench.engine.clients.sent == ["GET lb /pools/web/members/web1"]
    assert bench.remote.dispatched == []
    assert plan_of(plan) == [
        'look: GET lb /pools/web/members/web1 → {"state":"ready"}',
        'drain: PUT lb /members/web1 {"state":"drain","weight":0}',
        "restart: systemctl restart -- nginx.service",
    ]


async def test_a_change_by_http_is_journaled_and_has_a_key_of_its_own(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    bench = bench_of(make_bench, runbook(HTTP, needs='[ssh, "http:lb"]'))

    run = await bench.run("acme.x", "web1")

    journal = (tmp_path / "runs" / run.id / "journal.jsonl").read_text()
    assert run.state is RunState.SUCCEEDED
    assert ends(run) == [("changed", "")]
    assert bench.engine.clients.sent[-1].startswith("PUT lb /members/web1")
    assert bench.engine.clients.keys[-1]
    assert '"argv":["PUT","lb","/members/web1"' in journal.replace(" ", "").replace("\\", "")


HTTP_ENDS = [
    (Exit(503, "no capacity\n"), ("failed", "drain: HTTP 503: no capacity")),
    (Drop(after_dispatch=True), ("unknown", "drain: connection lost")),
    (Drop(after_dispatch=False), ("failed", "connection refused")),
]


@pytest.mark.parametrize(("behaviour", "end"), HTTP_ENDS)
async def test_a_change_by_http_whose_end_was_not_seen_is_unknown(
    make_bench: MakeBench, behaviour: Exit | Drop, end: tuple[str, str]
) -> None:
    bench = bench_of(make_bench, runbook(HTTP, needs='[ssh, "http:lb"]'))
    bench.engine.clients.on("PUT *", behaviour)

    run = await bench.run("acme.x", "web1")

    assert ends(run) == [end]
    assert bench.remote.dispatched == []


async def test_a_client_that_the_configuration_does_not_name_is_told_before_anything_is_asked(
    make_bench: MakeBench,
) -> None:
    bench = bench_of(make_bench, runbook(HTTP, needs='[ssh, "http:lb"]'))
    bench.engine.clients.names = ()

    with pytest.raises(RefusedError, match="needs http:lb: no client lb") as refused:
        await bench.plan("acme.x", "web1")

    assert refused.value.code == "capability"


PATHS = ["../admin", "a/b", "x?y=1", "%2e%2e", "a#b", "a b"]


@pytest.mark.parametrize("value", PATHS)
async def test_a_value_stays_one_part_of_a_path(make_bench: MakeBench, value: str) -> None:
    steps = 'steps: [{id: a, http: {client: lb, path: "/members/${params.name}/state"}}]\n'
    head = "params: {name: {type: str}}\n"
    bench = bench_of(make_bench, runbook(steps, needs='["http:lb"]', head=head))

    plan = await bench.plan("acme.x", "web1", name=value)

    path = plan.targets[0].steps[0].shown.split(" ")[2]
    assert path.startswith("/members/")
    assert path.endswith("/state")
    assert path.count("/") == 3
    assert not {"?", "#"} & set(path)


async def test_a_value_that_goes_up_a_path_is_refused(make_bench: MakeBench) -> None:
    steps = 'steps: [{id: a, http: {client: lb, path: "/members/${params.name}/state"}}]\n'
    head = "params: {name: {type: str}}\n"
    bench = bench_of(make_bench, runbook(steps, needs='["http:lb"]', head=head))

    with pytest.raises(RefusedError, match="cannot be a part of a path"):
        await bench.plan("acme.x", "web1", name="..")


async def test_a_leaf_of_json_that_is_one_parameter_keeps_its_type(make_bench: MakeBench) -> None:
    steps = """steps:
  - id: a
    http:
      {client: lb, method: POST, path: /x, json: {n: "${params.n}", t: "is ${params.n}", l: [1, "${target.name}"]}}
"""
    head = "params: {n: {type: int}}\n"
    bench = bench_of(make_bench, runbook(steps, needs='["http:lb"]', head=head))

    await bench.run("acme.x", "web1", n="3")

    assert bench.engine.clients.sent == ['POST lb /x {"n":3,"t":"is 3","l":[1,"web1"]}']


EXPECT = [
    ("{path: $.state, op: ==, value: ready}", "changed"),
    ("{path: $.state, value: drained}", "failed"),
    ("{path: $.n, op: '>', value: 2}", "changed"),
    ("{path: $.n, op: '>', value: many}", "failed"),
    ("{path: $.nope, value: 1}", "failed"),
    ("{path: $.state, op: in, value: [ready, drain]}", "changed"),
]


@pytest.mark.parametrize(("test", "state"), EXPECT)
async def test_an_answers_json_is_held_against_what_is_expected(
    make_bench: MakeBench, test: str, state: str
) -> None:
    steps = f"steps: [{{id: a, http: {{client: lb, method: POST, path: /x}}, expect: {{json: {test}}}}}]\n"
    bench = bench_of(make_bench, runbook(steps, needs='["http:lb"]'))
    bench.engine.clients.on("*", Exit(201, '{"state":"ready","n":3}'))

    run = await bench.run("acme.x", "web1")

    assert run.targets[0].state == state


INNER = """api: 1
id: acme.inner
title: Inner
scope: host
effect: destructive
idempotent: true
needs: [ssh, "sudo:rm"]
locks: ["inner:${target.name}"]
params: {path: {type: path}}
steps: [{id: remove, sudo: rm, run: [rm, --, "${params.path}"]}]
"""
OUTER = runbook('steps:\n  - {id: clean, use: acme.inner, with: {path: "/srv/${target.name}"}}\n')


async def test_an_action_that_uses_another_has_its_effect_its_needs_and_its_locks(
    make_bench: MakeBench,
) -> None:
    bench = bench_of(make_bench, OUTER, INNER)
    spec = bench.service._registry.specs["acme.x"]

    plan = await bench.plan("acme.x", "web1")
    run = await bench.end(await bench.start(plan, confirm="web1"))

    assert (spec.effect, spec.needs, spec.locks) == (
        Effect.DESTRUCTIVE, ("ssh", "sudo:rm"), ("inner:${target.name}",),
    )  # fmt: skip
    assert plan.expect == "web1"
    assert plan_of(plan) == ["clean/remove: sudo -n -- rm -- /srv/web1"]
    assert ends(run) == [("changed", "")]


LINKS = [
    ((OUTER,), "0.yaml:10:17: there is no action acme.inner"),
    ((OUTER, INNER.replace("path: {type", "pth: {type").replace("params.path", "params.pth")),
     "0.yaml:10:17: acme.inner has no parameter path, did you mean pth"),
    ((OUTER.replace("with: {path: \"/srv/${target.name}\"}", "with: {}"), INNER),
     "acme.inner needs the parameter path"),
    ((OUTER, INNER.replace("scope: host", "scope: service")), "acme.inner is for a service"),
    ((OUTER.replace("steps:", "steps: [{id: a, wait: 1s}]\nfinally:"), INNER),
     "acme.inner is no read, and only reads may stand here"),
    ((OUTER, INNER.replace("run: [rm, --, \"${params.path}\"]", "use: acme.x").replace("sudo: rm, ", "")),
     "a circle: acme.x uses acme.inner uses acme.x"),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "words"), LINKS)
def test_an_action_that_uses_what_it_cannot_is_refused_with_its_place(
    texts: tuple[str, ...], words: str
) -> None:
    from opsconsole.actions.linking import link

    actions = [read_runbook(text, f"{number}.yaml") for number, text in enumerate(texts)]

    good, wrong = link({action.spec.id: action for action in actions})

    assert "acme.x" not in good
    assert words in wrong["acme.x"]


CHECK = """api: 1
id: acme.up
title: Up
scope: host
effect: read
idempotent: true
needs: [ssh]
params: {unit: {type: unit}}
steps: [{id: ask, run: [systemctl, is-active, --, "${params.unit}"]}]
"""


async def test_a_reading_action_is_a_check_and_is_asked_until_it_holds(
    make_bench: MakeBench,
) -> None:
    steps = """steps:
  - {id: restart, run: [systemctl, restart, --, nginx.service]}
  - {id: verify, until: {check: acme.up, with: {unit: nginx.service}, every: 1s, for: 10s, stable: 2}}
"""
    bench = bench_of(make_bench, runbook(steps), CHECK)
    bench.remote.on("systemctl is-active *", Exit(3, "activating\n"), Exit(0), Exit(0))

    plan = await bench.plan("acme.x", "web1")
    run = await bench.end(await bench.start(plan))

    assert plan_of(plan)[1] == "verify/ask: systemctl is-active -- nginx.service"
    assert ends(run) == [("changed", "")]
    asked = [line for _, line in bench.remote.dispatched if "is-active" in line]
    assert len(asked) == 3


async def test_a_step_that_is_done_once_is_done_by_the_first_target_for_all(
    make_bench: MakeBench,
) -> None:
    steps = """steps:
  - {id: notice, on: once, run: [logger, begin], save: told}
  - {id: work, run: [work, --, "${save.told.text}"]}
"""
    bench = bench_of(make_bench, runbook(steps), names=("web1", "web2", "web3"))
    bench.remote.on("logger *", Exit(0, "ticket-7\n"))

    run = await bench.run("acme.x", "web[1-3]")

    lines = [line for _, line in bench.remote.dispatched]
    assert run.state is RunState.SUCCEEDED
    assert lines.count("logger begin") == 1
    assert lines.count("work -- ticket-7") == 3


async def test_a_step_on_the_console_runs_on_the_jump_host(make_bench: MakeBench) -> None:
    bench = bench_of(
        make_bench, runbook("steps: [{id: a, on: console, run: [ticket, new]}]\n", needs="[local]")
    )

    run = await bench.run("acme.x", "web1")

    assert ends(run) == [("changed", "")]
    assert bench.remote.dispatched == [("console", "ticket new")]


async def test_a_bad_exit_is_tried_again_as_often_as_was_said(make_bench: MakeBench) -> None:
    steps = "steps: [{id: a, run: [flaky], retries: {count: 2, delay: 1s, on: [exit]}}]\n"
    bench = bench_of(make_bench, runbook(steps))
    bench.remote.on("flaky", Exit(1), Exit(1), Exit(0))

    run = await bench.run("acme.x", "web1")

    assert ends(run) == [("changed", "")]
    assert len(bench.remote.dispatched) == 3


async def test_a_lost_write_is_never_tried_again(make_bench: MakeBench) -> None:
    steps = "steps: [{id: a, run: [flaky], retries: {count: 2, delay: 1s}}]\n"
    bench = bench_of(make_bench, runbook(steps))
    bench.remote.on("flaky", Drop(after_dispatch=True))

    run = await bench.run("acme.x", "web1")

    assert run.targets[0].state == "unknown"
    assert len(bench.remote.dispatched) == 1


async def test_a_plan_reads_up_to_the_first_change_and_asks_nothing_behind_it(
    make_bench: MakeBench,
) -> None:
    steps = """steps:
  - {id: before, effect: read, run: [df, /var]}
  - {id: clean, run: [clean, /var]}
  - {id: after, effect: read, run: [df, /var], expect: {matches: ok}}
"""
    bench = bench_of(make_bench, runbook(steps))
    bench.remote.on("df *", Exit(0, "91% used\nand more\n"))

    plan = await bench.plan("acme.x", "web1")

    assert [line for _, line in bench.remote.dispatched] == ["df /var"]
    assert plan_of(plan) == [
        "before: df /var → 91% used · and more",
        "clean: clean /var",
        "after: df /var",
    ]


async def test_a_plan_that_would_fail_before_it_changes_anything_says_so(
    make_bench: MakeBench,
) -> None:
    steps = """steps:
  - {id: before, effect: read, run: [df, /var], expect: {matches: nearly}}
  - {id: clean, run: [clean, /var]}
"""
    bench = bench_of(make_bench, runbook(steps))
    bench.remote.on("df *", Exit(0, "12% used\n"))

    plan = await bench.plan("acme.x", "web1")

    assert plan_of(plan)[-1] == "…: would stop there: before: '12% used' does not match nearly"


async def test_a_file_is_put_as_a_whole_with_its_content_on_stdin(make_bench: MakeBench) -> None:
    text = runbook("steps: [{id: conf, put: {src: a.conf, dest: /etc/a.conf, mode: '0640'}}]\n")
    action = read_runbook(text, "x.yaml", None, {"files/a.conf": b"listen 80\n"})
    bench = make_bench(registry=Registry([action]), snapshot=make_snapshot("web1"))

    plan = await bench.plan("acme.x", "web1")
    run = await bench.end(await bench.start(plan))

    assert ends(run) == [("changed", "")]
    (command,) = bench.remote.commands
    assert plan_of(plan) == ["conf: put 10 bytes to /etc/a.conf, mode 0640"]
    assert command.stdin == b"listen 80\n"
    assert command.args[:2] == ("/etc/a.conf", "0640")


def test_the_digest_covers_the_files_that_are_put() -> None:
    text = runbook("steps: [{id: conf, put: {src: a.conf, dest: /etc/a.conf}}]\n")

    digests = {
        read_runbook(text, "x.yaml", None, {"files/a.conf": content}).spec.digest
        for content in (b"a", b"b")
    }

    assert len(digests) == 2


async def test_a_file_is_fetched_into_the_runs_folder(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    steps = "steps: [{id: conf, get: {src: /etc/a.conf, dest: a.conf}}]\n"
    bench = bench_of(make_bench, runbook(steps, effect="read"))
    bench.remote.on("*", Exit(0, b"\x00\xff raw"))

    run = await bench.run("acme.x", "web1")

    kept = tmp_path / "runs" / run.id / "out" / "web1.conf.a.conf"
    assert kept.read_bytes() == b"\x00\xff raw"
    assert kept.stat().st_mode & 0o777 == 0o600


def shop(snapshot: Snapshot) -> Snapshot:
    check = CheckRecord("shop/web1", "http", "http://192.0.2.1:8080/health")
    record = replace(
        snapshot.services["shop"],
        checks=(check,),
        labels={"lb_pool": "shop", "unit": "shop.service"},
    )
    return replace(snapshot, services={"shop": record})


async def test_the_runbook_of_the_documentation_loads_and_runs(make_bench: MakeBench) -> None:
    registry = load([EXAMPLES], shipped=shipped_dir("plugins"))
    names = tuple(f"web{number}" for number in range(1, 5))
    snapshot = shop(make_snapshot(*names, services={"shop": names}))
    bench = make_bench(registry=registry, snapshot=snapshot)
    bench.engine.clients.names = ("lb",)
    bench.remote.on("sh: exec curl *", Exit(0, "200\n"))

    assert {name: plugin.error for name, plugin in registry.plugins.items()} == {
        "acme": "",
        "core": "",
    }
    plan = await bench.plan(
        "acme.rolling-restart", "service:shop", unit="shop.service", reason="new build"
    )

    assert [target.name for target in plan.targets] == list(names)
    assert [step.id for step in plan.targets[0].steps] == [
        "drain", "wait-idle", "restart", "verify/ask", "undrain/ready", "snapshot",
    ]  # fmt: skip
    assert plan_of(plan)[0] == 'drain: PUT lb /pools/shop/members/web1 {"state":"drain"}'
    assert "sport = :8080" in plan_of(plan)[1]
