"""`runs`: the runs an engine knows, newest first."""

from datetime import datetime

import click

from opsconsole.cli.options import Options
from opsconsole.model.run import Run


@click.command()
@click.argument("run_id", required=False, metavar="[RUN]")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.option("--stop", is_flag=True, help="Start nothing new in RUN.")
@click.option("--interrupt", is_flag=True, help="With --stop: also end what runs.")
@click.pass_obj
def runs(
    options: Options, /, run_id: str | None, as_json: bool, stop: bool, interrupt: bool
) -> int:
    """List runs, show one with its targets, or stop one."""
    from opsconsole.cli.attach import attached, finish, tell
    from opsconsole.model.calls import StopRun

    if stop:
        if run_id is None:
            raise click.UsageError("--stop needs a RUN")
        print(finish(tell(options, StopRun(run_id, interrupt))).text)
        return 0

    async def read() -> tuple[Run, ...]:
        async with attached(options, subscribe=True) as client:
            known = client.snapshot.runs
            return tuple(known[key] for key in sorted(known, reverse=True))

    return _show(finish(read()), run_id, as_json=as_json)


def _show(found: tuple[Run, ...], run_id: str | None, *, as_json: bool) -> int:
    from opsconsole.cli.exits import Exit
    from opsconsole.cli.show import print_columns, print_json

    if run_id is not None:
        found = tuple(one for one in found if one.id == run_id)
        if not found:
            raise click.UsageError(f"no run {run_id}")
    if as_json:
        print_json({"schema": "opsconsole.runs/1", "runs": found})
    elif run_id is not None:
        print_columns((one.name, one.state, one.why or one.last_line) for one in found[0].targets)
    else:
        print_columns((_clock(r.at), r.id, r.state, r.actor, r.action, r.reason) for r in found)
    return Exit.DONE


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
