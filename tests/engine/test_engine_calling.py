"""People around fires: escalation, notifiers by a real program and a real server, incidents, what helped."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from opsconsole.actions.registry import Registry
from opsconsole.actions.wards import Wards
from opsconsole.clock import SystemClock
from opsconsole.collect.credentials import Credentials
from opsconsole.config.shifts import read_shifts
from opsconsole.engine.fixes import FixMemory
from opsconsole.engine.incidents import Incidents
from opsconsole.engine.notifying import Notifying
from opsconsole.engine.rota import Rota
from opsconsole.engine.senders import Message, Senders
from opsconsole.errors import ParseError, RefusedError
from opsconsole.model.alert import Alert
from opsconsole.model.calls import Done
from opsconsole.model.incident_calls import (
    CloseIncident,
    IncidentOpened,
    NoteIncident,
    OpenIncident,
    SetIncident,
)
from opsconsole.model.inventory import Inventory, Service, Settings
from opsconsole.model.oncall import EscalationStep, Notifier, Rotation, Schedule
from opsconsole.model.run import Run, RunTarget
from opsconsole.model.states import AlertState, Effect, RunState, Severity, TargetState
from opsconsole.rpc.peer import Peer
from opsconsole.runs.contributions import Contributions
from opsconsole.state.history import History
from opsconsole.state.store import Store
from opsconsole.testing.http_server import HttpServer, Reply
from opsconsole.transport.http import HttpClient
from opsconsole.transport.local import LocalTransport

T0 = 1_800_000_000.0
OP1 = Peer(id=1, uid=1, pid=1, actor="op1")


class HandClock:
    def __init__(self) -> None:
        self.at = T0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at - T0

    async def sleep(self, seconds: float) -> None:
        self.at += seconds
        await asyncio.sleep(0)


def fire(**more: Any) -> Alert:
    usual = Alert(
        fingerprint="f1", episode="f1-1", name="ServiceDown", severity=Severity.CRITICAL,
        raw_severity="critical", state=AlertState.FIRING, since=T0, on="service:shop", source="rules",
        summary="refused",
    )  # fmt: skip
    return replace(usual, **more)


class Scene:
    """A store with a history, and settings."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.clock = HandClock()
        self.loaded: Any = None
        self.history = History(
            folder / "history.db", self.clock, on_banner=lambda *_: None, on_loaded=self._load
        )
        self.store = Store(self.clock, self.history)
        self.inventory = Inventory(services=(Service("shop", ()),), settings=Settings(**settings))
        self.store.put_inventory(self.inventory)

    def _load(self, loaded: Any) -> None:
        self.loaded = loaded

    def burn(self, *alerts: Alert) -> None:
        self.store.put_alerts({alert.episode: alert for alert in alerts})

    @property
    def events(self) -> list[tuple[str, str]]:
        return [(each.kind, each.text) for each in self.store.snapshot.events.values()]


ROTA = Schedule(Rotation(("op1", "op2"), 86_400.0, T0 - 3_600.0))
STEPS = (EscalationStep(60.0, "primary"), EscalationStep(120.0, "secondary"))


async def test_a_critical_that_nobody_takes_goes_to_the_primary_then_to_the_secondary(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path, on_call=ROTA, escalate=STEPS)
    await scene.history.start()
    rota = Rota(scene.store, scene.clock, scene.inventory)
    scene.burn(fire())

    for _ in range(4):
        await rota.look()
        scene.clock.at += 40.0
    await scene.history.stop()

    marks = scene.store.snapshot.alerts["f1-1"].escalated
    assert [(mark.to, mark.who) for mark in marks] == [("primary", "op1"), ("secondary", "op2")]
    assert scene.store.snapshot.on_call.primary == "op1"
    assert [kind for kind, _ in scene.events].count("escalated") == 2


async def test_an_ack_stops_it_and_its_end_begins_it_anew(tmp_path: Path) -> None:
    scene = Scene(tmp_path, on_call=ROTA, escalate=STEPS)
    await scene.history.start()
    rota = Rota(scene.store, scene.clock, scene.inventory)
    scene.burn(fire())
    await scene.store.ack(["f1-1"], "op1", until=T0 + 600.0)

    scene.clock.at = T0 + 590.0
    await rota.look()
    scene.clock.at = T0 + 605.0
    scene.store.tick(scene.clock.at)
    await rota.look()
    quiet = scene.store.snapshot.alerts["f1-1"].escalated
    scene.clock.at = T0 + 660.0
    await rota.look()
    await scene.history.stop()

    assert quiet == ()
    assert [mark.to for mark in scene.store.snapshot.alerts["f1-1"].escalated] == ["primary"]


async def test_a_mark_outlives_the_engine(tmp_path: Path) -> None:
    first = Scene(tmp_path, on_call=ROTA, escalate=STEPS)
    await first.history.start()
    first.burn(fire())
    first.clock.at += 61.0
    await Rota(first.store, first.clock, first.inventory).look()
    await first.history.stop()

    second = Scene(tmp_path, on_call=ROTA, escalate=STEPS)
    await second.history.start()
    second.store.restore(second.loaded)
    second.clock.at += 70.0
    await Rota(second.store, second.clock, second.inventory).look()
    await second.history.stop()

    assert len(second.store.snapshot.alerts["f1-1"].escalated) == 1


ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//EN
BEGIN:VEVENT
UID:1@example.com
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Berlin:20260302T090000
DTEND;TZID=Europe/Berlin:20260309T090000
RRULE:FREQ=WEEKLY;INTERVAL=2
SUMMARY:On call: op1
END:VEVENT
BEGIN:VEVENT
UID:2@example.com
DTSTAMP:20260101T000000Z
DTSTART:20260303T000000Z
DTEND:20260304T000000Z
SUMMARY:op2 (secondary)
END:VEVENT
END:VCALENDAR
"""


def test_a_calendar_is_read_with_its_repetitions(tmp_path: Path) -> None:
    file = tmp_path / "shifts.ics"
    file.write_text(ICS)
    begin = 1_772_438_400.0  # 2026-03-02T08:00Z: nine in Berlin

    found = read_shifts(str(file), begin, begin + 29 * 86_400.0)

    assert [(each.user, each.role) for each in found] == [
        ("op1", "primary"), ("op2", "secondary"), ("op1", "primary"), ("op1", "primary"),
    ]  # fmt: skip
    assert found[0].start == begin
    assert found[3].start == begin + 28 * 86_400.0 - 3_600.0  # summer time: still nine in Berlin


@pytest.mark.parametrize(
    "text", ["", "no calendar", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR"]
)
def test_what_is_no_calendar_says_so(tmp_path: Path, text: str) -> None:
    file = tmp_path / "shifts.ics"
    file.write_text(text)

    with pytest.raises(ParseError):
        read_shifts(str(file), T0, T0 + 1.0)


async def test_a_calendar_that_is_gone_shows_a_banner_and_the_rotation_goes_on(
    tmp_path: Path,
) -> None:
    schedule = replace(ROTA, ical=str(tmp_path / "none.ics"))
    scene = Scene(tmp_path, on_call=schedule)

    await Rota(scene.store, scene.clock, scene.inventory).look()

    assert scene.store.snapshot.on_call.primary == "op1"
    assert "No such file" in scene.store.snapshot.on_call.problem
    assert "on-call" in scene.store.snapshot.banners


class Sink:
    """An HTTP server that keeps what is posted."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.status = 204
        self.server = HttpServer(lambda _path: Reply(404), self._take)

    def _take(self, method: str, path: str, body: bytes) -> Reply:
        self.got.append({"method": method, "path": path, **json.loads(body)})
        return Reply(self.status, b"")


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    made = Sink()
    await made.server.start("127.0.0.1")
    yield made
    await made.server.stop()


@pytest.fixture
async def senders() -> AsyncIterator[Senders]:
    clock = SystemClock()
    web, remote = HttpClient(clock), LocalTransport(clock)
    plugins = Contributions(Registry(), Wards(clock.now), remote, lambda _name: None, clock)
    yield Senders(remote, web, Credentials(lambda: {"hook": "env:OC_HOOK"}, clock), plugins)
    await web.close()


def script(folder: Path, text: str) -> str:
    file = folder / "tell.sh"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


async def test_a_program_gets_the_document_and_none_of_our_environment(
    tmp_path: Path, senders: Senders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OC_TOKEN", "hunter2")
    tell = script(tmp_path, f"cat > {tmp_path}/got; env > {tmp_path}/env")

    why = await senders.send(Notifier("x", "exec", (tell,)), Message(kind="fired", name="A"))

    assert why == ""
    got = json.loads((tmp_path / "got").read_text())
    assert (got["schema"], got["kind"], got["name"]) == ("opsconsole.notification/1", "fired", "A")
    assert "hunter2" not in (tmp_path / "env").read_text()


@pytest.mark.parametrize(
    ("text", "why"), [("echo broken >&2; exit 3", "exit 3: broken"), ("exit 1", "exit 1")]
)
async def test_a_program_that_fails_says_how(
    tmp_path: Path, senders: Senders, text: str, why: str
) -> None:
    tell = script(tmp_path, text)

    assert await senders.send(Notifier("x", "exec", (tell,)), Message()) == why


async def test_a_program_that_hangs_is_ended_in_its_time(tmp_path: Path, senders: Senders) -> None:
    tell = script(tmp_path, "exec sleep 30")

    assert await senders.send(Notifier("x", "exec", (tell,), timeout=1.0), Message()) != ""


async def test_a_webhook_is_posted_to_an_address_that_is_a_secret(
    sink: Sink, senders: Senders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OC_HOOK", f"{sink.server.url}/t0ken")

    why = await senders.send(Notifier("x", "webhook", url="secret:hook"), Message(title="hello"))

    assert why == ""
    assert [(one["method"], one["path"], one["title"]) for one in sink.got] == [
        ("POST", "/t0ken", "hello")
    ]


async def test_why_a_webhook_failed_never_tells_its_address(
    sink: Sink, senders: Senders, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = Notifier("x", "webhook", url="secret:hook")
    sink.status = 500
    monkeypatch.setenv("OC_HOOK", f"{sink.server.url}/t0ken")
    refused = await senders.send(way, Message())
    monkeypatch.setenv("OC_HOOK", "no-address-t0ken")
    broken = await senders.send(way, Message())
    monkeypatch.delenv("OC_HOOK")
    gone = await senders.send(way, Message())

    assert refused == "HTTP 500"
    assert broken
    assert "t0ken" not in broken
    assert gone == "its address cannot be read where it should be"


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # the library's own
async def test_apprise_sends_title_and_text_and_never_tells_its_address(
    sink: Sink, senders: Senders, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("apprise")
    way = Notifier("x", "apprise", url="secret:hook")
    monkeypatch.setenv("OC_HOOK", f"{sink.server.url.replace('http', 'json')}/t0ken")
    good = await senders.send(way, Message(title="hello", text="world"))
    sink.status = 500
    refused = await senders.send(way, Message(title="hello"))
    monkeypatch.setenv("OC_HOOK", "nothing-t0ken")
    broken = await senders.send(way, Message(title="hello"))

    assert good == ""
    assert [(one["title"], one["message"]) for one in sink.got][:1] == [("hello", "world")]
    assert refused
    assert broken
    assert "t0ken" not in refused + broken


async def test_a_plugin_that_is_not_there_is_said(senders: Senders) -> None:
    why = await senders.send(Notifier("x", "plugin", plugin="acme.pager"), Message())

    assert why == "no plugin has a notifier acme.pager"


class SlowClock(HandClock):
    async def sleep(self, seconds: float) -> None:
        self.at += seconds / 100
        await asyncio.sleep(0.005)


async def test_a_fire_and_its_end_are_posted_in_order(
    tmp_path: Path, sink: Sink, senders: Senders
) -> None:
    way = Notifier("hook", "webhook", url=sink.server.url)
    scene = Scene(tmp_path, notify=(way,))
    scene.clock = SlowClock()
    notifying = Notifying(scene.store, senders, scene.clock, scene.inventory)
    task = asyncio.create_task(notifying.run(), name="notifying under test")
    await asyncio.sleep(0)

    async def told(count: int) -> None:
        async with asyncio.timeout(5):
            while notifying.states()[0].sent < count:  # the answer comes after what was heard
                await asyncio.sleep(0.005)

    scene.burn(fire())
    await told(1)
    scene.burn(fire(state=AlertState.RESOLVED))
    await told(2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert [(one["kind"], one["title"]) for one in sink.got] == [
        ("fired", "CRITICAL ServiceDown on shop"),
        ("resolved", "RESOLVED ServiceDown on shop"),
    ]
    assert notifying.states()[0].sent == 2


async def test_a_test_message_passes_every_limit_and_a_failure_is_told(
    tmp_path: Path, sink: Sink, senders: Senders
) -> None:
    way = Notifier("hook", "webhook", url=sink.server.url, when="sev:info")
    scene = Scene(tmp_path, notify=(way,))
    notifying = Notifying(scene.store, senders, scene.clock, scene.inventory)

    said = await notifying.test("hook", "op1")
    sink.status = 503
    with pytest.raises(RefusedError, match="HTTP 503"):
        await notifying.test("hook", "op1")
    banner = scene.store.snapshot.banners["notify hook"].text
    sink.status = 200
    await notifying.test("hook", "op1")

    assert said == "hook took the message"
    assert "1 not delivered" in banner
    assert [one["missed"] for one in sink.got] == [0, 0, 1]
    assert "notify hook" not in scene.store.snapshot.banners
    assert [kind for kind, _ in scene.events] == ["notify", "notify"]


async def test_an_unknown_notifier_names_those_there_are(tmp_path: Path, senders: Senders) -> None:
    scene = Scene(tmp_path, notify=(Notifier("hook", "exec", ("true",)),))
    notifying = Notifying(scene.store, senders, scene.clock, scene.inventory)

    with pytest.raises(RefusedError, match="no notifier pager: hook"):
        await notifying.test("pager", "op1")


async def test_an_incident_lives_from_its_opening_to_its_close_over_an_engines_end(
    tmp_path: Path,
) -> None:
    first = Scene(tmp_path)
    await first.history.start()
    first.burn(fire())
    incidents = Incidents(first.store, first.history, first.clock)
    first.clock.at += 120.0
    opened = await incidents.answer(OpenIncident(fires=("f1-1",), summary="away"), OP1)
    await incidents.answer(NoteIncident("i1", "called op2"), OP1)
    await incidents.answer(SetIncident("i1", status="stable", commander="op2"), OP1)
    await first.history.stop()

    second = Scene(tmp_path)
    await second.history.start()
    again = Incidents(second.store, second.history, second.clock)
    again.restore(second.loaded.kept)
    kept = second.store.snapshot.incidents["i1"]
    second.clock.at += 600.0
    closed = await again.answer(CloseIncident("i1", "the port was closed"), OP1)
    await second.history.stop()

    assert isinstance(opened, IncidentOpened)
    assert opened.id == "i1"
    assert (kept.title, kept.status, kept.commander) == ("ServiceDown on shop", "stable", "op2")
    assert (kept.began, kept.opened, kept.on) == (T0, T0 + 120.0, ("service:shop",))
    assert [note.text for note in kept.notes] == ["called op2"]
    assert isinstance(closed, Done)
    over = second.store.snapshot.incidents["i1"]
    assert (over.status, over.closed, over.summary) == (
        "closed", T0 + 600.0, "the port was closed",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (OpenIncident(), "say what is wrong"),
        (OpenIncident("x", fires=("none",)), "no such fire"),
        (OpenIncident("x", on=("host:none",)), "no host:none"),
        (OpenIncident("x", severity="awful"), "none of critical, warning, info"),
        (NoteIncident("i9", "x"), "no incident i9"),
        (SetIncident("i9"), "no incident i9"),
        (CloseIncident("i9"), "no incident i9"),
    ],
)
async def test_what_cannot_be_done_with_an_incident_is_refused(
    tmp_path: Path, call: Any, why: str
) -> None:
    scene = Scene(tmp_path)

    with pytest.raises(RefusedError, match=why):
        await Incidents(scene.store, scene.history, scene.clock).answer(call, OP1)


async def test_what_helped_before_is_found_for_a_new_fire(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    await scene.history.start()
    scene.burn(fire())
    scene.store.put_run(
        Run(
            "r1", "core.unit-restart", "", Effect.WRITE, "op1", RunState.SUCCEEDED, T0 + 60.0, {},
            (RunTarget("shop", TargetState.CHANGED),), "",
        )
    )  # fmt: skip
    scene.clock.at += 420.0
    scene.burn(fire(state=AlertState.RESOLVED, since=T0 + 420.0))
    scene.clock.at += 86_400.0
    scene.burn(fire(episode="f1-2", since=scene.clock.at))
    memory = FixMemory(scene.store, scene.history, scene.clock)
    async with asyncio.timeout(10):
        while not await scene.history.runs(0.0, scene.clock.at):
            await asyncio.sleep(0.02)

    await memory.look()
    found = scene.store.snapshot.fixes
    await memory.look()
    await scene.history.stop()

    assert scene.store.snapshot.fixes is found
    (fix,) = found["f1-2"].fixes
    assert (fix.action, fix.cleared, fix.tried, fix.median) == ("core.unit-restart", 1, 1, 360.0)
