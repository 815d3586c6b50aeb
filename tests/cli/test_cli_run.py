"""What `run` says when the engine goes while it is asked."""

import asyncio
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace

from opsconsole.cli.exits import Exit, code_of
from opsconsole.cli.fires import one_episode
from opsconsole.cli.run_follow import carry_out
from opsconsole.cli.run_plan import Wish, show_plan
from opsconsole.errors import OutcomeUnknownError, RefusedError
from opsconsole.model.action import Plan, PlannedStep, PlannedTarget
from opsconsole.model.alert import Alert
from opsconsole.model.calls import AnyCall, ReadOutput, Started, StartRun
from opsconsole.model.states import AlertState, Confirm, Effect, Severity
from opsconsole.rpc.client import Client
from opsconsole.rpc.peer import Peer
from tests.rpc.conftest import serving

PLAN = Plan(
    "p1", "acme.restart", "Restart", Effect.WRITE, {}, (), Confirm.KEY, "", 1, False, 60.0, "h"
)
WISH = Wish(yes=True)


async def _error_of(client: Client) -> OutcomeUnknownError:
    with pytest.raises(OutcomeUnknownError) as raised:
        await carry_out(client, PLAN, WISH)
    return raised.value


@pytest.mark.parametrize(
    ("deaf_to", "name"), [(StartRun, "acme.restart"), (ReadOutput, "20260101-000000-abcdef")]
)
async def test_a_run_whose_engine_is_lost_has_an_unknown_outcome_and_not_a_failed_one(
    tmp_path: Path, deaf_to: type[Struct], name: str
) -> None:
    asked = asyncio.Event()

    async def answer(call: AnyCall, peer: Peer) -> Struct:
        if isinstance(call, deaf_to):
            asked.set()
            await asyncio.Event().wait()
        return Started("20260101-000000-abcdef")

    async with serving(tmp_path / "s", answer) as served, served.client("cli") as client:
        await client.ready()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(_error_of(client))
            await asked.wait()
            await served.server.close()

    error = task.result()
    assert str(error).startswith(f"{name}: outcome unknown (the engine was lost: the engine stops")
    assert code_of(error) is Exit.UNKNOWN


@pytest.mark.parametrize(
    ("code", "hinted"), [("locked", True), ("frozen", False), ("read-only", False)]
)
async def test_a_refused_plan_is_refused_by_its_own_name(
    tmp_path: Path, code: str, hinted: bool
) -> None:
    plan = replace(PLAN, refusal="not now", refused_as=code)

    async def answer(call: AnyCall, peer: Peer) -> Struct:
        raise AssertionError(f"{call} was asked")

    async with serving(tmp_path / "s", answer) as served, served.client("cli") as client:
        await client.ready()
        with pytest.raises(RefusedError) as raised:
            await carry_out(client, plan, WISH)

    assert raised.value.code == code
    assert ("--unlock" in str(raised.value)) is hinted


def test_a_plan_on_the_command_line_is_the_screens_and_says_how_it_is_confirmed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    step = PlannedStep("restart", Effect.WRITE, ("systemctl", "restart", "--", "nginx.service"))
    targets = tuple(PlannedTarget(name, (step,)) for name in ("web1", "web2"))
    plan = replace(
        PLAN, targets=targets, confirm=Confirm.COUNT, expect="2", refusal="prod is LOCKED"
    )

    show_plan(plan, as_json=False)

    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Restart"
    assert said.count("    systemctl restart -- nginx.service") == 1
    assert said[-2:] == ["confirm with --confirm 2", "refused prod is LOCKED"]


def _fires(*on: str) -> dict[str, Alert]:
    return {
        f"e{number}": Alert(
            f"f{number}", f"e{number}", "UnitFailed", Severity.WARNING, "warning",
            AlertState.FIRING, 1.0, target, "rules",
        )
        for number, target in enumerate(on)
    }  # fmt: skip


def test_the_fire_a_run_is_about_is_found_as_for_an_ack_and_by_its_target_among_several() -> None:
    fires = _fires("host:db1", "host:web1")

    assert one_episode(fires, "host:db1", ("web1",)) == "e0"
    assert one_episode(fires, "UnitFailed", ("web1",)) == "e1"
    assert one_episode(fires, "UnitFailed", ("host:web1",)) == "e1"


@pytest.mark.parametrize(
    ("word", "why"), [("Nix", "no fire Nix"), ("UnitFailed", "UnitFailed means 2 fires")]
)
def test_a_word_that_means_no_fire_or_several_is_refused_and_never_ignored(
    word: str, why: str
) -> None:
    with pytest.raises(RefusedError, match=why):
        one_episode(_fires("host:db1", "host:web1"), word, ("role:db",))
