"""The `ctx` of contributions: what it has, and what becomes of those that want what only actions may."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from plugin_bench import MakePlugin, OpenFleet

from opsconsole.actions.answers import (
    read_alerts,
    read_hosts,
    read_pane,
    read_samples,
    read_verdict,
)
from opsconsole.actions.api import FoundAlert, FoundHost, Host, Samples, Verdict
from opsconsole.actions.steps import HttpCall
from opsconsole.actions.wards import Wards
from opsconsole.clock import SystemClock
from opsconsole.model.event import Event
from opsconsole.model.pane import PaneCell
from opsconsole.model.plugin import Contribution
from opsconsole.runs.contributions import Contributions
from opsconsole.transport.base import Answer, Ending

COLLECTOR = """
from opsconsole.actions.api import Plugin, Samples

plugin = Plugin("acme")


@plugin.collector("lag")
async def lag(ctx, host):
    {body}
    return Samples({{"pg.lag": 1.0}})
"""
ENTRY = "  collectors: [{id: lag, every: 15s, emits: [pg.lag]}]\n"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('await ctx.ask("How many?")', "only an action may ask a person"),
        ('await ctx.confirm("Sure?")', "only an action may ask a person"),
        ('await ctx.artifact("x", b"y")', "only an action may keep a file"),
        ("await ctx.http.lb.get('/x')", "does not declare http:lb"),
        ("await ctx.checks()", "only an action"),
        ('await ctx.lock("x")', "only an action may take a lock"),
        ('await ctx.ssh.write(["true"])', "only an action may change something"),
        ('await ctx.ssh.put("x", "/etc/x")', "only an action may change something"),
    ],
)
async def test_a_contribution_that_does_what_only_actions_may_is_told_so_and_ends_nobody_else(
    make_plugin: MakePlugin, open_fleet: OpenFleet, body: str, words: str
) -> None:
    place = make_plugin(ENTRY, {"actions/main.py": COLLECTOR.format(body=body)})
    fleet = await open_fleet(place)
    fleet.add("web1")
    calls = Contributions(
        fleet.registry, Wards(fleet.clock.now), fleet.remote, lambda _: None, SystemClock()
    )
    spec = calls.find("collector", "acme.lag")
    assert spec is not None

    call = await calls.call(spec)

    assert words in call.error


WIDE = """
from opsconsole.actions.api import Plugin, Verdict

plugin = Plugin("acme")


@plugin.check("wide")
async def wide(ctx, target, params):
    seen = int(await ctx.cache.get("seen") or 0) + 1
    await ctx.cache.put("seen", seen)
    rounds = 0
    async for tick in ctx.until(5, every=2):
        rounds += 1
    said = await ctx.http.cmdb.get("/host")
    return Verdict.ok(f"{seen} {rounds} {ctx.config['site']} {ctx.health().state} {said.text}")


@plugin.notifier("chat")
async def chat(ctx, event):
    await ctx.http.chat.post("/say", json={"text": event.text})
"""
WIDE_ENTRY = """
  checks: [{id: wide, needs: [ssh, "http:cmdb"]}]
  notifiers: [{id: chat, on: [run], needs: ["http:chat"]}]
"""


class Web:
    """HTTP clients that keep what they were asked."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def why_not(self, client: str, method: str = "GET") -> str:
        return "" if client in ("cmdb", "chat") else f"no client {client} for {method}"

    async def send(self, call: HttpCall, *, key: str, **_more: object) -> Answer:
        self.sent.append((call.words, key))
        return Answer(Ending.EXITED, 200, stdout=b"berlin-3")


async def test_a_contribution_has_the_ctx_of_an_action_as_far_as_it_reads(
    make_plugin: MakePlugin, open_fleet: OpenFleet
) -> None:
    fleet = await open_fleet(make_plugin(WIDE_ENTRY, {"actions/main.py": WIDE}))
    fleet.add("web1")
    fleet.plugin_config["acme"] = {"site": "berlin"}
    calls = Contributions(
        fleet.registry, Wards(fleet.clock.now), fleet.remote, lambda _: None, fleet.clock
    )
    web = Web()
    calls.reach(replace(fleet.ports, clients=web))
    check, chat = calls.find("check", "acme.wide"), calls.find("notifier", "acme.chat")
    assert check is not None
    assert chat is not None
    event = Event(7, 1.0, "op1", "run", "host:web1", "restarted")

    first = await calls.call(check, Host("web1"))
    second = await calls.call(check, Host("web1"))
    told = [await calls.call(chat, given=(event,)) for _ in range(2)]

    assert [one.answer.summary for one in (first, second)] == [
        "1 4 berlin ok berlin-3",
        "2 4 berlin ok berlin-3",
    ]
    assert [one.error for one in told] == ["", ""]
    assert web.sent[2:] == [('POST chat /say {"text":"restarted"}', web.sent[2][1])] * 2


SHELL = """#!/bin/sh
read -r hello; echo '{"op":"hello","api":1,"plugin":"acme"}'
read -r invoke
echo '{"op":"outcome","id":1,"state":"STATE","summary":"said","data":DATA}'
"""
LEAF = """#!/bin/sh
read -r hello; echo '{"op":"hello","api":1,"plugin":"acme"}'
read -r invoke
case $invoke in *'"given":"api"'*) ;; *) exit 9 ;; esac
echo '{"op":"outcome","id":1,"state":"done","data":{"value":"hunter2"}}'
"""


@pytest.mark.parametrize(
    ("kind", "entry", "script", "seen"),
    [
        ("collector", "collectors: [{id: x, emits: [pg.lag], ",
         ("done", '{"metrics":{"pg.lag":2.5},"facts":{"v":"1"}}'),
         lambda raw, spec: read_samples(raw, spec) == Samples({"acme.pg.lag": 2.5}, {"acme.v": "1"})),
        ("check", "checks: [{id: x, ", ("warning", '{"lag":2.5}'),
         lambda raw, _: read_verdict(raw) == Verdict("warning", "said", {"lag": 2.5})),
        ("pane", "panes: [{id: x, ", ("done", '{"columns":["A"],"rows":[["ok:1"]]}'),
         lambda raw, spec: read_pane(raw, spec, 1.0).rows == ((PaneCell("1", "ok"),),)),
        ("alert_source", "alert_sources: [{id: x, ", ("done", '{"alerts":[{"key":"k","name":"N"}]}'),
         lambda raw, _: read_alerts(raw) == (FoundAlert("k", "N"),)),
        ("inventory", "inventories: [{id: x, ", ("done", '{"hosts":[{"name":"h1"}]}'),
         lambda raw, _: read_hosts(raw) == (FoundHost("h1"),)),
        ("secret", "secrets: [{id: x, ", None, lambda raw, _: raw == {"value": "hunter2"}),
    ],
)  # fmt: skip
async def test_every_kind_can_be_a_shell_script_too(
    make_plugin: MakePlugin,
    open_fleet: OpenFleet,
    kind: str,
    entry: str,
    script: tuple[str, str] | None,
    seen: Callable[[object, Contribution], bool],
) -> None:
    text = SHELL.replace("STATE", script[0]).replace("DATA", script[1]) if script else LEAF
    fleet = await open_fleet(make_plugin(f"  {entry}run: [bin/x]}}]\n", {"bin/x": text}))
    calls = Contributions(
        fleet.registry, Wards(fleet.clock.now), fleet.remote, lambda _: None, fleet.clock
    )
    spec = calls.find(kind, "acme.x")
    assert spec is not None

    call = await calls.call(spec, given=("api",) if kind == "secret" else ())

    assert call.error == ""
    assert seen(call.answer, spec)
