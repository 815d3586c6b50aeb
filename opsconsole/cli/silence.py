"""`silence`: look before, make, extend, change and end silences of an Alertmanager cluster."""

from typing import TYPE_CHECKING

import click

from opsconsole.cli.exits import Exit
from opsconsole.cli.lazy import HintingGroup
from opsconsole.cli.options import Options
from opsconsole.errors import RefusedError

if TYPE_CHECKING:
    from opsconsole.model.silence import Silence, SilenceDraft, SilenceEffect
    from opsconsole.model.snapshot import Snapshot
    from opsconsole.rpc.client import Client

_DURATION = "2h"


@click.group(cls=HintingGroup)
def silence() -> None:
    """Silences: what they would hide is said first; they always end, and always say why."""


_matchers = click.argument("matchers", nargs=-1, metavar="MATCHER...")
_source = click.option(
    "--source", default="", metavar="NAME", help="Which Alertmanager, where there are several."
)
_comment = click.option(
    "-m", "--comment", default="", metavar="TEXT", help="Why; the next one on call reads it."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
_confirm = click.option(
    "--confirm", default="", metavar="TEXT", help="Type back what the preview expects."
)
_yes = click.option("--yes", is_flag=True, help="Do it; without, only the preview is printed.")


@silence.command()
@_matchers
@click.option("--fire", metavar="FIRE", help="Suggest matchers from one fire, named as for ack.")
@click.option(
    "--for", "span", default=_DURATION, show_default=True, metavar="TIME", help="How long: 30m, 2h."
)
@_comment
@_source
@_yes
@_confirm
@_json
@click.pass_obj
def add(  # one argument for each option
    options: Options,
    /,
    matchers: tuple[str, ...],
    fire: str | None,
    span: str,
    comment: str,
    source: str,
    yes: bool,
    confirm: str,
    as_json: bool,
) -> int:
    """Silence what MATCHERs mean: alertname="HighLoad" instance=~"web-.*".

    Without --yes it only says what would be hidden now, in the last 24 hours, and by whom some of it is already.
    """
    from opsconsole.cli.spans import seconds
    from opsconsole.model.silence import SilenceDraft
    from opsconsole.query.matchers import parse_matchers

    typed = parse_matchers(" ".join(matchers)) if matchers else ()
    draft = SilenceDraft(source, typed, seconds(span), comment)
    return _do(options, draft, fire=fire, yes=yes, confirm=confirm, as_json=as_json)


@silence.command()
@click.argument("id")
@click.option(
    "--by", "span", default="1h", show_default=True, metavar="TIME", help="So much longer."
)
@_confirm
@_json
@click.pass_obj
def extend(options: Options, /, id: str, span: str, confirm: str, as_json: bool) -> int:
    """Let a silence end later: counted from its own end, so that it never gets shorter."""
    from opsconsole.cli.spans import seconds
    from opsconsole.model.silence import SilenceDraft

    draft = SilenceDraft("", (), seconds(span), "", id=id)
    return _do(options, draft, fire=None, yes=True, confirm=confirm, as_json=as_json)


@silence.command()
@click.argument("id")
@_matchers
@click.option(
    "--for", "span", default=_DURATION, show_default=True, metavar="TIME", help="From now on."
)
@_comment
@_yes
@_confirm
@_json
@click.pass_obj
def edit(
    options: Options,
    /,
    id: str,
    matchers: tuple[str, ...],
    span: str,
    comment: str,
    yes: bool,
    confirm: str,
    as_json: bool,
) -> int:
    """Change a silence's matchers, comment or end; other matchers make a new one and end the old."""
    from opsconsole.cli.spans import seconds
    from opsconsole.model.silence import SilenceDraft
    from opsconsole.query.matchers import parse_matchers

    typed = parse_matchers(" ".join(matchers)) if matchers else ()
    draft = SilenceDraft("", typed, seconds(span), comment, id=id)
    return _do(options, draft, fire=None, yes=yes, confirm=confirm, as_json=as_json)


@silence.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.pass_obj
def expire(options: Options, /, ids: tuple[str, ...]) -> int:
    """End silences now; the beginning of an id is enough."""
    from opsconsole.cli.attach import attached, finish
    from opsconsole.model.alert_calls import ExpireSilence
    from opsconsole.model.calls import Done

    async def ask() -> Done:
        async with attached(options, subscribe=True) as client:
            await _known(client)
            return await client.call(ExpireSilence(ids), Done)

    print(finish(ask()).text)
    return 0


@silence.command("list")
@click.option("--all", "every", is_flag=True, help="Also those that ended lately.")
@_json
@click.pass_obj
def list_(options: Options, /, every: bool, as_json: bool) -> int:
    """List silences, the one that ends first on top, with what each hides now."""
    from opsconsole.cli.attach import attached, finish
    from opsconsole.cli.show import print_columns, print_json
    from opsconsole.view.silences import HEAD, hidden_by, rows

    async def look() -> "tuple[Snapshot, float]":
        async with attached(options, subscribe=True) as client:
            await _known(client)
            return client.snapshot, client.now()

    snapshot, now = finish(look())
    found = sorted(
        (each for each in snapshot.silences.values() if every or each.state != "expired"),
        key=lambda each: each.ends,
    )
    if as_json:
        document = [_document(each, hidden_by(snapshot, each.id)) for each in found]
        print_json({"schema": "opsconsole.silences/1", "silences": document})
    elif found:
        print_columns(rows(snapshot, found, now), HEAD)
    else:
        print("nothing is silenced")
    return 0


def _do(
    options: Options,
    draft: "SilenceDraft",
    *,
    fire: str | None,
    yes: bool,
    confirm: str,
    as_json: bool,
) -> int:
    from opsconsole.cli.attach import attached, finish
    from opsconsole.cli.show import print_json
    from opsconsole.model.alert_calls import MakeSilence, PreviewSilence, SilenceMade
    from opsconsole.model.silence import SilenceEffect
    from opsconsole.view.silences import effect_lines

    async def ask() -> "tuple[SilenceEffect, SilenceMade | None]":
        async with attached(options, subscribe=True) as client:
            await _known(client)
            wanted = draft if fire is None else _from_fire(draft, fire, client.snapshot)
            effect = await client.call(PreviewSilence(wanted, ask=True), SilenceEffect)
            if not yes:
                return effect, None
            call = MakeSilence(effect.draft, effect.hash, confirm)
            return effect, await client.call(call, SilenceMade)

    effect, made = finish(ask())
    if as_json:
        print_json({"schema": "opsconsole.silence/1", "effect": effect, "made": made})
        return 0
    for line in effect_lines(effect):
        print(line)
    print(made.text if made else effect.refusal or f"nothing was made; add --yes{_needs(effect)}")
    return Exit.DONE if made or not effect.refusal else Exit.REFUSED


def _needs(effect: "SilenceEffect") -> str:
    return f" --confirm {effect.expect}" if effect.expect else ""


def _from_fire(draft: "SilenceDraft", fire: str, snapshot: "Snapshot") -> "SilenceDraft":
    from msgspec.structs import replace

    from opsconsole.alerting.silencing import suggested
    from opsconsole.cli.fires import one_episode

    alert = snapshot.alerts[one_episode(snapshot.alerts, fire, ())]
    if alert.source == "rules":
        raise RefusedError(
            "capability", f"{alert.name} is our own rule: no Alertmanager knows it; ack it instead"
        )
    return replace(
        draft,
        matchers=(*suggested(alert), *draft.matchers),
        source=draft.source or alert.source.partition(",")[0],
    )


def _document(silence: "Silence", hides: int) -> dict[str, object]:
    return {
        "id": silence.id,
        "source": silence.source,
        "matchers": [{"name": m.name, "op": m.op, "value": m.value} for m in silence.matchers],
        "starts": silence.starts,
        "ends": silence.ends,
        "author": silence.author,
        "comment": silence.comment,
        "state": silence.state,
        "hides": hides,
    }


async def _known(client: "Client") -> None:
    """Wait until the lists were read: an engine that just came up knows of no silence yet."""
    from opsconsole.cli.settle import settled

    await settled(client, 10.0)
