"""The form of an action: targets and their reach, completion from what exists, mistakes beside their line."""

from msgspec.structs import replace
from run_scene import HALTED as RUN
from run_scene import rolled_out_plan, scene
from ui_driving import console_of, press, screen_text, settled
from ui_scene import RESTART, FakeSource, snapshot

from opsconsole.errors import RefusedError
from opsconsole.model.action import ActionSpec, ParamSpec
from opsconsole.model.calls import ControlRun, PlanRun, Started, StartRun
from opsconsole.model.states import Effect
from opsconsole.ui.screens.confirm import Confirm
from opsconsole.ui.screens.form import Form
from opsconsole.ui.widgets.field_row import FieldRow

ADHOC = ActionSpec(
    "core.adhoc", "Run a command", Effect.WRITE, "host", params=(ParamSpec("command", "text", required=True),)
)  # fmt: skip
ADHOC_READ = replace(ADHOC, id="core.adhoc-read", effect=Effect.READ)
ROLLBACK = ActionSpec("core.svc-rollback", "Roll a service back", Effect.WRITE, "host")


def with_actions(shown, *specs):
    return replace(shown, actions={**shown.actions, **{spec.id: spec for spec in specs}})


def source_of(*specs, **answers):
    return FakeSource(with_actions(snapshot(), *specs), answers.get("answers"))


def planned(source):
    return [call for call in source.calls if isinstance(call, PlanRun)]


def text_of(pilot):
    return "\n".join(screen_text(pilot))


def row(pilot, name):
    return pilot.app.screen.query_one(f"#field-{name}", FieldRow)


async def test_targets_can_be_changed_and_their_reach_is_shown_as_one_types(console):
    source = FakeSource()
    async with console(source) as pilot:
        await press(pilot, "r", "u")
        assert isinstance(pilot.app.screen, Form)
        assert "1 target  db-02" in text_of(pilot)
        await press(pilot, "down", "shift+tab", *" web-[01-03]")
        await settled(pilot)
        assert "4 targets  db-02,web-{01-03}" in text_of(pilot)
        await press(pilot, "enter")
        await settled(pilot)

    assert planned(source)[0].targets == ("db-02", "web-[01-03]")


async def test_unchanged_targets_stay_the_references_they_were(console):
    source = FakeSource()
    async with console(source) as pilot:
        await press(pilot, "r", "u", "down", "enter")
        await settled(pilot)

    assert planned(source)[0].targets == ("host:db-02",)


async def test_no_target_is_refused_at_its_line_before_anything_is_planned(console):
    source = FakeSource()
    async with console(source) as pilot:
        await press(pilot, "r", "u", "shift+tab", "ctrl+u", "enter")
        await settled(pilot)

        assert row(pilot, "-targets").mistake == "no target is named: name hosts, or services"
    assert planned(source) == []


async def test_a_value_that_cannot_be_read_is_said_at_its_line(console):
    source = FakeSource()
    async with console(source, (120, 40)) as pilot:
        await press(pilot, "r", "u", "down", "tab", "ctrl+u", *"soon", "enter")
        await settled(pilot)

        assert row(pilot, "wait").mistake
        assert planned(source) == []
        await press(pilot, "ctrl+u", *"45s")
        await settled(pilot)
        assert row(pilot, "wait").mistake == ""
        await press(pilot, "enter")
        await settled(pilot)

    assert planned(source)[0].params["wait"] == "45s"


async def test_what_the_engine_refuses_stands_at_the_line_it_speaks_of(console):
    source = FakeSource(answers={PlanRun: RefusedError("param", "unit: 'x' is refused: no sshd")})
    async with console(source, (120, 40)) as pilot:
        await press(pilot, "r", "u", "down", "enter")
        await settled(pilot)

        assert row(pilot, "unit").mistake == "'x' is refused: no sshd"


async def test_down_completes_the_last_word_of_the_targets(console):
    source = FakeSource()
    async with console(source) as pilot:
        await press(pilot, "r", "u", "shift+tab", *" cach", "down")
        await settled(pilot)

        assert row(pilot, "-targets").line.value == "db-02 cache-04"


async def test_a_parameter_completes_from_what_exists(console):
    spec = ActionSpec(
        "core.move", "Move", Effect.WRITE, "host", keys="m",
        params=(ParamSpec("to", "host", required=True),),
    )  # fmt: skip
    source = source_of(spec)
    async with console(source) as pilot:
        await press(pilot, "r", "m", *"cache", "down", "enter")
        await settled(pilot)

    assert planned(source)[0].params == {"to": "cache-04"}


async def test_run_takes_targets_and_parameters_on_the_line(console):
    source = FakeSource()
    async with console(source) as pilot:
        await press(
            pilot, "colon", *"run unit-restart web-[01-03] unit=nginx.service wait=5s", "enter"
        )
        await settled(pilot)

        assert isinstance(pilot.app.screen, Confirm)
    (call,) = planned(source)
    assert call.targets == ("web-[01-03]",)
    assert dict(call.params) == {"unit": "nginx.service", "wait": "5s"}


async def test_a_line_without_a_required_parameter_leads_to_the_form_with_the_rest(console):
    required = replace(
        RESTART, params=(ParamSpec("unit", "unit", required=True), *RESTART.params[1:])
    )
    source = source_of(required)
    async with console(source) as pilot:
        await press(pilot, "colon", *"run unit-restart web-01 wait=5s", "enter")
        await settled(pilot)

        assert isinstance(pilot.app.screen, Form)
        assert row(pilot, "wait").line.value == "5s"
        assert row(pilot, "-targets").line.value == "web-01"


async def test_plan_on_the_line_stops_at_the_plan(console):
    source = FakeSource()
    async with console(source) as pilot:
        await press(pilot, "colon", *"plan unit-restart web-01 unit=x.service", "enter")
        await settled(pilot)
        assert "dry run: nothing was changed" in text_of(pilot)
        await press(pilot, "y", "escape")

    assert planned(source)
    assert not [call for call in source.calls if isinstance(call, StartRun)]


async def test_a_command_on_marked_hosts_is_planned_like_every_action(console):
    source = source_of(ADHOC, ADHOC_READ)
    async with console(source) as pilot:
        await press(pilot, "2", "space", "j", "space", "exclamation_mark")
        await press(pilot, *"systemctl reload 'my app'", "enter")
        await settled(pilot)

        assert isinstance(pilot.app.screen, Confirm)
    (call,) = planned(source)
    assert call.action == "core.adhoc"
    assert len(call.targets) == 2
    assert dict(call.params) == {"command": "systemctl reload 'my app'"}
    assert not [each for each in source.calls if isinstance(each, StartRun)]


async def test_a_command_declared_to_read_goes_its_own_way(console):
    source = source_of(ADHOC, ADHOC_READ)
    async with console(source) as pilot:
        await press(pilot, "2", "colon", *"!r uptime", "enter")
        await settled(pilot)

    assert [call.action for call in planned(source)] == ["core.adhoc-read"]


async def test_an_empty_command_plans_nothing(console):
    source = source_of(ADHOC)
    async with console(source) as pilot:
        await press(pilot, "2", "exclamation_mark", "enter")
        await settled(pilot)

    assert planned(source) == []


async def test_from_a_fire_to_a_halted_run_and_back_out(console):
    """The whole way: fire, runbook, form, plan, count, canary, halted, back out."""
    spec = replace(ROLLBACK, keys="b", params=(ParamSpec("to", "str", required=True),))
    shown = with_actions(scene(RUN), spec)
    source = FakeSource(shown, {PlanRun: rolled_out_plan()})
    source.answers[StartRun] = Started(RUN.id)
    async with console(source) as pilot:
        await press(pilot, "r", "b", *"v2.41.0", "enter")
        await settled(pilot)
        assert "batches 3" in text_of(pilot)
        assert "canary" in text_of(pilot)
        await press(pilot, *"6", "enter")
        await settled(pilot)
        assert console_of(pilot).main.view.place.key == RUN.id
        assert "HALTED" in text_of(pilot)
        await press(pilot, "B", "3", "enter")
        await settled(pilot)

    assert [c.verb for c in source.calls if isinstance(c, ControlRun)] == ["rollback"]
