"""What clients may ask of a whole engine, over the wire, with a fake outside."""

import pytest
from msgspec.structs import replace

from opsconsole.errors import EngineError, RefusedError
from opsconsole.model.calls import (
    AckAlert,
    AddEvent,
    AnyCall,
    Done,
    EngineStatus,
    FreezeChanges,
    HostKey,
    LockChanges,
    NoteAlert,
    PollNow,
    ScanHostKey,
    StartRun,
    StopEngine,
    TakeAlert,
    ThawChanges,
    TrustHostKey,
    UnlockChanges,
)
from opsconsole.model.figures import EngineFigures
from opsconsole.model.snapshot import Snapshot
from opsconsole.rpc.client import Client
from tests.engine.conftest import FINGERPRINT, World, until


def _fires(snapshot: Snapshot, name: str) -> list[str]:
    return [key for key, one in snapshot.alerts.items() if one.name == name and one.is_firing]


async def _fire(client: Client, name: str) -> str:
    await until(client, lambda: bool(_fires(client.snapshot, name)))
    return _fires(client.snapshot, name)[0]


async def test_hosts_that_refuse_are_unknown_and_never_ok(world: World) -> None:
    async with world.engine() as (_engine, client):
        await until(client, lambda: all(h.tried for h in client.snapshot.hosts.values()))
        hosts = client.snapshot.hosts

    assert {(h.state, h.reach, h.reason) for h in hosts.values()} == {
        ("unknown", "refused", "connection refused")
    }


async def test_ack_take_and_note_reach_every_console_and_survive_a_restart(world: World) -> None:
    world.web.fire("DiskFull", "web01:9100")
    async with world.engine() as (_engine, client):
        episode = await _fire(client, "DiskFull")
        await client.call(AckAlert((episode,), "looking"), Done)
        await client.call(TakeAlert((episode,)), Done)
        told = await client.call(NoteAlert((episode,), "logs are big"), Done)
        await until(client, lambda: bool(client.snapshot.alerts[episode].notes))
        before = client.snapshot.alerts[episode]
        actor = client.actor

    async with world.engine() as (_engine, client):
        assert await _fire(client, "DiskFull") == episode
        again = client.snapshot.alerts[episode]

    assert told.text == "1 fire noted"
    assert before.on == "host:web01"
    assert before.ack is not None
    assert (before.ack.actor, before.ack.note, before.owner) == (actor, "looking", actor)
    assert [line.text for line in before.notes] == ["logs are big"]
    assert (again.ack, again.owner, again.notes) == (before.ack, before.owner, before.notes)


@pytest.mark.parametrize("call", [AckAlert(("x",)), TakeAlert(("x",)), NoteAlert(("x",), "t")])
async def test_a_fire_that_does_not_burn_is_refused(world: World, call: AnyCall) -> None:
    async with world.engine() as (_engine, client):
        with pytest.raises(RefusedError, match="no such fire: x") as caught:
            await client.call(call, Done)

    assert caught.value.code == "unknown-target"


async def test_unlock_lock_freeze_and_thaw_show_in_access_and_activity(world: World) -> None:
    world.use(environment="prod", locked=True)
    async with world.engine() as (_engine, client):
        await client.call(UnlockChanges(900.0, "mailer"), Done)
        await until(client, lambda: bool(client.snapshot.access.unlocks))
        unlocked = client.snapshot.access
        await client.call(LockChanges(), Done)
        frozen = await client.call(FreezeChanges(60.0, "migration", "role:db"), Done)
        await client.call(ThawChanges("f1"), Done)
        await until(client, lambda: "thawed" in _newest(client.snapshot))
        told = [event.text for event in client.snapshot.events.values()]

    assert (unlocked.environment, unlocked.locked) == ("prod", True)
    assert unlocked.unlocks[0].reason == "mailer"
    assert frozen.text == "freeze f1 on role:db"
    assert [text.split(":")[0] for text in told if "engine" not in text][-4:] == [
        "unlocked for 15 min",
        "locked again",
        "froze role",
        f"thawed f1 of {client.actor}",
    ]


async def test_a_freeze_outlives_its_engine(world: World) -> None:
    async with world.engine() as (_engine, client):
        await client.call(FreezeChanges(600.0, "migration"), Done)

    async with world.engine() as (_engine, client):
        assert [one.reason for one in client.snapshot.access.freezes] == ["migration"]


@pytest.mark.parametrize("damage", ["text", "folder"])
async def test_freezes_that_cannot_be_read_freeze_everything_until_a_person_thaws(
    world: World, damage: str
) -> None:
    kept = world.folder / "access.json"
    if damage == "folder":
        kept.mkdir()
    else:
        kept.write_text('{"freezes": [{"id"')

    async with world.engine() as (_engine, client):
        (laid,) = client.snapshot.access.freezes
        assert (laid.id, laid.actor, laid.scope) == ("f1", "engine", "*")
        assert "access" in client.snapshot.banners
        await client.call(ThawChanges("f1"), Done)
        await until(client, lambda: not client.snapshot.access.freezes)


async def test_what_a_person_types_reaches_other_consoles_cleaned(world: World) -> None:
    async with world.engine() as (_engine, client):
        await client.call(UnlockChanges(900.0, "mailer\x1b]0;x\x07"), Done)
        await until(client, lambda: "unlocked" in _newest(client.snapshot))
        with pytest.raises(RefusedError, match="cannot be shown"):
            await client.call(FreezeChanges(60.0, "x", 'role == "\x1b[2J"'), Done)

        assert _newest(client.snapshot) == "unlocked for 15 min: mailer␛]0;x␇"


async def test_a_freeze_of_a_scope_that_cannot_be_read_is_refused(world: World) -> None:
    async with world.engine() as (_engine, client):
        with pytest.raises(RefusedError, match="scope: "):
            await client.call(FreezeChanges(60.0, "x", "state == ("), Done)


async def test_a_read_only_engine_says_so_and_unlocks_nobody(world: World) -> None:
    async with world.engine(read_only=True) as (_engine, client):
        assert client.snapshot.access.read_only is True
        with pytest.raises(RefusedError, match="read-only"):
            await client.call(UnlockChanges(900.0, "mailer"), Done)


@pytest.mark.parametrize(
    "call",
    [
        AckAlert(("e",)),
        UnlockChanges(60.0, "x"),
        FreezeChanges(60.0, "x"),
        TrustHostKey("web01", FINGERPRINT),
        StartRun("p1", "h"),
        StopEngine(),
        AddEvent("x"),
    ],
)
async def test_whoever_attached_to_look_changes_nothing(world: World, call: AnyCall) -> None:
    async with world.engine(looker=True) as (_engine, client):
        with pytest.raises(RefusedError, match="you attached with --read-only") as caught:
            await client.call(call, Done)
        looked = await client.call(PollNow(), Done)

        assert client.snapshot.access.read_only is True
    assert caught.value.code == "read-only"
    assert looked.text == "polling everything"
    assert world.remote.trusted == []


async def test_an_event_from_elsewhere_lands_in_activity_cleaned(world: World) -> None:
    async with world.engine() as (_engine, client):
        await client.call(AddEvent("shop-api 4.2\x1b[2J", "deploy", "service:shop"), Done)
        await until(
            client, lambda: any(e.kind == "deploy" for e in client.snapshot.events.values())
        )
        event = next(e for e in client.snapshot.events.values() if e.kind == "deploy")

    assert (event.text, event.subject, event.actor) == (
        "shop-api 4.2␛[2J", "service:shop", client.actor
    )  # fmt: skip


@pytest.mark.parametrize(("text", "at"), [("", None), ("  ", None), ("x", 4e12), ("x", -1.0)])
async def test_an_event_without_text_or_from_the_future_is_refused(
    world: World, text: str, at: float | None
) -> None:
    async with world.engine() as (_engine, client):
        with pytest.raises(RefusedError, match="an event"):
            await client.call(AddEvent(text, at=at), Done)


async def test_polling_now_tries_again_where_we_had_stopped(world: World) -> None:
    async with world.engine() as (_engine, client):
        await until(client, lambda: all(h.tried for h in client.snapshot.hosts.values()))
        seen = world.remote.asked.count("web02")
        done = await client.call(PollNow(("web02",)), Done)
        first = client.snapshot.hosts["web02"].tried
        await until(client, lambda: client.snapshot.hosts["web02"].tried > first)

    assert done.text == "polling host:web02"
    assert "web02" in world.remote.retried
    assert world.remote.asked.count("web02") > seen


async def test_a_target_nobody_knows_is_refused(world: World) -> None:
    async with world.engine() as (_engine, client):
        for target in ("web99", "host:web99", "moon:web01"):
            with pytest.raises(RefusedError, match=f"no target {target}"):
                await client.call(PollNow((target,)), Done)


async def test_the_key_a_person_saw_is_the_one_that_is_written(world: World) -> None:
    async with world.engine() as (_engine, client):
        key = await client.call(ScanHostKey("web01"), HostKey)
        done = await client.call(TrustHostKey("web01", key.fingerprint), Done)

    assert key.fingerprint == FINGERPRINT
    assert world.remote.trusted == [("web01", FINGERPRINT, False)]
    assert done.text == "wrote the key of web01 to /home/op1/.ssh/known_hosts"


async def test_another_key_than_the_one_seen_is_not_written(world: World) -> None:
    async with world.engine() as (_engine, client):
        world.remote.fingerprint = "SHA256:other"
        with pytest.raises(RefusedError, match="web01 now shows SHA256:other"):
            await client.call(TrustHostKey("web01", FINGERPRINT), Done)

    assert world.remote.trusted == []


async def test_an_engine_tells_of_itself(world: World) -> None:
    async with world.engine() as (_engine, client):
        figures = await client.call(EngineStatus(), EngineFigures)

    assert (figures.name, figures.hosts, figures.clients, figures.runs) == ("default", 2, 1, 0)
    assert figures.rss > 1 << 20


async def test_people_are_shown_while_their_console_is_attached(world: World) -> None:
    async with world.engine() as (_engine, client):
        await until(client, lambda: client.snapshot.people == {client.actor: 1})


async def test_an_engine_stops_when_asked_and_says_goodbye(world: World) -> None:
    async with world.engine() as (_engine, client):
        done = await client.call(StopEngine(), Done)
        await until(client, lambda: client.link == "lost")

    assert done.text == f"the engine stops, asked by {client.actor}"
    with pytest.raises(EngineError):
        await client.call(EngineStatus(), EngineFigures)


async def test_the_alerts_of_a_source_that_falls_silent_stay(world: World) -> None:
    world.web.fire("DiskFull", "web01:9100")
    world.inventory = replace(world.inventory, hosts=())
    async with world.engine() as (_engine, client):
        episode = await _fire(client, "DiskFull")
        world.web.alerts.clear()
        await until(client, lambda: not _fires(client.snapshot, "DiskFull"))

        assert client.snapshot.alerts[episode].state == "resolved"


def _newest(snapshot: Snapshot) -> str:
    return snapshot.events[max(snapshot.events)].text if snapshot.events else ""
