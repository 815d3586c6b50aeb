"""`incident`: trouble that people work on together; opened, noted, closed, written up."""

from typing import TYPE_CHECKING

import click

from opsconsole.cli.lazy import HintingGroup
from opsconsole.cli.options import Options

if TYPE_CHECKING:
    from opsconsole.model.calls import AnyCall
    from opsconsole.view.incident import IncidentPage

_SEVERITY = click.Choice(("critical", "warning", "info"))


@click.group(cls=HintingGroup)
def incident() -> None:
    """Incidents: their timeline is filled from fires, runs and events by itself."""


@incident.command("open")
@click.argument("fires", nargs=-1, metavar="[FIRE...]")
@click.option(
    "--title", default="", metavar="TEXT", help="What is wrong; else the first fire's name."
)
@click.option("--severity", type=_SEVERITY, default=None, help="Else the worst of its fires.")
@click.option(
    "--on", multiple=True, metavar="REF", help="host:NAME or service:NAME; may be repeated."
)
@click.option("--summary", default="", metavar="TEXT", help="What is known.")
@click.pass_obj
def open_(
    options: Options,
    /,
    fires: tuple[str, ...],
    title: str,
    severity: str | None,
    on: tuple[str, ...],
    summary: str,
) -> int:
    """Open one from fires (named as for `ack`), or with a title alone."""
    from opsconsole.cli.attach import attached, finish
    from opsconsole.cli.fires import episodes_of
    from opsconsole.cli.settle import settled
    from opsconsole.model.incident_calls import IncidentOpened, OpenIncident

    async def ask() -> IncidentOpened:
        async with attached(options, subscribe=True) as client:
            episodes: tuple[str, ...] = ()
            if fires:
                await settled(client, 10.0)
                episodes = episodes_of(client.snapshot.alerts, fires)
            call = OpenIncident(title, severity or "", episodes, on, summary)
            return await client.call(call, IncidentOpened)

    print(finish(ask()).text)
    return 0


@incident.command("list")
@click.option("--all", "everything", is_flag=True, help="Closed ones, too.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def list_(options: Options, /, everything: bool, as_json: bool) -> int:
    """List those that are open; exits 1 when one is active."""
    from opsconsole.cli.attach import finish
    from opsconsole.cli.show import print_columns, print_json
    from opsconsole.cli.status import look
    from opsconsole.view.incident_text import row

    snapshot, now, _me = finish(look(options, 0.0))
    found = [each for each in snapshot.incidents.values() if everything or each.is_open]
    found.sort(key=lambda each: (not each.is_open, -each.opened))
    if as_json:
        print_json({"schema": "opsconsole.incidents/1", "incidents": found})
    elif found:
        head = ("ID", "STATUS", "SEVERITY", "AGE", "COMMANDER", "TITLE", "ON")
        print_columns((row(each, now) for each in found), head)
    else:
        print("no incident is open")
    return int(any(each.status == "active" for each in found))


@incident.command()
@click.argument("id")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def show(options: Options, /, id: str, as_json: bool) -> int:
    """Show one with its timeline."""
    from opsconsole.cli.show import print_json
    from opsconsole.view.incident_text import page_lines

    page, now = _page(options, id)
    if as_json:
        print_json({"schema": "opsconsole.incident/1", "page": page})
    else:
        print("\n".join(page_lines(page, now)))
    return 0


@incident.command()
@click.argument("id")
@click.pass_obj
def export(options: Options, /, id: str) -> int:
    """Print a post-mortem as Markdown: what is known is filled in."""
    from opsconsole.view.incident_text import post_mortem

    print(post_mortem(*_page(options, id)), end="")
    return 0


@incident.command()
@click.argument("id")
@click.argument("text")
@click.pass_obj
def note(options: Options, /, id: str, text: str) -> int:
    """Write a line on its timeline."""
    from opsconsole.model.incident_calls import NoteIncident

    return _tell(options, NoteIncident(id, text))


@incident.command("set")
@click.argument("id")
@click.option(
    "--status", type=click.Choice(("active", "stable")), default=None, help="Where it stands."
)
@click.option("--title", default=None, metavar="TEXT", help="What is wrong.")
@click.option("--severity", type=_SEVERITY, default=None, help="How bad it is.")
@click.option("--commander", default=None, metavar="NAME", help="Who leads.")
@click.option("--summary", default=None, metavar="TEXT", help="What happened and why.")
@click.option("--impact", default=None, metavar="TEXT", help="Who noticed, what did not work.")
@click.option("--link", default=None, metavar="URL", help="One more link.")
@click.option(
    "--on", multiple=True, metavar="REF", help="It is about this host:NAME or service:NAME, too."
)
@click.pass_obj
def set_(options: Options, /, id: str, **given: object) -> int:
    """Change what is given."""
    from opsconsole.model.incident_calls import SetIncident

    return _tell(options, SetIncident(id, **given))  # type: ignore[arg-type]  # click hands in what is declared


@incident.command()
@click.argument("id")
@click.pass_obj
def stable(options: Options, /, id: str) -> int:
    """Say that the harm is over; the work may not be."""
    from opsconsole.model.incident_calls import SetIncident

    return _tell(options, SetIncident(id, status="stable"))


@incident.command()
@click.argument("id")
@click.option("-m", "--summary", default="", metavar="TEXT", help="What happened and why.")
@click.pass_obj
def close(options: Options, /, id: str, summary: str) -> int:
    """Close one."""
    from opsconsole.model.incident_calls import CloseIncident

    return _tell(options, CloseIncident(id, summary))


def _tell(options: Options, call: "AnyCall") -> int:
    from opsconsole.cli.attach import finish, tell

    print(finish(tell(options, call)).text)
    return 0


def _page(options: Options, id: str) -> "tuple[IncidentPage, float]":
    from opsconsole.cli.attach import attached, finish
    from opsconsole.errors import RefusedError
    from opsconsole.model.calls import Episodes, Events, ReadEpisodes, ReadEvents
    from opsconsole.view.incident import page, span_of

    async def ask() -> "tuple[IncidentPage, float]":
        async with attached(options, subscribe=True) as client:
            found = client.snapshot.incidents.get(id)
            if found is None:
                known = ", ".join(client.snapshot.incidents) or "there is none"
                raise RefusedError("unknown-target", f"no incident {id}: {known}")
            now = client.now()
            since, until = span_of(found, now)
            fires = await client.call(ReadEpisodes(since, until), Episodes)
            told = await client.call(ReadEvents(since, until, 5_000), Events)
            runs = client.snapshot.runs.values()
            return page(found, fires.episodes, told.events, runs, now), now

    return finish(ask())
