"""`run`: one action on targets, with its plan, its confirmation and its live output; exits with its outcome."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import click

from opsconsole.cli import complete
from opsconsole.cli.options import Options
from opsconsole.cli.run_plan import Wish, pairs

_ROLLOUT: Final = ("canary", "batches", "bake", "max_failures", "max_parallel", "on_halt")
_START: Final = ("only_plan", "yes", "confirm", "unlock", "reason", "as_json", "wait_lock", "glass")


def start_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb what every start of a run can be told."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS: Final = (
    click.option(
        "--plan", "only_plan", is_flag=True, help="Show what would happen, change nothing."
    ),
    click.option("--yes", is_flag=True, help="Do not ask (for the confirm levels none and key)."),
    click.option(
        "--confirm", default="", metavar="TEXT", help="What count and typed levels ask for."
    ),
    click.option(
        "--unlock", default="", metavar="REASON", help="One write in a locked environment."
    ),
    click.option("--reason", default="", metavar="TEXT", help="Why, for the journal."),
    click.option(
        "--wait-lock",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="Wait in line for held locks.",
    ),
    click.option(
        "--break-glass",
        "glass",
        default="",
        metavar="REASON",
        help="Go ahead without the second person it needs; stays in the journal, everybody is told.",
    ),
    click.option("--canary", default="", metavar="N", help="So many first, or a share: 1, 5%."),
    click.option("--batches", default="", metavar="LIST", help="Cumulative: 10%,50%,100%."),
    click.option("--bake", default="", metavar="TIME", help="Watch the canary so long: 30s."),
    click.option("--max-failures", default="", metavar="N", help="So many may go bad: 0, 5%."),
    click.option("--max-parallel", default="", metavar="N", help="So many at once."),
    click.option(
        "--on-halt",
        type=click.Choice(("stop", "wait")),
        default="stop",
        show_default=True,
        help="When too much goes bad: end there, or wait for a person.",
    ),
    click.option(
        "--json", "as_json", is_flag=True, help="Print JSON: the plan, or the run at its end."
    ),
)


def wish_of(given: Mapping[str, Any]) -> Wish:
    """Read how a start is wished for from a verb's options."""
    return Wish(**{name: given[name] for name in _START})


def rollout_of(given: Mapping[str, Any]) -> Mapping[str, str]:
    """Read what a person wants otherwise than the action says; the engine takes what is stricter."""
    return {name: given[name] for name in _ROLLOUT if given[name]}


@click.command()
@click.argument("action", shell_complete=complete.actions)
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    metavar="TARGETS",
    help="web[01-03], role:db.",
    shell_complete=complete.targets,
)
@click.option("-p", "--param", "params", multiple=True, metavar="K=V", help="A parameter.")
@click.option("--on", "fire", metavar="FIRE", help="The fire it is about, as for ack.")
@start_options
@click.pass_obj
def run(
    options: Options,
    /,
    action: str,
    targets: tuple[str, ...],
    params: tuple[str, ...],
    fire: str | None,
    **given: Any,  # noqa: ANN401 - what start_options declares
) -> int:
    """Run an action: opsconsole run unit-restart -t web03 -p unit=nginx --plan."""
    from opsconsole.cli.attach import attached, finish
    from opsconsole.cli.fires import one_episode
    from opsconsole.cli.run_follow import carry_out
    from opsconsole.model.action import Plan
    from opsconsole.model.calls import PlanRun

    typed = pairs(params)

    async def work() -> int:
        async with attached(options, subscribe=True) as client:
            episode = one_episode(client.snapshot.alerts, fire, targets) if fire else None
            call = PlanRun(action, targets, typed, episode, rollout=rollout_of(given))
            return await carry_out(client, await client.call(call, Plan), wish_of(given))

    return finish(work())
