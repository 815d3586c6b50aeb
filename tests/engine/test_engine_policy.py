"""The policy of a living engine: whose file it may be, what authorizers say, and people of other accounts."""

import asyncio
import grp
import os
import pwd
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import cast

import pytest
from msgspec.structs import replace

from opsconsole import __version__
from opsconsole.clock import SystemClock
from opsconsole.engine.policing import Policing, groups_of, load_policy
from opsconsole.engine.run_telling import message_of, run_occasions
from opsconsole.errors import EngineError, RefusedError
from opsconsole.model.action import Plan
from opsconsole.model.approval_calls import Approvals, ApproveRun, ReadApprovals, ReadPlan
from opsconsole.model.calls import ControlRun, Done, EngineStatus, PlanRun, Started, StartRun
from opsconsole.model.figures import EngineFigures
from opsconsole.model.inventory import Settings
from opsconsole.model.policy import Approval, Asking, Person, Ruling
from opsconsole.model.run import Question, Run, RunTarget
from opsconsole.model.states import Effect, RunState, TargetState
from opsconsole.rpc.client import Client, Streams
from opsconsole.rpc.messages import PROTOCOL, Hello
from opsconsole.runs.contributions import Contributions
from opsconsole.runs.judgement import judge
from tests.engine.conftest import World, until

PEER = "version: 1\nrules: [{name: two, then: need_peer, targets: web01}]\n"
SHUT = "version: 1\nrules: [{name: no, then: deny, because: fridays}]\n"
HERE = grp.getgrgid(os.getgid()).gr_name


def policy(world: World, text: str, **settings: object) -> Path:
    file = world.folder / "policy.yaml"
    file.write_text(text)
    file.chmod(0o600)
    world.use(policy=str(file), **settings)
    return file


def _policing(settings: Settings, **more: object) -> Policing:
    nowhere = Path(settings.policy or "/nowhere").parent / "none.yaml"
    return Policing(lambda: settings, dict, cast("Contributions", None), nowhere, **more)  # type: ignore[arg-type]


async def plan(client: Client, *targets: str, action: str = "core.adhoc") -> Plan:
    params = {"command": "true"}
    return await client.call(PlanRun(action, targets or ("web01",), params), Plan)


def _is_over(client: Client, run_id: str) -> bool:
    run = client.snapshot.runs.get(run_id)
    return run is not None and run.state.is_over


async def start(client: Client, *targets: str, glass: str = "") -> str:
    made = await plan(client, *targets)
    call = StartRun(made.id, made.hash, made.expect, glass=glass)
    return (await client.call(call, Started)).run


async def test_a_plan_says_what_the_policy_says_and_follows_the_file(world: World) -> None:
    file = policy(world, SHUT)
    async with world.engine() as (_, client):
        shut = await plan(client)
        file.write_text(PEER)
        open_ = await plan(client)
        other = await plan(client, "web02")

    assert (shut.refusal, shut.refused_as) == ("the policy denies it: no: fridays", "policy")
    assert (open_.refusal, open_.peer) == ("", "two")
    assert other.peer == ""


def _by_all(file: Path) -> None:
    file.chmod(0o666)


def _by_link(file: Path) -> None:
    file.rename(file.with_name("real.yaml"))
    file.symlink_to("real.yaml")


def _in_an_open_folder(file: Path) -> None:
    file.parent.chmod(0o777)


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "everybody may write it": (_by_all, "can be written by everybody"),
    "it is a link": (_by_link, "policy.yaml"),
    "everybody may write its folder": (_in_an_open_folder, "can be written by everybody"),
    "it is gone": (lambda file: file.unlink(), "No such file"),
    "it is no policy": (lambda file: file.write_text("version: 1\nrules: 3"), "must be a list"),
    "it is no text": (lambda file: file.write_bytes(b"\xff\xfe"), "is not UTF-8"),
    "a rollout in it is none": (
        lambda file: file.write_text(
            "version: 1\nrules: [{name: x, then: force_rollout, rollout: {canary: some}}]"
        ),
        "canary",
    ),
}


@pytest.mark.parametrize(("harm", "why"), BROKEN.values(), ids=BROKEN.keys())
async def test_a_policy_that_cannot_be_trusted_denies_changes_and_says_so(
    world: World, harm: Callable[[Path], object], why: str
) -> None:
    file = policy(world, PEER)
    harm(file)
    async with world.engine() as (_, client):
        made = await plan(client)
        looked = await plan(client, action="core.adhoc-read")
        await until(client, lambda: "policy" in client.snapshot.banners)
        said = client.snapshot.banners["policy"].text
    file.parent.chmod(0o700)

    assert made.refused_as == "policy"
    assert "the policy is not known" in made.refusal
    assert why in made.refusal
    assert why in said
    assert looked.refusal == ""


async def test_a_policy_whose_folder_is_mended_is_known_again(world: World) -> None:
    file = policy(world, PEER)
    world.folder.chmod(0o777)
    settings = Settings(policy=str(file))
    policing = _policing(settings)

    assert "can be written by everybody" in (await policing.look()).broken
    world.folder.chmod(0o700)
    assert (await policing.look()).broken == ""


async def test_where_nobody_names_groups_changes_are_denied_and_looking_goes_on(
    world: World,
) -> None:
    settings = Settings(policy=str(policy(world, PEER)))
    answered = threading.Event()

    def never(_name: str) -> tuple[str, ...]:
        answered.wait(30)
        return ()

    change = Asking("core.adhoc", Effect.WRITE, Person("op1"), 0.0, ("web01",), ("web01",))
    try:
        policing = _policing(settings, ask=never, patience=0.01)
        changed = await policing.judge(change)
        looked = await policing.judge(replace(change, effect=Effect.READ))
        free = await _policing(Settings(), ask=never, patience=0.01).judge(change)
    finally:
        answered.set()

    assert changed.denied == "the groups of op1 are not known"
    assert looked.denied == ""
    assert free == Ruling()


async def test_what_the_machine_and_the_configuration_say_holds_together(tmp_path: Path) -> None:
    system, own = tmp_path / "system.yaml", tmp_path / "own.yaml"
    system.write_text("version: 1\ndefault: deny\nbreak_glass: [a, b]\n")
    own.write_text("version: 1\nbreak_glass: [b, c]\nrules: [{name: x, then: allow}]\n")

    both = load_policy(system, str(own))

    assert (both.closed, both.glass, [each.name for each in both.rules]) == (True, ("b",), ["x"])
    assert load_policy(tmp_path / "nowhere", "").version == ""
    assert load_policy(system, "").version != both.version


SHUT_BOTH = "version: 1\ndefault: deny\nrules: [{name: %s, then: allow, actions: %s}]\n"
CLOSED = {
    "the own file does not open the machine's": (
        "version: 1\ndefault: deny\n", "version: 1\nrules: [{name: x, then: allow}]\n", False,
    ),
    "nor the machine's the own": (
        "version: 1\nrules: [{name: x, then: allow}]\n", "version: 1\ndefault: deny\n", False,
    ),
    "the one that is closed allows it": (
        SHUT_BOTH % ("x", "core.*"), "version: 1\n", True,
    ),
    "one of two that are closed": (
        SHUT_BOTH % ("x", "core.*"), SHUT_BOTH % ("y", "acme.*"), False,
    ),
    "both of them": (SHUT_BOTH % ("x", "core.*"), SHUT_BOTH % ("y", "core.adhoc"), True),
}  # fmt: skip


@pytest.mark.parametrize(("machine", "ours", "may"), CLOSED.values(), ids=CLOSED.keys())
def test_what_one_file_allows_is_not_allowed_by_the_other(
    tmp_path: Path, machine: str, ours: str, may: bool
) -> None:
    system, own = tmp_path / "system.yaml", tmp_path / "own.yaml"
    system.write_text(machine)
    own.write_text(ours)
    asking = Asking("core.adhoc", Effect.WRITE, Person("op1"), 0.0, ("web01",), ("web01",))

    ruling = judge(load_policy(system, str(own)), asking, (), {})

    assert ruling.denied == ("" if may else "no rule of the policy allows it on web01")


def test_where_nobody_can_tell_whether_there_is_a_policy_changes_are_denied(
    tmp_path: Path,
) -> None:
    circle = tmp_path / "circle"
    circle.symlink_to(circle)

    assert "policy.yaml" in load_policy(circle / "policy.yaml", "").broken
    assert load_policy(tmp_path / "nowhere" / "policy.yaml", "").broken == ""


async def test_a_run_waits_over_the_wire_and_the_same_person_is_refused(world: World) -> None:
    policy(world, PEER)
    async with world.engine() as (_, client):
        run_id = await start(client)
        await until(client, lambda: run_id in client.snapshot.runs)
        waiting = client.snapshot.runs[run_id]
        listed = await client.call(ReadApprovals(), Approvals)
        shown = await client.call(ReadPlan(run_id), Plan)
        with pytest.raises(RefusedError) as refused:
            await client.call(ApproveRun(run_id, shown.hash), Done)
        await client.call(ControlRun(run_id, "stop"), Done)
        await until(client, lambda: client.snapshot.runs[run_id].state.is_over)
        texts = [event.text for event in client.snapshot.events.values()]

    assert waiting.state is RunState.AWAITING_APPROVAL
    assert [run.id for run in listed.runs] == [run_id]
    assert refused.value.code == "approval"
    assert "core.adhoc on web01 waits for a second person: two" in texts


async def test_broken_glass_is_an_event_that_is_seen(world: World) -> None:
    policy(world, PEER)
    async with world.engine() as (_, client):
        run_id = await start(client, glass="nobody\x1b[2J answers")
        await until(
            client,
            lambda: _is_over(client, run_id),
        )
        events = [e for e in client.snapshot.events.values() if "BREAK-GLASS" in e.text]
        run = client.snapshot.runs[run_id]

    assert events[0].severity == "critical"
    assert "nobody␛[2J answers" in events[0].text
    assert run.approval is not None
    assert run.approval.state == "glass"


MANIFEST = """\
api: 1
id: acme
version: "1"
contributes:
  authorizers: [{id: gate, timeout: 1s}]
"""
DECIDES = """\
import asyncio
from opsconsole.actions.api import Decision, Plugin
plugin = Plugin("acme")

@plugin.authorizer("gate")
async def decide(ctx, request):
    %s
"""
SAYS = {
    "allow": ('return "allow"', ("", "")),
    "deny": (
        'return Decision("deny", f"{request.actor} on {request.hosts[0]}")',
        ("acme.gate: ", ""),
    ),
    "need_peer": ('return Decision("need_peer", "after six")', ("", "two; acme.gate: after six")),
    "another word": ('return "maybe"', ("did not decide: a decision is allow", "")),
    "nothing": ("return None", ("did not decide", "")),
    "a fault": ("raise ValueError(request.action)", ("did not decide: ValueError: core.adhoc", "")),
    "too late": ("await asyncio.sleep(30)", ("did not decide: no answer in 1 s", "")),
    "a change": ('await ctx.ssh.write(["reboot"])', ("only an action may change", "")),
}


@pytest.mark.parametrize(("body", "said"), SAYS.values(), ids=SAYS.keys())
async def test_an_authorizer_decides_and_no_word_of_it_denies(
    world: World, body: str, said: tuple[str, str]
) -> None:
    folder = world.folder / "acme"
    (folder / "actions").mkdir(parents=True)
    (folder / "opsconsole-plugin.yaml").write_text(MANIFEST)
    (folder / "actions" / "main.py").write_text(DECIDES % body)
    text = PEER.replace("version: 1\n", "version: 1\nauthorizers: [acme.gate]\n")
    policy(world, text, plugins=(str(folder),))
    async with world.engine() as (_, client):
        made = await plan(client)
        looked = await plan(client, action="core.adhoc-read")

    assert said[0] in made.refusal
    assert bool(said[0]) is bool(made.refusal)
    if not made.refusal:
        assert made.peer == (said[1] or "two")
    assert looked.refusal == ""


async def test_an_authorizer_that_is_not_there_denies(world: World) -> None:
    policy(world, "version: 1\nauthorizers: [acme.gate]\n")
    async with world.engine() as (_, client):
        assert (await plan(client)).refusal == "no plugin has the authorizer acme.gate"


@contextmanager
def as_account(name: str) -> Iterator[None]:
    """Be another account for what the kernel notes at a connect, and for the modes of files."""
    account, groups = pwd.getpwnam(name), os.getgroups()
    os.setgroups([])
    os.setegid(account.pw_gid)
    os.seteuid(account.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


@asynccontextmanager
async def guest(socket: Path, account: str = "") -> AsyncIterator[Client]:
    async def connect() -> Streams:
        if not account:
            return await asyncio.open_unix_connection(socket)
        import socket as sockets

        made = sockets.socket(sockets.AF_UNIX)
        try:
            with as_account(account):
                made.connect(str(socket))
            return await asyncio.open_unix_connection(sock=made)
        except BaseException:
            made.close()
            raise

    hello = Hello(PROTOCOL, __version__, "cli", subscribe=False)
    async with Client(connect, hello, SystemClock()) as client:
        await client.ready()
        yield client


async def _door(world: World, group: str) -> Path:
    meet = world.folder / "meet"
    meet.mkdir(mode=0o755)
    meet.chmod(0o755)
    policy(world, PEER + f"approvers: {{group: {group}, folder: {meet}}}\n")
    return meet / f"{pwd.getpwuid(os.geteuid()).pw_name}-default.sock"


async def _opened(socket: Path) -> None:
    async with asyncio.timeout(10):
        while not socket.exists():
            await asyncio.sleep(0.01)


async def test_a_guest_may_read_and_agree_and_nothing_else(world: World) -> None:
    socket = await _door(world, HERE)
    async with world.engine() as (_, client):
        await _opened(socket)
        run_id = await start(client)
        async with guest(socket) as second:
            listed = await second.call(ReadApprovals(), Approvals)
            shown = await second.call(ReadPlan(run_id), Plan)
            with pytest.raises(RefusedError, match="nothing else"):
                await second.call(EngineStatus(), EngineFigures)
            with pytest.raises(RefusedError, match="asked for it"):
                await second.call(ApproveRun(run_id, shown.hash), Done)
            await client.call(ControlRun(run_id, "stop"), Done)
            with pytest.raises(RefusedError, match="waits for nobody"):
                await second.call(ReadPlan(run_id), Plan)
            past = await client.call(ReadPlan(run_id), Plan)
        mode = socket.stat().st_mode & 0o777

    assert [run.id for run in listed.runs] == [run_id]
    assert shown.targets[0].name == "web01"
    assert past.hash == shown.hash
    assert mode == 0o660
    assert not socket.exists()


async def test_who_is_not_of_the_group_does_not_come_in(world: World) -> None:
    group = next(each.gr_name for each in grp.getgrall() if each.gr_name not in groups_of(_me()))
    socket = await _door(world, group)
    if os.geteuid():
        pytest.skip("only root may give a socket to any group")
    async with world.engine() as (_, _client):
        await _opened(socket)
        with pytest.raises(EngineError, match=f"is not in the group {group}"):
            async with guest(socket):
                pass


def _me() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name


def _has_no_login() -> bool:
    try:
        return Path("/proc/self/loginuid").read_text().strip() in ("", str(0xFFFFFFFF))
    except OSError:
        return True


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can be two accounts")
@pytest.mark.skipif(not _has_no_login(), reason="a login would name every account the same")
async def test_an_account_of_its_own_agrees_and_the_run_begins(world: World) -> None:
    account = pwd.getpwnam("nobody")
    socket = await _door(world, grp.getgrgid(account.pw_gid).gr_name)
    for above in [world.folder, *world.folder.parents]:
        if above.stat().st_mode & 0o001 == 0:
            above.chmod(above.stat().st_mode | 0o011)  # pytest's folders; ours is the meeting place
    world.folder.chmod(0o711)
    async with world.engine() as (_, client):
        await _opened(socket)
        run_id = await start(client)
        async with guest(socket, "nobody") as second:
            shown = await second.call(ReadPlan(run_id), Plan)
            done = await second.call(ApproveRun(run_id, shown.hash, reason="go"), Done)
        await until(client, lambda: _is_over(client, run_id))
        run = client.snapshot.runs[run_id]

    assert done.text == f"{run_id} is approved and runs"
    assert run.approval is not None
    assert (run.approval.state, run.approval.by) == ("approved", "nobody")
    assert run.targets[0].state is TargetState.UNREACHABLE


async def test_a_meeting_place_where_others_may_swap_files_is_not_used(world: World) -> None:
    socket = await _door(world, HERE)
    socket.parent.chmod(0o777)
    async with world.engine() as (_, client):
        await until(client, lambda: "approvers" in client.snapshot.banners)
        said = client.snapshot.banners["approvers"].text

    assert "chmod +t" in said
    assert not socket.exists()


async def test_the_second_door_opens_once_its_meeting_place_is_right(world: World) -> None:
    socket = await _door(world, HERE)
    socket.parent.chmod(0o777)
    async with world.engine() as (_, client):
        await until(client, lambda: "approvers" in client.snapshot.banners)
        socket.parent.chmod(0o755)
        await _opened(socket)
        await until(client, lambda: "approvers" not in client.snapshot.banners)


RUN = Run(
    "20260101-000000-abcdef", "acme.x", "Restart", Effect.WRITE, "op1", RunState.RUNNING, 1.0, {},
    (RunTarget("web01", TargetState.PENDING),), "h",
)  # fmt: skip
WAITING = replace(
    RUN, state=RunState.AWAITING_APPROVAL, approval=Approval("waiting", "two: data", 900.0)
)
GLASS = replace(RUN, approval=Approval("glass", "two: data", by="op1", reason="fire"))
ASKS = replace(RUN, question=Question("q1", "", "go on?"))
TOLD: dict[str, tuple[Run | None, Run, list[tuple[str, str, str]]]] = {
    "a start is not told": (None, RUN, []),
    "that it needs a second person": (
        None, WAITING,
        [("approval", "needs a second person: Restart on web01, by op1",
          "two: data; opsconsole approve 20260101-000000-abcdef")],
    ),
    "that the glass was broken": (
        None, GLASS,
        [("break-glass", "BREAK-GLASS: Restart on web01, by op1",
          "op1 went ahead without a second person (two: data): fire")],
    ),
    "broken once, told once": (GLASS, replace(GLASS, note="x"), []),
    "that it halted": (
        RUN, replace(RUN, state=RunState.HALTED, note="halted: 2 bad"),
        [("run-waits", "waits: Restart on web01, by op1", "halted: 2 bad")],
    ),
    "a pause by a person is not told": (
        RUN, replace(RUN, state=RunState.PAUSED, note="paused by op1"), [],
    ),
    "a pause by a gate is": (
        RUN, replace(RUN, state=RunState.PAUSED, note="paused: gate x"),
        [("run-waits", "waits: Restart on web01, by op1", "paused: gate x")],
    ),
    "a question": (RUN, ASKS, [("run-waits", "waits: Restart on web01, by op1", "asks: go on?")]),
    "its end": (
        RUN, replace(RUN, state=RunState.FAILED, note="halted: 2 bad"),
        [("run-ended", "failed: Restart on web01, by op1", "halted: 2 bad")],
    ),
    "its end, once": (replace(RUN, state=RunState.FAILED), replace(RUN, state=RunState.FAILED, note="x"), []),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "told"), TOLD.values(), ids=TOLD.keys())
def test_what_of_a_run_is_told(old: Run | None, new: Run, told: list[tuple[str, str, str]]) -> None:
    before = {} if old is None else {old.id: old}
    messages = [message_of(one, 5.0) for one in run_occasions(before, {new.id: new})]

    assert [(one.kind, one.title, one.text) for one in messages] == told
