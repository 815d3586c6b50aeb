"""`runs`: the runs an engine knows: listed, shown, followed, steered and run again."""

from datetime import datetime
from typing import Any, Final

import click

from opsconsole.cli.lazy import HintingGroup
from opsconsole.cli.options import Options
from opsconsole.cli.run import rollout_of, start_options, wish_of
from opsconsole.model.run import Run

_VERBS: Final = {
    "pause": "Dispatch nothing new; what runs waits at its next step.",
    "resume": "Go on; an open gate is asked again.",
    "continue": "Go on in spite of what went bad.",
    "retry": "Try what failed again, then go on.",
    "rollback": "Dispatch nothing new, then take back what was done.",
    "stop": "Dispatch nothing new; what runs comes to its end.",
    "interrupt": "Also end what runs, on the hosts themselves.",
    "take-over": "Answer for it from now on.",
    "break-glass": "Go ahead without the second person it waits for; say why with --reason.",
    "close": "Nobody will ever know what is unknown in it; say why with --reason.",
}


class RunsGroup(HintingGroup):
    """A group that still reads `runs RUN` as `runs show RUN`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb; a run's id stands for `show`."""
        if args and args[0][:1].isdigit():
            args = ["show", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=RunsGroup, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_context
def runs(ctx: click.Context, /, as_json: bool) -> int:
    """List runs, show one with its targets, follow or steer it."""
    if ctx.invoked_subcommand is not None:
        return 0
    return _list(ctx.obj, as_json=as_json)


@runs.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def list_runs(options: Options, /, as_json: bool) -> int:
    """List runs, newest first."""
    return _list(options, as_json=as_json)


@runs.command()
@click.argument("run_id", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def show(options: Options, /, run_id: str, as_json: bool) -> int:
    """Show a run with its targets."""
    from opsconsole.cli.attach import finish
    from opsconsole.cli.run_targets import FOLD_FROM, target_rows
    from opsconsole.cli.show import print_columns, print_json
    from opsconsole.view.cells import plain
    from opsconsole.view.run_page import counts

    found = tuple(one for one in finish(_known(options)) if one.id == run_id)
    if not found:
        raise click.UsageError(f"no run {run_id}")
    if as_json:
        print_json({"schema": "opsconsole.runs/1", "runs": found})
        return 0
    run = found[0]
    rows = target_rows(run, lambda target: target.why or target.last_line)
    if (
        len(run.targets) >= FOLD_FROM
    ):  # names of hundreds are long: behind the rest, which keeps its columns
        rows = ((state, words, left, names) for names, state, words, left in rows)
    print_columns(rows)
    print(plain(counts(run)))
    print(f"{run.id}: {run.state} {run.note or run.reason}".rstrip())
    if run.question is not None:
        print(f"asks: {run.question.text}")
    if run.choices:
        print(f"it can: {', '.join(run.choices)}")
    return 0


@runs.command()
@click.argument("run_id", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="Print JSON at its end.")
@click.pass_obj
def follow(options: Options, /, run_id: str, as_json: bool) -> int:
    """Print what a run says until it is over; exits with its outcome."""
    from opsconsole.cli.attach import attached, finish
    from opsconsole.cli.run_follow import follow as follow_run

    async def work() -> int:
        async with attached(options, subscribe=True) as client:
            return await follow_run(client, run_id, as_json=as_json)

    return finish(work())


@runs.command()
@click.argument("run_id", metavar="RUN")
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...")
@click.pass_obj
def answer(options: Options, /, run_id: str, values: tuple[str, ...]) -> int:
    """Answer what a run asks: yes, with values where it wants some."""
    return _answer(options, run_id, values, refuse=False)


@runs.command()
@click.argument("run_id", metavar="RUN")
@click.pass_obj
def refuse(options: Options, /, run_id: str) -> int:
    """Say no to what a run asks: it ends there."""
    return _answer(options, run_id, (), refuse=True)


@runs.command()
@click.argument("run_id", metavar="RUN")
@click.argument(
    "which", type=click.Choice(("failed", "unknown", "not-started", "all")), default="failed"
)
@start_options
@click.pass_obj
def rerun(
    options: Options,
    /,
    run_id: str,
    which: str,
    **given: Any,  # noqa: ANN401 - what start_options declares
) -> int:
    """Run the same again on the targets that failed, are unknown, or were not started."""
    return _plan_again(options, f"{run_id}:{which}", given)


@runs.command()
@click.argument("run_id", metavar="RUN")
@start_options
@click.pass_obj
def undo(
    options: Options,
    /,
    run_id: str,
    **given: Any,  # noqa: ANN401 - what start_options declares
) -> int:
    """Plan and run the way back of a run that is over, as its journal kept it."""
    return _plan_again(options, f"{run_id}:undo", given)


def _plan_again(options: Options, what: str, given: dict[str, Any]) -> int:
    from opsconsole.cli.attach import attached, finish
    from opsconsole.cli.run_follow import carry_out
    from opsconsole.model.action import Plan
    from opsconsole.model.calls import PlanRun

    call = PlanRun("", (), rerun=what, rollout=rollout_of(given))

    async def work() -> int:
        async with attached(options, subscribe=True) as client:
            return await carry_out(client, await client.call(call, Plan), wish_of(given))

    return finish(work())


def _steer(verb: str, help: str) -> None:
    @runs.command(verb, help=help)
    @click.argument("run_id", metavar="RUN")
    @click.option("-t", "--target", default="", metavar="HOST", help="retry, interrupt: only this.")
    @click.option("--reason", default="", metavar="TEXT", help="Why, for the journal.")
    @click.pass_obj
    def steer(options: Options, /, run_id: str, target: str, reason: str) -> int:
        from opsconsole.cli.attach import finish, tell
        from opsconsole.model.calls import ControlRun

        print(finish(tell(options, ControlRun(run_id, verb, reason, target))).text)
        return 0


for _verb, _help in _VERBS.items():
    _steer(_verb, _help)


def _answer(options: Options, run_id: str, values: tuple[str, ...], *, refuse: bool) -> int:
    from opsconsole.cli.attach import attached, finish
    from opsconsole.cli.run_plan import pairs
    from opsconsole.model.calls import AnswerRun, Done

    async def work() -> Done:
        async with attached(options, subscribe=True) as client:
            run = client.snapshot.runs.get(run_id)
            if run is None or run.question is None:
                raise click.UsageError(f"run {run_id} asks nothing now")
            call = AnswerRun(run_id, run.question.id, pairs(values), refuse)
            return await client.call(call, Done)

    print(finish(work()).text)
    return 0


async def _known(options: Options) -> tuple[Run, ...]:
    from opsconsole.cli.attach import attached

    async with attached(options, subscribe=True) as client:
        known = client.snapshot.runs
        return tuple(known[key] for key in sorted(known, reverse=True))


def _list(options: Options, *, as_json: bool) -> int:
    from opsconsole.cli.attach import finish
    from opsconsole.cli.show import print_columns, print_json

    found = finish(_known(options))
    if as_json:
        print_json({"schema": "opsconsole.runs/1", "runs": found})
        return 0
    print_columns(
        (_clock(r.at), r.id, r.state, r.actor, r.action, r.note or r.reason) for r in found
    )
    return 0


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
