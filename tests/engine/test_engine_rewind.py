"""A board of before, asked for over the wire of a whole engine; and by the program, from its history's file."""

import json
import math

import pytest

from opsconsole.errors import RefusedError
from opsconsole.model.calls import AckAlert, AddEvent, Done
from opsconsole.model.moment import BOARD_KEPT, Moment, ReadMoment
from opsconsole.rpc.client import Client
from tests.engine.conftest import World, until
from tests.program import Program


async def _moment(client: Client, at: float, step: int = 0) -> Moment:
    return await client.call(ReadMoment(at, step), Moment)


def _now(client: Client) -> float:
    return client.snapshot.now


async def test_a_board_of_before_has_the_fire_without_what_was_said_of_it_later(
    world: World,
) -> None:
    world.web.fire("DiskFull", "web01:9100")
    async with world.engine() as (_engine, client):
        await until(client, lambda: bool(client.snapshot.alerts))
        (episode,) = client.snapshot.alerts
        seen_at = _now(client)
        await until(client, lambda: _now(client) > seen_at + 1.5)
        await client.call(AckAlert((episode,), "looking"), Done)
        acked_at = _now(client)
        await until(client, lambda: _now(client) > acked_at + 2.5)
        before, after = await _moment(client, seen_at + 1), await _moment(client, acked_at + 1)

    assert before.board.alerts[episode].ack is None
    told = after.board.alerts[episode].ack
    assert told is not None
    assert told.note == "looking"


async def test_one_steps_over_events_and_ends_at_now(world: World) -> None:
    async with world.engine() as (_engine, client):
        now = _now(client)
        for ago in (400, 300, 200):
            await client.call(AddEvent(f"{ago} ago", at=now - ago), Done)
        await until(client, lambda: _now(client) > now + 1.5)
        newest = await _moment(client, now - 150, -1)
        older = await _moment(client, newest.at, -1)
        back = await _moment(client, older.at, 1)
        end = await _moment(client, _now(client) + 60, 1)
        is_now = end.at - _now(client)
        with pytest.raises(RefusedError, match="nothing is told of before"):
            await _moment(client, now - 500, -1)

    assert 0 <= newest.at - (now - 200) < 1
    assert 0 <= older.at - (now - 300) < 1
    assert back.at == newest.at
    assert abs(is_now) < 5
    assert [event.text for event in older.board.events.values()] == ["400 ago", "300 ago"]


async def test_an_event_that_is_not_on_disk_yet_is_stepped_to(world: World) -> None:
    async with world.engine() as (_engine, client):
        now = _now(client)
        await client.call(AddEvent("long ago", at=now - 100), Done)
        await client.call(AddEvent("just now", at=now - 2), Done)
        found = await _moment(client, now, -1)

    assert 0 <= found.at - (now - 2) < 1


async def test_what_nothing_is_kept_of_is_said(world: World) -> None:
    async with world.engine() as (_engine, client):
        blank = await _moment(client, _now(client) - 3_600)
        with pytest.raises(RefusedError, match="kept for 35 days"):
            await _moment(client, _now(client) - BOARD_KEPT - 60)
        for wrong in (math.nan, math.inf):
            with pytest.raises(RefusedError, match="a moment is a time"):
                await _moment(client, wrong)

    assert blank.note == "no sample is kept of then"
    assert {host.state for host in blank.board.hosts.values()} == {"pending"}
    assert blank.board.feeds.keys() == {"ssh"}, "of a source nothing is kept"


def test_status_of_before_is_printed_and_what_is_no_time_is_refused(program: Program) -> None:
    config = program.folder / "opsconsole.yaml"
    config.write_text("version: 1\nhosts: [{name: here, transport: local}]\n")
    program.line = ("-c", str(config))
    assert program.verb("engine", "start").returncode == 0

    told = program.verb("status", "--at", "10m", "--json")
    text = program.verb("status", "--at", "10m")
    wrong = program.verb("status", "--at", "soon")
    ahead = program.verb("status", "--at", "2099-01-01")

    board = json.loads(told.stdout)
    assert [(host["name"], host["state"]) for host in board["hosts"]] == [("here", "pending")]
    assert "10m ago; no sample is kept of then" in told.stderr
    assert "here" in text.stdout
    assert (wrong.returncode, ahead.returncode) == (3, 3)
    assert "'soon' is no time: 14:05, 30m or" in wrong.stderr
    assert "2099-01-01 is not over yet" in ahead.stderr
