"""`blast`: what would go with a host or a service."""

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from opsconsole.cli.complete import targets
from opsconsole.cli.options import Options
from opsconsole.errors import RefusedError
from opsconsole.model.snapshot import Snapshot

if TYPE_CHECKING:
    from opsconsole.view.blast import Blast


@click.command()
@click.argument("target", metavar="TARGET", shell_complete=targets)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def blast(options: Options, /, target: str, as_json: bool) -> int:
    """Say what would be down, weaker or unseen without a host or service, by the declared edges."""
    from opsconsole.cli.attach import finish
    from opsconsole.cli.show import print_columns, print_json
    from opsconsole.cli.status import look
    from opsconsole.view.blast import blast as follow
    from opsconsole.view.blast import blast_words

    snapshot, _now, _me = finish(look(options, 10.0))
    found = follow(snapshot, _reference(target, snapshot))
    if as_json:
        print_json({"schema": "opsconsole.blast/1", **_document(found)})
        return 0
    print(blast_words(found))
    print_columns(
        (str(hit.harm), hit.on, f"{hit.left}/{hit.carriers}" if hit.carriers else "", f"by {hit.through}")
        for hit in found.hits
    )  # fmt: skip
    return 0


def _reference(target: str, snapshot: Snapshot) -> str:
    """Read `host:NAME`, `service:NAME`, or a bare name that only one of them has.

    Raises:
        RefusedError: There is no such object.
    """
    known = [f"host:{name}" for name in snapshot.hosts]
    known += [f"service:{name}" for name in snapshot.services]
    hits = [each for each in known if target in (each, each.partition(":")[2])]
    if len(hits) == 1:
        return hits[0]
    if hits:
        raise RefusedError("unknown-target", f"{target} is {' and '.join(hits)}; say which")
    near = difflib.get_close_matches(target, known, 1)
    meant = f"; did you mean {near[0]}?" if near else ""
    raise RefusedError("unknown-target", f"no host or service {target}{meant}")


def _document(found: "Blast") -> Mapping[str, object]:
    return {
        "on": found.on,
        "teams": found.teams,
        "hits": [
            {
                "on": hit.on,
                "harm": str(hit.harm),
                "through": hit.through,
                "carriers": hit.carriers,
                "left": hit.left,
                "firing": hit.firing,
            }
            for hit in found.hits
        ],
    }
