"""`alerts`: why a fire is as it is, and what burnt before."""

import time
from datetime import datetime

import click

from opsconsole.cli.lazy import HintingGroup
from opsconsole.cli.options import Options
from opsconsole.model.episode import Episode

_JSON = click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")


@click.group(cls=HintingGroup)
def alerts() -> None:
    """Explain fires, or list those that were."""


@alerts.command()
@click.argument("fires", nargs=-1, metavar="[FIRE]...")
@_JSON
@click.pass_obj
def show(options: Options, /, fires: tuple[str, ...], as_json: bool) -> int:
    """Say why each fire is as it is: what held how long, and why it makes noise or not.

    A FIRE is an episode or fingerprint (its beginning is enough), `host:NAME`, `service:NAME` or an alert's
    name; without one, all.
    """
    import msgspec

    from opsconsole.cli.attach import finish
    from opsconsole.cli.fires import episodes_of
    from opsconsole.cli.show import print_json
    from opsconsole.cli.status import look
    from opsconsole.view.naming import bare_name
    from opsconsole.view.triage import fires as in_order
    from opsconsole.view.why import why

    shown, now, _ = finish(look(options, 10.0))
    wanted = set(episodes_of(shown.alerts, fires)) if fires else set(shown.alerts)
    found = [alert for alert in in_order(shown) if alert.episode in wanted]
    if as_json:
        rows = [{**msgspec.to_builtins(one), "why": why(shown, one, now)} for one in found]
        print_json({"schema": "opsconsole.alerts/1", "alerts": rows})
        return 0
    for alert in found:
        print(f"{alert.severity} {alert.name} {bare_name(alert.on)}: {alert.summary}")
        print(f"  {why(shown, alert, now)}")
    return 0


@alerts.command()
@click.option("--since", default="24h", metavar="TIME", help="How far back: 90m, 7d.")
@click.option("--on", "target", default="", metavar="TARGET", help="host:NAME or service:NAME.")
@click.option("-n", "--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
@_JSON
@click.pass_obj
def history(options: Options, /, since: str, target: str, limit: int, as_json: bool) -> int:
    """List the fires that burnt lately, newest last, with who had them and how long they took."""
    from opsconsole.cli.attach import attached, finish
    from opsconsole.cli.show import print_columns, print_json
    from opsconsole.cli.spans import seconds
    from opsconsole.model.calls import Episodes, ReadEpisodes

    async def ask() -> Episodes:
        async with attached(options) as client:
            now = time.time()
            call = ReadEpisodes(now - seconds(since), now + 60, target, limit)
            return await client.call(call, Episodes)

    found = finish(ask()).episodes[::-1]
    if as_json:
        print_json({"schema": "opsconsole.episodes/1", "episodes": found})
        return 0
    print_columns(_row(one) for one in found)
    return 0


def _row(one: Episode) -> tuple[str, ...]:
    from opsconsole.view.format import age

    fired = datetime.fromtimestamp(one.fired_at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    took = age(one.resolved_at - one.fired_at) if one.resolved_at is not None else "burns"
    acked = f"acked after {age(one.acked_at - one.fired_at)}" if one.acked_at is not None else ""
    return (
        fired,
        str(one.severity),
        one.name,
        one.on,
        took,
        one.owner or "nobody",
        acked or one.summary,
    )
