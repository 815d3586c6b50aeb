"""What an executable may ask for beside commands: streams, files, people, and what the console knows."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from plugin_bench import MakePlugin, OpenFleet

from opsconsole.actions.aside import Aside
from opsconsole.actions.conversation import Child, converse
from opsconsole.actions.program import Program
from opsconsole.actions.protocol import Answer, Call, Invoke, StreamLine, Tell
from opsconsole.clock import SystemClock
from opsconsole.runs.ports import Ports
from opsconsole.testing import Exit, Fleet
from opsconsole.transport.base import Remote

ENTRY = """
  actions:
    - id: work
      title: Work
      scope: host
      effect: write
      idempotent: true
      needs: [ssh, local]
      timeout: 20s
      params: {path: {type: path, default: /etc/motd}}
      run: [bin/work]
"""
HELLO = """#!/bin/sh
read -r hello; echo '{"op":"hello","api":1,"plugin":"acme"}'
read -r invoke
"""
PYTHON = """#!/usr/bin/env python3
import base64, json, sys


def say(**line):
    print(json.dumps(line), flush=True)


def hear():
    return json.loads(sys.stdin.readline())


def call(m, id="a", **p):
    say(op="call", id=id, m=m, p=p)
    before = []
    while (line := hear())["op"] != "result":
        before.append(line)
    return line["r"], before


def end(state, summary=""):
    say(op="outcome", id=1, state=state, summary=str(summary))


hear()
say(op="hello", api=1, plugin="acme")
invoke = hear()
"""
Make = Callable[..., Awaitable[Fleet]]


@pytest.fixture
def make(make_plugin: MakePlugin, open_fleet: OpenFleet) -> Make:
    async def one(body: str, files: Mapping[str, str] | None = None) -> Fleet:
        text = body if body.startswith("#!") else PYTHON + body
        place = make_plugin(ENTRY, {"bin/work": text, **(files or {})})
        fleet = await open_fleet(place)
        assert fleet.registry.plugins["acme"].error == ""
        fleet.add("web[1-2]", service="shop")
        return fleet

    return one


STREAM = (
    HELLO
    + """
echo '{"op":"call","id":"s","m":"ssh.stream","p":{"argv":["journalctl","-f"]}}'
while read -r line; do
  case $line in
    *'"op":"line"'*error*) echo "{\\"op\\":\\"log\\",\\"text\\":\\"seen\\"}"; echo '{"op":"stop","id":"s"}' ;;
    *'"op":"result"'*) break ;;
  esac
done
case $line in *stopped*) how=changed ;; *) how=unchanged ;; esac
echo '{"op":"call","id":"w","m":"ssh.write","p":{"argv":["true"]}}'
read -r result
echo "{\\"op\\":\\"outcome\\",\\"id\\":1,\\"state\\":\\"$how\\"}"
"""
)


async def test_a_shell_script_follows_a_command_line_by_line_and_stops_when_it_has_enough(
    tmp_path: Path,
) -> None:
    path = tmp_path / "work"
    path.write_text(STREAM)
    path.chmod(0o755)
    heard: list[object] = []
    ended = asyncio.Event()

    async def serve(call: Call, tell: Tell) -> Answer:
        heard.append(call.m)
        if call.m != "ssh.stream":
            return {"state": "done"}
        try:
            for text in ("good", "an error", "more"):
                await tell(StreamLine(call.id, text))
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    program = Program((str(path),), tmp_path, "acme")
    invoke = Invoke(1, "acme.work", "run", {}, {}, "r1", 20_000)
    async with asyncio.timeout(20):
        outcome = await converse(program, invoke, serve, heard.append)

    assert ended.is_set()
    assert [getattr(each, "text", each) for each in heard] == ["ssh.stream", "seen", "ssh.write"]
    assert outcome.state == "changed"


async def test_no_line_is_lost_to_whoever_stops_listening(tmp_path: Path) -> None:
    path = tmp_path / "work"
    say = """printf '{"op":"progress","id":1,"done":%s}\\n' $i"""
    path.write_text(f"#!/bin/sh\ni=0; while [ $i -lt 200 ]; do {say}; i=$((i + 1)); done\n")
    path.chmod(0o755)
    child = await Child(Program((str(path),), tmp_path, "acme")).start()
    heard = []

    for _ in range(200):
        listening = asyncio.create_task(child.receive())
        await asyncio.sleep(0)
        listening.cancel()  # too late for one that has its line
        [line] = await asyncio.gather(listening, return_exceptions=True)
        heard.append(await child.receive() if isinstance(line, asyncio.CancelledError) else line)
    await child.end(5.0)

    assert [getattr(line, "done", line) for line in heard] == list(range(200))


async def test_a_stream_that_ends_by_itself_says_how_many_lines_it_had(make: Make) -> None:
    fleet = await make(
        'r, lines = call("ssh.stream", argv=["dmesg"])\n'
        'end("unchanged", [r, [(each["op"], each["text"]) for each in lines]])\n'
    )
    fleet.on("dmesg", then=Exit(0, stdout="one\ntwo"))

    run = await fleet.run("acme.work", targets="web1")

    said = [{"state": "done", "lines": 2}, [("line", "one"), ("line", "two")]]
    assert run["web1"].why == str(said)


async def test_a_stream_whose_command_fails_fails_the_target(make: Make) -> None:
    fleet = await make('call("ssh.stream", argv=["dmesg"])\nend("unchanged")\n')
    fleet.on("dmesg", then=Exit(1, stderr="not permitted"))

    run = await fleet.run("acme.work", targets="web1")

    assert (run["web1"].state, run["web1"].why) == ("FAILED", "dmesg: exit 1: not permitted")


async def test_a_script_that_leaves_in_the_middle_of_a_stream_is_not_waited_for(make: Make) -> None:
    fleet = await make(
        'say(op="call", id="s", m="ssh.stream", p={"argv": ["tail", "-F", "x"]})\nsys.exit(3)\n'
    )
    fleet.on("tail *", then=Exit(0, took=15.0))

    run = await fleet.run("acme.work", targets="web1")

    assert "exited with 3 before an outcome" in run["web1"].why


@pytest.mark.parametrize(
    ("content", "form", "expected"),
    [
        (b"hello\n", "text", {"state": "done", "size": 6, "text": "hello\n"}),
        (b"\xff\xfe", "text", "is no UTF-8; say as: base64"),
        (b"x" * 200_000, "text", "is 200000 bytes; say as: base64"),
        (b"\xff\xfe", "none", {"state": "done", "size": 2}),
    ],
    ids=["text", "no text", "too long", "unasked"],
)
async def test_a_file_is_fetched_whole_or_not_at_all(
    make: Make, tmp_path: Path, content: bytes, form: str, expected: object
) -> None:
    fleet = await make(
        f'r, _ = call("ssh.get", path={{"param": "path"}}, may_fail=True, **{{"as": "{form}"}})\n'
        f'open("{tmp_path}/said", "w").write(json.dumps(r))\nend("unchanged")\n'
    )
    fleet.on("sh: exec cat *", then=Exit(0, stdout=content))

    run = await fleet.run("acme.work", targets="web1")

    said = msgspec.json.decode((tmp_path / "said").read_bytes())
    assert run["web1"].state == "UNCHANGED"
    assert said == expected or said["reason"] == expected


async def test_any_bytes_come_in_pieces_and_can_be_kept_with_the_run(make: Make) -> None:
    content = bytes(range(256)) * 4_000
    fleet = await make(
        'r, pieces = call("ssh.get", path="/var/core", **{"as": "base64"})\n'
        'data = b"".join(base64.b64decode(each["base64"]) for each in pieces)\n'
        'kept, _ = call("artifact", "b", name="core", **{"from": "a"})\n'
        'end("unchanged", [len(pieces), len(data), data == bytes(range(256)) * 4_000, kept])\n'
    )
    fleet.on("sh: exec cat *", then=Exit(0, stdout=content))

    run = await fleet.run("acme.work", targets="web1")

    assert run["web1"].why == str([3, 1_024_000, True, {"state": "done", "size": 1_024_000}])
    assert (run.journal / "out" / "web1.core").read_bytes() == content


PUT = """
r, _ = call("ssh.put", path={"param": "path"}, %s, mode="0600")
end("changed" if r["state"] in ("done", "planned") else "failed", r.get("reason", ""))
"""


@pytest.mark.parametrize(
    ("given", "content"),
    [
        ('text="hello"', b"hello"),
        ('base64="//4="', b"\xff\xfe"),
        ('file="motd"', b"from the plugin\n"),
    ],
)
async def test_a_file_is_replaced_as_a_whole_and_its_way_back_is_kept(
    make: Make, given: str, content: bytes
) -> None:
    fleet = await make(PUT % given, {"files/motd": "from the plugin\n"})

    plan = await fleet.plan("acme.work", targets="web1")
    fleet.assert_no_writes()
    run = await fleet.run("acme.work", targets="web1", path="/etc/issue")

    shown = [step.shown for step in plan["web1"].record.steps]
    assert shown == [f"put {len(content)} bytes to /etc/motd, mode 0600"]
    sent = [each.command for each in fleet.remote.dispatched if "put" in str(each.command.spool)]
    assert [each.stdin for each in sent] == [content]
    assert run["web1"].state == "CHANGED"
    journal = (run.journal / "journal.jsonl").read_text()
    assert journal.index('"undo.push"') < journal.index('"step.dispatch"')


ASKS = """
r, _ = call("ask", text="How many?", type="int")
r2, _ = call("confirm", "b", text="Sure of " + r.get("value", "nothing") + "?")
call("ssh.write", "c", argv=["scale", {"answer": "a"}])
end("changed", r.get("value"))
"""


async def test_a_script_asks_a_person_and_uses_the_answer_without_reading_it(make: Make) -> None:
    fleet = await make(ASKS)
    fleet.answer("How many?", then="3")
    fleet.answer("Sure of 3?", then=True)

    plan = await fleet.plan("acme.work", targets="web1")
    run = await fleet.run("acme.work", targets="web1")

    assert plan["web1"].notes == ["asks: How many?"]
    assert run["web1"].state == "CHANGED"
    assert fleet.writes == [("web1", "scale 3")]


@pytest.mark.parametrize("answers", [{}, {"How many?": "3"}])
async def test_no_and_silence_never_mean_yes(make: Make, answers: dict[str, str]) -> None:
    fleet = await make(ASKS)
    for question, value in answers.items():
        fleet.answer(question, then=value)

    run = await fleet.run("acme.work", targets="web1")

    assert run["web1"].state == "FAILED"
    assert "the answer is no" in run["web1"].why
    fleet.assert_no_writes()


async def test_a_persons_answer_stays_suspect_when_it_comes_back_as_text(make: Make) -> None:
    fleet = await make(
        'r, _ = call("ask", text="Which?")\n'
        'call("ssh.write", "b", argv=["rm", r["value"]])\nend("changed")\n'
    )
    fleet.answer("Which?", then="-rf")

    run = await fleet.run("acme.work", targets="web1")

    assert "would be read as an option" in run["web1"].why
    fleet.assert_no_writes()


async def test_what_the_console_knows_can_be_asked(make: Make) -> None:
    fleet = await make(
        'health, _ = call("health")\npeers, _ = call("peers")\npast, _ = call("history")\n'
        'call("cache.put", key="n", value={"a": [1]})\nkept, _ = call("cache.get", key="n")\n'
        'conf, _ = call("config.get")\ncall("lock", key="shop-config")\n'
        'end("unchanged", json.dumps([health["health"]["state"], '
        '[each["name"] for each in peers["peers"]], past["history"], kept["value"], conf["value"]]))\n'
    )

    run = await fleet.run("acme.work", targets="web1")

    assert msgspec.json.decode(run["web1"].why) == ["ok", ["web2"], [], {"a": [1]}, {}]


async def test_a_plugins_script_and_a_working_folder_go_through_the_same_door(make: Make) -> None:
    fleet = await make(
        'call("ssh.script", name="grow.sh", args=[{"param": "path"}, 3])\n'
        'call("ssh.write", "b", argv=["make"], cwd="/srv", env={"JOBS": 2}, retries=1)\n'
        'end("changed")\n',
        {"scripts/grow.sh": "echo $1\n"},
    )
    fleet.on("*make*", then=[Exit(2), Exit(0)])

    plan = await fleet.plan("acme.work", targets="web1")
    run = await fleet.run("acme.work", targets="web1")

    assert [step.id for step in plan["web1"].record.steps] == ["grow", "make"]
    assert run["web1"].state == "CHANGED"


WRONG = {
    "an unknown key": ('call("ssh.read", argv=["true"], shell=True)', "unknown field `shell`"),
    "a path that is none": ('call("ssh.get", path="etc/motd")', "etc/motd"),
    "two contents": ('call("ssh.put", path="/x", text="a", base64="")', "exactly one content"),
    "no base64": ('call("ssh.put", path="/x", base64="!")', "base64"),
    "no such file": ('call("ssh.put", path="/x", file="nope")', "no files/nope"),
    "no such question": ('call("ask", text="?", type="unitt")', "no type unitt"),
    "a secret is not asked for": ('call("ask", text="?", type="secret")', "no type secret"),
    "no such answer": ('call("ssh.read", argv=["echo", {"answer": "z"}])', "a param or an answer"),
    "no such artifact": ('call("artifact", name="x", **{"from": "z"})', "names no call"),
    "no such form": ('call("ssh.get", path="/x", **{"as": "xml"})', "text, base64, none"),
    "a forbidden variable": (
        'call("ssh.read", argv=["true"], env={"LD_PRELOAD": "x"})',
        "not a name that may be set",
    ),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_call_that_asks_for_something_else_is_refused_by_name(
    make: Make, name: str
) -> None:
    body, words = WRONG[name]
    fleet = await make(f'call("ssh.write", "w", argv=["true"])\n{body}\nend("changed")\n')

    run = await fleet.run("acme.work", targets="web1")

    assert run["web1"].state == "FAILED"
    assert words in run["web1"].why


def test_base64_of_a_piece_fits_a_line() -> None:
    from opsconsole.actions import protocol, served_files

    piece = base64.b64encode(bytes(served_files._PIECE))
    line = protocol.encode_line(protocol.Data("a" * 60, piece.decode()))

    assert len(line) < protocol.LINE_LIMIT


ALONE = """
  actions:
    - {id: work, title: Work, scope: host, effect: write, idempotent: true, needs: [ssh, local, "secret:token"],
       timeout: 20s, params: {}}
"""
CTX = """
from opsconsole.actions.api import Ctx, Host, Outcome, Plugin

plugin = Plugin("NAME")


@plugin.action("work", title="Work", scope="host", effect="write", idempotent=True,
               needs=["ssh", "local", "secret:token"], timeout="20s")
async def work(ctx: Ctx, host: Host) -> Outcome:
    lines = []
    async for line in ctx.ssh.stream(["journalctl", "-f"], step="follow"):
        lines.append(line)
        if "error" in line:
            break
    content = await ctx.ssh.get("/etc/motd")
    told = (await ctx.local.run(["facts"], effect="read", step="facts")).json()
    await ctx.ssh.put(content + b"!", "/etc/motd", mode="0600")
    await ctx.ssh.put(await ctx.secret("token"), "/etc/token")
    await ctx.ssh.script("grow.sh", ["/srv", 3])
    async with ctx.critical("half done"):
        await ctx.ssh.write(["make"], cwd="/srv", env={"JOBS": "2"})
    count = await ctx.ask("How many?", type="int")
    await ctx.confirm("Sure?")
    await ctx.ssh.write(["scale", count])
    await ctx.lock("x") if count == "0" else None
    await ctx.cache.put("seen", lines)
    await ctx.artifact("motd", content)
    ctx.table([[ctx.health().state, ", ".join(peer.name for peer in ctx.peers())]])
    ctx.log.info(f"{await ctx.cache.get('seen')} {told['a']} {ctx.config['site']} {len(ctx.history())}")
    ctx.progress(1, 2, "half")
    return Outcome.changed(after=f"{len(content)} {sorted(ctx.targets)}")
"""


class FleetAside(Fleet):
    """Plugins' Python on threads of their own, as in an engine."""

    def _ports(self, way: Remote) -> Ports:
        self.aside = Aside(SystemClock())
        return replace(super()._ports(way), aside=self.aside)


async def test_python_has_the_same_ctx_on_the_loop_on_a_thread_and_in_a_process(
    make_plugin: MakePlugin, tmp_path: Path
) -> None:
    plans, ends, said, sent = [], [], [], []

    for name, more, kind in (
        ("inside", "", Fleet),
        ("aside", "", FleetAside),
        ("alone", "isolation: process\n", Fleet),
    ):
        files = {"scripts/grow.sh": "echo $1\n", "actions/main.py": CTX.replace("NAME", name)}
        place = make_plugin(ALONE, files, id=name, more=more)
        async with kind(tmp_path / f"state-{name}", [place]) as fleet:
            fleet.add("web[1-2]", service="shop")
            fleet.secrets["token"] = "hunter2"
            fleet.plugin_config[name] = {"site": "berlin"}
            fleet.on("journalctl -f", then=Exit(0, stdout="good\nan error\nmore\n", took=3.0))
            fleet.on("sh: exec cat *", then=Exit(0, stdout=b"\xffmotd"))
            fleet.on("facts", then=Exit(0, stdout='{"a": 7}'), host="console")
            fleet.answer("How many?", then="3")
            fleet.answer("Sure?", then=True)
            plan = await fleet.plan(f"{name}.work", targets="web1")
            run = await fleet.run(f"{name}.work", targets="web1")
            plans.append([(s.id, s.argv, s.shown, s.note) for s in plan["web1"].record.steps])
            ends.append((run["web1"].state, run["web1"].why))
            said.append([line for line in run.lines if name not in line])
            sent.append(
                [(e.line.partition(" .opsc-")[0], e.command.stdin) for e in fleet.remote.dispatched]
            )
            if isinstance(fleet, FleetAside):
                fleet.aside.close()

    assert ends == [("CHANGED", "5 ['web1']")] * 3
    assert "web1 run ['good', 'an error'] 7 berlin 0" in said[0]
    assert "hunter2" not in str(said)
    assert plans == [plans[0]] * 3
    assert said == [said[0]] * 3
    assert sent == [sent[0]] * 3


GIVEN_UP = """
import asyncio

from opsconsole.actions.api import Ctx, Host, Outcome, Plugin

plugin = Plugin("alone")


@plugin.action("work", title="Work", scope="host", effect="write", idempotent=True,
               needs=["ssh", "local", "secret:token"], timeout="20s")
async def work(ctx: Ctx, host: Host) -> Outcome:
    fetching = asyncio.create_task(ctx.ssh.get("/etc/motd"))
    for _ in range(3):
        await asyncio.sleep(0)
    fetching.cancel()
    await ctx.ssh.write(["make"])
    return Outcome.changed()
"""


async def test_what_comes_of_a_call_that_was_given_up_is_not_the_answer_of_the_next(
    make_plugin: MakePlugin, open_fleet: OpenFleet
) -> None:
    files = {"actions/main.py": GIVEN_UP}
    place = make_plugin(ALONE, files, id="alone", more="isolation: process\n")
    fleet = await open_fleet(place)
    fleet.add("web1")
    fleet.secrets["token"] = "hunter2"
    fleet.on("sh: exec cat *", then=Exit(0, stdout="motd"))
    fleet.on("make", then=Exit(2, stderr="no rule"))

    run = await fleet.run("alone.work", targets="web1")

    assert (run["web1"].state, run["web1"].why) == ("FAILED", "make: exit 2: no rule")


EMPTY = """
from opsconsole.actions.api import Ctx, Host, Outcome, Plugin

plugin = Plugin("alone")


@plugin.action("work", title="Work", scope="host", effect="write", idempotent=True,
               needs=["ssh", "local", "secret:token"], timeout="20s")
async def work(ctx: Ctx, host: Host) -> Outcome:
    await ctx.cache.put("seen", "")
    await ctx.ssh.put("", "/etc/empty")
    await ctx.artifact("nothing", b"")
    return Outcome.changed(after=repr(await ctx.cache.get("seen")))
"""


async def test_what_is_empty_is_said_over_a_process_too(
    make_plugin: MakePlugin, open_fleet: OpenFleet
) -> None:
    files = {"actions/main.py": EMPTY}
    place = make_plugin(ALONE, files, id="alone", more="isolation: process\n")
    fleet = await open_fleet(place)
    fleet.add("web1")
    fleet.secrets["token"] = "hunter2"

    run = await fleet.run("alone.work", targets="web1")

    assert (run["web1"].state, run["web1"].why) == ("CHANGED", "''")


MISUSE = """
from opsconsole.actions.api import Ctx, Host, Outcome, Plugin

plugin = Plugin("alone")


@plugin.action("work", title="Work", scope="host", effect="write", idempotent=True,
               needs=["ssh", "local", "secret:token"], timeout="20s")
async def work(ctx: Ctx, host: Host) -> Outcome:
    BODY
    return Outcome.unchanged()
"""


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            'async for _ in ctx.ssh.stream(["dmesg"]):\n        await ctx.ssh.read(["true"])',
            "nothing else is asked inside a stream's loop",
        ),
        ('await ctx.ssh.put(bytes(900_000), "/x")', "one call says 1 MiB at most"),
        ("await ctx.checks()", "ctx.checks is not there over a process"),
        ('await ctx.ssh.read("ls -l")', "a command is a list of arguments, never a line"),
    ],
)
async def test_what_cannot_be_said_over_a_process_says_so(
    make_plugin: MakePlugin, open_fleet: OpenFleet, body: str, words: str
) -> None:
    text = MISUSE.replace("BODY", body)
    place = make_plugin(ALONE, {"actions/main.py": text}, id="alone", more="isolation: process\n")
    fleet = await open_fleet(place)
    fleet.add("web1")
    fleet.secrets["token"] = "hunter2"
    fleet.on("dmesg", then=Exit(0, stdout="one\ntwo\n"))

    try:
        run = await fleet.run("alone.work", targets="web1")
        why = run["web1"].why
    except Exception as error:  # noqa: BLE001 - a plan that cannot begin is refused with the same words
        why = str(error)

    assert words in why
