"""`journal`: what a run's journal says, and whether it is whole; reads the files, no engine is needed."""

import click

from opsconsole.cli.lazy import HintingGroup
from opsconsole.cli.options import Options


@click.group(cls=HintingGroup)
def journal() -> None:
    """Show, verify or export the journals of runs; no engine is needed."""


@journal.command()
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--all", "every", is_flag=True, help="Every journal of this engine.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def verify(options: Options, /, run_id: str | None, every: bool, as_json: bool) -> int:
    """Prove that no line was changed, left out or added; names the first that is wrong."""
    from opsconsole.cli.exits import Exit
    from opsconsole.cli.show import print_columns, print_json
    from opsconsole.runs.inspection import find_folder, verify, verify_all

    if (run_id is None) is not every:
        raise click.UsageError("name a RUN, or say --all")
    runs = options.place(create=False).runs
    found = verify_all(runs) if run_id is None else (verify(find_folder(runs, run_id)),)
    if as_json:
        print_json({"schema": "opsconsole.verified/1", "journals": found})
    else:
        print_columns(
            (one.run, "whole" if one.ok else "BROKEN", f"{one.lines} lines", one.ended,
             one.problem or one.note, f"head {one.head[:16]}" if one.ok else "")
            for one in found
        )  # fmt: skip
    return Exit.DONE if all(one.ok for one in found) else Exit.FAILED


@journal.command()
@click.argument("run_id", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="Print its lines as JSON.")
@click.pass_obj
def show(options: Options, /, run_id: str, as_json: bool) -> int:
    """Print a journal, one line a record."""
    from opsconsole.cli.exits import Exit
    from opsconsole.cli.show import print_json
    from opsconsole.runs.chain import read_chain
    from opsconsole.runs.inspection import find_folder, show

    place = find_folder(options.place(create=False).runs, run_id)
    if as_json:
        lines = [entry.fields for entry in read_chain(place).entries]
        print_json({"schema": "opsconsole.journal-lines/1", "run": run_id, "lines": lines})
        return Exit.DONE
    for line in show(place):
        print(line)
    return Exit.DONE


@journal.command()
@click.argument("run_id", metavar="RUN")
@click.option("--json", "_as_json", is_flag=True, help="An export always is one JSON document.")
@click.pass_obj
def export(options: Options, /, run_id: str, _as_json: bool) -> int:
    """Print all of a run as one JSON document: plan, lines, output, and whether it is whole."""
    from opsconsole.cli.exits import Exit
    from opsconsole.cli.show import print_json
    from opsconsole.runs.inspection import export, find_folder

    document = export(find_folder(options.place(create=False).runs, run_id))
    print_json(document)
    is_whole = getattr(document["verified"], "ok", False)
    return Exit.DONE if is_whole else Exit.FAILED
