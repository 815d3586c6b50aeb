"""How a run's targets are listed on the command line, a few of them and hundreds."""

from opsconsole.cli.run_targets import FOLD_FROM, target_rows
from opsconsole.model.run import Run, RunTarget
from opsconsole.model.states import Effect, RunState, TargetState


def run_of(*targets: RunTarget) -> Run:
    return Run("r1", "acme.x", "X", Effect.WRITE, "op1", RunState.PARTIAL, 1.0, {}, targets, "h")


def test_few_targets_have_a_row_each_in_the_order_of_the_run() -> None:
    run = run_of(
        RunTarget("web2", TargetState.FAILED, why="exit 1"), RunTarget("web1", TargetState.CHANGED)
    )

    assert list(target_rows(run)) == [("web2", "failed", "exit 1", ""), ("web1", "changed", "", "")]


def test_of_many_the_good_ones_share_a_row_and_what_nobody_observed_comes_last() -> None:
    many = [RunTarget(f"web{n:02}", TargetState.CHANGED) for n in range(FOLD_FROM)]
    many[3] = RunTarget("web03", TargetState.UNKNOWN, why="lost")
    many[5] = RunTarget("web05", TargetState.FAILED, why="exit 1", left="drain stands")
    many[7] = RunTarget("web07", TargetState.NOT_STARTED, why="halted")
    many[8] = RunTarget("web08", TargetState.NOT_STARTED, why="halted")

    assert list(target_rows(run_of(*many))) == [
        ("web[00-02,04,06,09-19]", "changed", "", ""),
        ("web[07,08]", "not-started", "halted", ""),
        ("web05", "failed", "exit 1", "drain stands"),
        ("web03", "unknown", "lost", ""),
    ]
