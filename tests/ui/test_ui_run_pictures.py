"""Pictures of a run at its hard moments, of the form and of the plan; look at them when they change."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace
from run_scene import ASKING, CANARY, HALTED, OUTPUT, UNKNOWN, WAITING, rolled_out_plan, scene
from test_ui_pictures import console, pressing
from ui_scene import FakeSource, snapshot

from opsconsole.model.approval_calls import ReadPlan
from opsconsole.model.calls import PlanRun, ReadOutput
from opsconsole.model.run import Run
from opsconsole.model.snapshot import Freeze
from opsconsole.model.states import RunState

NARROW, NORMAL = (80, 24), (120, 40)
SIZES = {"80x24": NARROW, "120x40": NORMAL}
RUNS = {"canary": CANARY, "halted": HALTED, "unknown": UNKNOWN, "asking": ASKING}


def on(run: Run) -> FakeSource:
    begun = {target.name for target in run.targets if target.started is not None}
    said = tuple(line for line in OUTPUT.lines if line.target in begun)
    output = OUTPUT if "web-11" in begun else replace(OUTPUT, lines=said)
    return FakeSource(scene(run), {ReadOutput: output, PlanRun: rolled_out_plan()})


def goes(run: Run, *keys: str) -> Sequence[str]:
    return ("colon", *f"go {run.id}", "enter", *keys)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("moment", RUNS)
def test_a_runs_picture(snap_compare, tmp_path, moment, size):
    run = RUNS[moment]
    app = console(on(run), tmp_path)
    assert snap_compare(app, terminal_size=SIZES[size], run_before=pressing(goes(run)))


@pytest.mark.parametrize(
    ("sheet", "keys"),
    [
        ("continue", ("C",)),
        ("rollback", ("B",)),
        ("output-menu", ("o",)),
        ("diff", ("o", "d")),
        ("folded", ("o", "f")),
        ("rollout-pane", ("tab", "tab")),
    ],
)
def test_a_halted_runs_picture(snap_compare, tmp_path, sheet, keys):
    app = console(on(HALTED), tmp_path)
    assert snap_compare(app, terminal_size=NARROW, run_before=pressing(goes(HALTED, *keys)))


def test_a_settling_picture(snap_compare, tmp_path):
    app = console(on(UNKNOWN), tmp_path)
    assert snap_compare(app, terminal_size=NARROW, run_before=pressing(goes(UNKNOWN, "u")))


def test_a_reruns_picture(snap_compare, tmp_path):
    app = console(on(UNKNOWN), tmp_path)
    assert snap_compare(app, terminal_size=NARROW, run_before=pressing(goes(UNKNOWN, "r")))


@pytest.mark.parametrize(
    ("sheet", "keys"),
    [
        ("list", ("colon", *"runs", "enter")),
        ("run", ("colon", *f"go {WAITING.id}", "enter")),
        ("asked", ("colon", *"runs", "enter", "a")),
    ],
)
def test_a_second_persons_picture(snap_compare, tmp_path, sheet, keys):
    said = replace(
        rolled_out_plan(),
        peer="web-needs-two: customers see it",
        policy=("need_peer by web-needs-two: customers see it",),
    )
    glass = replace(
        HALTED,
        id="20261122T021406-0001",
        state=RunState.SUCCEEDED,
        choices=(),
        ended=HALTED.at,
        approval=replace(WAITING.approval, state="glass", by="op1", reason="nobody answers"),
    )
    shown = scene(WAITING)
    shown = replace(shown, runs={**shown.runs, glass.id: glass})
    source = FakeSource(shown, {ReadOutput: replace(OUTPUT, lines=()), ReadPlan: said})
    app = console(source, tmp_path)
    assert snap_compare(app, terminal_size=NARROW, run_before=pressing(keys))


@pytest.mark.parametrize("size", SIZES)
def test_the_plans_picture(snap_compare, tmp_path, size):
    keys = goes(UNKNOWN, "r", "a")
    app = console(on(UNKNOWN), tmp_path)
    assert snap_compare(app, terminal_size=SIZES[size], run_before=pressing(keys))


@pytest.mark.parametrize("size", SIZES)
def test_the_forms_picture(snap_compare, tmp_path, size):
    shown = scene(HALTED)
    racks = {
        "web-03": "a",
        "web-07": "b",
        "web-09": "a",
        "web-11": "b",
        "web-12": "a",
        "web-13": "b",
    }
    hosts = {
        name: replace(h, labels={**h.labels, "rack": racks[name]}) if name in racks else h
        for name, h in shown.hosts.items()
    }
    access = replace(
        snapshot().access, freezes=(Freeze("f1", "op2", shown.now + 900, "kernel", "web-12"),)
    )
    source = FakeSource(replace(shown, hosts=hosts, access=access))
    keys = (
        "colon",
        *"run unit-restart web-[07,11,12,14]",
        "enter",
        "down",
        "tab",
        "ctrl+u",
        *"soon",
        "tab",
    )
    assert snap_compare(
        console(source, tmp_path), terminal_size=SIZES[size], run_before=pressing(keys)
    )
