"""`ack`, `take` and `note`: say on a fire what a person does about it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from opsconsole.cli.options import Options
from opsconsole.errors import RefusedError
from opsconsole.model.alert import Alert

if TYPE_CHECKING:
    from opsconsole.model.calls import AnyCall


@click.command()
@click.argument("fires", nargs=-1, required=True, metavar="FIRE...")
@click.option("-m", "--note", default="", metavar="TEXT", help="Say something with it.")
@click.option("--for", "span", metavar="TIME", help="Until then only: 30m, 2h.")
@click.option(
    "--mirror", is_flag=True, help="Silence them in their Alertmanager while the ack holds."
)
@click.option("--drop", is_flag=True, help="Take the acks back, and their silences with them.")
@click.pass_obj
def ack(
    options: Options,
    /,
    fires: tuple[str, ...],
    note: str,
    span: str | None,
    mirror: bool,
    drop: bool,
) -> int:
    """Say that you have seen fires.

    A FIRE is an episode or fingerprint (its beginning is enough), `host:NAME`, `service:NAME` or an alert's
    name.
    """
    from opsconsole.cli.spans import seconds
    from opsconsole.model.calls import AckAlert

    if drop and (mirror or note or span):
        raise click.UsageError("--drop goes alone")
    length = seconds(span) if span else None

    def call(episodes: tuple[str, ...], now: float) -> "AnyCall":
        return AckAlert(episodes, note, None if length is None else now + length, mirror, drop)

    return _tell(options, fires, call)


@click.command()
@click.argument("fires", nargs=-1, required=True, metavar="FIRE...")
@click.option("--owner", metavar="NAME", help="Give them to somebody else.")
@click.option("--back", is_flag=True, help="Give them back: nobody has them.")
@click.pass_obj
def take(options: Options, /, fires: tuple[str, ...], owner: str | None, back: bool) -> int:
    """Say that you work on fires."""
    from opsconsole.model.calls import TakeAlert

    whose = "" if back else owner
    return _tell(options, fires, lambda episodes, _now: TakeAlert(episodes, whose))


@click.command()
@click.argument("fire", metavar="FIRE")
@click.argument("text")
@click.pass_obj
def note(options: Options, /, fire: str, text: str) -> int:
    """Write a line on a fire."""
    from opsconsole.model.calls import NoteAlert

    return _tell(options, (fire,), lambda episodes, _now: NoteAlert(episodes, text))


def episodes_of(alerts: Mapping[str, Alert], wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Find the episodes that words mean, each once, in the order asked.

    Raises:
        RefusedError: A word means no fire that burns.
    """
    found: dict[str, None] = {}
    for word in wanted:
        hits = [key for key, alert in alerts.items() if alert.is_firing and _is_meant(alert, word)]
        if not hits:
            raise RefusedError("unknown-target", f"no fire {word}; see: opsconsole status")
        found.update(dict.fromkeys(hits))
    return tuple(found)


def one_episode(alerts: Mapping[str, Alert], word: str, targets: tuple[str, ...]) -> str:
    """Find the one episode that a word means; of several, the one on a target.

    Raises:
        RefusedError: It means no fire that burns, or more than one.
    """
    found = episodes_of(alerts, (word,))
    if len(found) > 1:
        names = {target.rpartition(":")[2] for target in targets}
        found = tuple(e for e in found if alerts[e].on.partition(":")[2] in names) or found
    if len(found) > 1:
        ids = ", ".join(f"{alerts[e].episode} on {alerts[e].on}" for e in found[:4])
        raise RefusedError("unknown-target", f"{word} means {len(found)} fires: {ids}")
    return found[0]


def _is_meant(alert: Alert, word: str) -> bool:
    if word in (alert.on, alert.name, alert.episode, alert.fingerprint):
        return True
    return len(word) >= 4 and (alert.episode.startswith(word) or alert.fingerprint.startswith(word))


def _tell(options: Options, fires: tuple[str, ...], make: "MakeCall") -> int:
    from opsconsole.cli.attach import attached, finish
    from opsconsole.cli.settle import settled
    from opsconsole.model.calls import Done

    async def ask() -> Done:
        async with attached(options, subscribe=True) as client:
            await settled(client, 10.0)
            episodes = episodes_of(client.snapshot.alerts, fires)
            return await client.call(make(episodes, client.now()), Done)

    print(finish(ask()).text)
    return 0


if TYPE_CHECKING:
    from collections.abc import Callable

    MakeCall = Callable[[tuple[str, ...], float], AnyCall]
