"""`resolve`: settle what a run left UNKNOWN, by what the hosts know or by what a person saw."""

import asyncio
import contextlib

import click

from opsconsole.cli import complete
from opsconsole.cli.options import Options
from opsconsole.cli.run_follow import OUTCOMES
from opsconsole.model.run import Run
from opsconsole.rpc.client import Client

_WITHIN = 90.0
"""Seconds for all hosts to be asked."""
_SHOWN_WITHIN = 5.0


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option(
    "-t", "--target", "targets", multiple=True, metavar="HOST", shell_complete=complete.targets,
    help="Only this one; else all that are unknown.",
)  # fmt: skip
@click.option(
    "--as", "state", type=click.Choice(("changed", "unchanged", "failed")), default=None,
    help="What you saw, where the host cannot say.",
)  # fmt: skip
@click.option("--because", "reason", default="", metavar="TEXT", help="Where you saw it.")
@click.option("--json", "as_json", is_flag=True, help="Print the run as a JSON document.")
@click.pass_obj
def resolve(
    options: Options,
    /,
    run_id: str,
    targets: tuple[str, ...],
    state: str | None,
    reason: str,
    as_json: bool,
) -> int:
    """Settle a run's unknown targets: ask the hosts, or say what you saw.

    Exits as the run then stands: 0 succeeded, 3 something is still unknown, 1 anything else.
    """
    from opsconsole.cli.attach import attached, finish
    from opsconsole.model.calls import Done, ResolveRun

    if state is not None and not reason.strip():
        raise click.UsageError("--as needs --because: what was seen, and where")
    call = ResolveRun(run_id, targets, state or "", reason)

    async def ask() -> tuple[Done, Run | None]:
        async with attached(options, subscribe=True) as client:
            done = await client.call(call, Done, within=_WITHIN)
            return done, await _as_told(client, run_id, done.text)

    done, found = finish(ask())
    return _show(done.text, found, as_json=as_json)


async def _as_told(client: Client, run_id: str, text: str) -> Run | None:
    """Wait for the snapshot that has what was settled; None: the engine shows that run no more."""
    from opsconsole.runs.late import sum_up

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_SHOWN_WITHIN):
            while (found := client.snapshot.runs.get(run_id)) is not None:
                if sum_up(found) == text:
                    return found
                await client.wait_change()
    return None


def _show(text: str, found: Run | None, *, as_json: bool) -> int:
    from opsconsole.cli.exits import Exit
    from opsconsole.cli.show import print_columns, print_json

    if found is None:
        print(text)
        return Exit.UNKNOWN if "still unknown" in text else Exit.DONE
    if as_json:
        print_json({"schema": "opsconsole.run/1", "run": found})
    else:
        print_columns((t.name, t.state, t.why, t.evidence) for t in found.targets)
        print(f"{found.id}: {text}")
    return OUTCOMES.get(found.state, Exit.FAILED)
