"""`approve`: agrees to a run that needs a second person, in this account's engine or in a colleague's."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from opsconsole.cli.options import Options
from opsconsole.model.run import Run
from opsconsole.model.text import LABEL_LIMIT, clean

if TYPE_CHECKING:
    from opsconsole.rpc.client import Client


class Request(Struct, frozen=True):
    """One run that waits, and where it does."""

    engine: str
    """`op1-default`: whose engine, and its name."""
    socket: str
    run: Run
    owner: str = ""
    """Whose account made the socket: the file's name may say anything."""


@click.command()
@click.argument("run_id", required=False, metavar="[RUN]")
@click.option("--list", "only_list", is_flag=True, help="List what waits, here and at --at.")
@click.option("--deny", is_flag=True, help="Say no: the run ends, nothing was started.")
@click.option("--because", default="", metavar="TEXT", help="Why, for the journal.")
@click.option("--yes", is_flag=True, help="The plan that is printed is read: do not ask.")
@click.option(
    "--at",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Where colleagues' engines meet; as the machine's policy says, if not said.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def approve(
    options: Options,
    /,
    run_id: str | None,
    only_list: bool,
    deny: bool,
    because: str,
    yes: bool,
    folder: Path | None,
    as_json: bool,
) -> int:
    """Agree to a run that needs a second person: shows its plan, then asks."""
    from opsconsole.cli.attach import finish

    if only_list or run_id is None:
        return _print_list(finish(_waiting(options, folder)), as_json=as_json)
    verdict = _Verdict(run_id, deny, because, yes, as_json)
    return finish(_decide(options, folder, verdict))


class _Verdict(Struct, frozen=True):
    run: str
    deny: bool
    because: str
    yes: bool
    as_json: bool


def _print_list(found: tuple[Request, ...], *, as_json: bool) -> int:
    from opsconsole.cli.show import print_columns, print_json

    if as_json:
        print_json({"schema": "opsconsole.approvals/1", "approvals": found})
        return 0
    rows = []
    for each in found:
        run, why = each.run, each.run.approval
        names = run.targets[0].name if len(run.targets) == 1 else f"{len(run.targets)} targets"
        until = f"until {_time(why.until if why else 0.0)}"
        said = (run.id, run.actor, run.action, names, until, why.why if why else "")
        rows.append([clean(text, LABEL_LIMIT) for text in (*said, f"in {each.owner}'s engine")])
    print_columns(rows)
    if not rows:
        print("nothing waits for a second person")
    return 0


def _time(at: float) -> str:
    """Format a moment that another account's engine says; it may be no moment at all."""
    from datetime import datetime

    try:
        return datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return "?"


async def _decide(options: Options, folder: Path | None, verdict: _Verdict) -> int:
    from opsconsole.cli.run_plan import print_lines
    from opsconsole.cli.show import print_json
    from opsconsole.errors import RefusedError
    from opsconsole.model.action import Plan
    from opsconsole.model.approval_calls import ApproveRun, ReadPlan
    from opsconsole.model.calls import Done

    found = [one for one in await _waiting(options, folder) if one.run.id == verdict.run]
    if not found:
        raise RefusedError("not-running", f"no run {verdict.run} waits for a second person here")
    request = found[0]
    async with _guest(Path(request.socket)) as client:
        plan = await client.call(ReadPlan(verdict.run), Plan)
        if not verdict.deny:
            if not verdict.as_json:
                print_lines(plan)
                for what, said in _asked(request):
                    print(f"{what:<8}{clean(said, LABEL_LIMIT)}")
            _ask(verdict)
        call = ApproveRun(verdict.run, plan.hash, verdict.deny, verdict.because)
        done = await client.call(call, Done)
    if verdict.as_json:
        print_json(
            {"schema": "opsconsole.approval/1", "run": verdict.run, "plan": plan, "text": done.text}
        )
    else:
        print(clean(done.text))
    return 0


def _asked(request: Request) -> tuple[tuple[str, str], ...]:
    run = request.run
    return (
        ("asked", f"by {run.actor}: {run.reason or 'no reason given'}"),
        ("engine", f"of {request.owner}: {request.socket}"),
    )


def _ask(verdict: _Verdict) -> None:
    import sys

    from opsconsole.errors import RefusedError

    if verdict.yes:
        return
    if verdict.as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise RefusedError("confirm", "read the plan, then agree to it with --yes")
    if not click.confirm("Do you agree to this?", default=False, err=True):
        raise RefusedError("confirm", "not agreed: it goes on waiting")


async def _waiting(options: Options, folder: Path | None) -> tuple[Request, ...]:
    """Ask this account's engine, if it runs, and every engine whose socket is where engines meet."""
    from opsconsole.cli.exits import complain
    from opsconsole.errors import OpsConsoleError
    from opsconsole.model.approval_calls import Approvals, ReadApprovals
    from opsconsole.rpc.peer import name_of
    from opsconsole.rpc.server import is_served

    place = options.place(create=False)
    sockets = [place.socket] if await is_served(place.socket) else []
    found: list[Request] = []
    for socket in [*sockets, *_sockets(folder)]:
        name = f"own-{place.name}" if socket == place.socket else socket.stem
        try:
            async with _guest(socket) as client:
                waiting = await client.call(ReadApprovals(), Approvals)
            owner = name_of(os.lstat(socket).st_uid)
        except OpsConsoleError as error:
            complain(error)
            continue
        except FileNotFoundError:
            continue  # that engine ended meanwhile
        known = {each.run.id for each in found}
        found += [
            Request(name, str(socket), run, owner) for run in waiting.runs if run.id not in known
        ]
    return tuple(found)


def _sockets(folder: Path | None) -> list[Path]:
    """List sockets of colleagues' engines; of our own too, which the main one is asked for."""
    from opsconsole.config.policy import SYSTEM, read_policy
    from opsconsole.errors import ConfigError

    if folder is None:
        try:
            wished = read_policy(SYSTEM.read_text(encoding="utf-8"), str(SYSTEM)).folder
        except (OSError, ConfigError, UnicodeDecodeError):
            return []
        folder = Path(wished) if wished else None
    if folder is None or not folder.is_dir():
        return []
    mine = os.geteuid()
    return [path for path in sorted(folder.glob("*.sock")) if path.lstat().st_uid != mine]


@asynccontextmanager
async def _guest(socket: Path) -> AsyncIterator["Client"]:
    """Attach only to call; whoever serves the socket must be who made it, and what they say is cleaned.

    Raises:
        RefusedError: It declined.
        EngineError: It cannot be reached, or does not keep to the protocol.
    """
    from opsconsole.cli.attach import hello
    from opsconsole.clock import SystemClock
    from opsconsole.errors import EngineError, OpsConsoleError, RefusedError
    from opsconsole.rpc.client import Client, Streams, open_path
    from opsconsole.rpc.peer import credentials

    async def connect() -> Streams:
        reader, writer = await open_path(str(socket))()
        owner = os.lstat(socket).st_uid
        if credentials(writer.get_extra_info("socket"), owner).uid != owner:
            writer.close()
            raise EngineError(f"{socket} is not served by who made it")
        return reader, writer

    try:
        async with Client(connect, hello("cli", subscribe=False), SystemClock()) as client:
            await client.ready()
            yield client
    except RefusedError as error:
        raise RefusedError(error.code, clean(str(error))) from None
    except OpsConsoleError as error:
        raise EngineError(clean(str(error))) from None
