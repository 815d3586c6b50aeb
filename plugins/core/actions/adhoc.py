"""One command as it is typed, on many hosts, through plan, locks and journal like any other action."""

import shlex
from dataclasses import dataclass
from functools import lru_cache

from opsconsole.actions.api import ActionError, Body, Ctx, Host, Outcome, Param, Plugin

plugin = Plugin("core")


@dataclass(frozen=True)
class Command:
    """The line; it is split here into a list of arguments and no shell ever sees it."""

    command: Body = Param(
        title="command", help="a program and its arguments; no pipes, no variables"
    )


@lru_cache(maxsize=64)  # it is the same line for each target of a run
def _argv(line: str) -> tuple[str, ...]:
    try:
        argv = shlex.split(line)
    except ValueError as error:
        raise ActionError("command", f"cannot be split: {str(error).lower()}") from None
    if not argv:
        raise ActionError("command", "is empty")
    return tuple(argv)


@plugin.action(
    "adhoc",
    title="Run a command",
    scope="host",
    effect="write",
    idempotent=False,
    confirm="count",
    max_parallel=8,
    stop_on_failure=True,
    timeout="60s",
    needs=["ssh"],
    tags=("adhoc",),
)
async def adhoc(ctx: Ctx, host: Host, p: Command) -> None:
    """Run one command on each host; it is taken to change something, whatever it is."""
    await ctx.ssh.write(_argv(p.command), step="command")


@plugin.action(
    "adhoc-read",
    title="Run a command that only reads",
    scope="host",
    effect="read",
    idempotent=True,
    max_parallel=32,
    timeout="60s",
    needs=["ssh"],
    tags=("adhoc",),
)
async def adhoc_read(ctx: Ctx, host: Host, p: Command) -> Outcome:
    """Run one command on each host that you declare to change nothing; equal answers are folded."""
    result = await ctx.ssh.read(_argv(p.command), step="command", ok=range(256), show=True)
    return Outcome.unchanged(f"exit {result.code}" if result.code else "")
