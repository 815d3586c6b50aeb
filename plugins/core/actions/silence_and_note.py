"""Silences the fire one stands on at its Alertmanager, for a while and with a reason."""

from dataclasses import dataclass
from datetime import UTC, datetime

from opsconsole.actions.api import Ctx, Duration, Host, Outcome, Param, Plugin

plugin = Plugin("core")

WHERE = ("host", "instance", "node", "nodename", "service", "job")
"""One of these must be among the matchers: a silence is about one place."""


@dataclass(frozen=True)
class Params:
    """How long, and why."""

    why: str = Param(title="Why", help="shown to everybody who sees the silence")
    link: str | None = Param(
        title="Link", help="a ticket", required=False, pattern="https?://[!-~]{3,200}"
    )
    span: Duration = Param("1h", title="For", min="5m", max="4h")


@plugin.action(
    "silence-and-note",
    title="Silence this fire",
    scope="host",
    arity="one",
    effect="write",
    idempotent=True,
    match='has(alert.labels, "alertname") and alert.source != "rules"',
    needs=["http:alertmanager"],
    keys="z",
    timeout="30s",
)
async def silence_and_note(ctx: Ctx, host: Host, p: Params) -> Outcome:
    """Post a silence with the fire's own labels; it ends by itself."""
    if ctx.alert is None:
        return Outcome.failed("there is no fire to silence: stand on one")
    labels = {name: str(value) for name, value in ctx.alert.labels.items() if name != "severity"}
    if not any(name in labels for name in WHERE):
        return Outcome.failed(f"the fire names no {', '.join(WHERE[:4])} or service")
    body = {
        "matchers": [
            {"name": name, "value": value, "isRegex": False, "isEqual": True}
            for name, value in sorted(labels.items())
        ],
        "startsAt": _iso(ctx.now),
        "endsAt": _iso(ctx.now + p.span),
        "createdBy": f"opsconsole {ctx.run_id}",
        "comment": f"{p.why} {p.link or ''}".strip(),
    }
    answer = await ctx.http.alertmanager.post("/api/v2/silences", json=body, step="silence")
    made = answer.json()
    name = made.get("silenceID", "") if isinstance(made, dict) else ""
    ctx.log.info(f"{host.name}: silence {name} to {_iso(ctx.now + p.span)}")
    return Outcome.changed(after=f"silenced to {_iso(ctx.now + p.span)}")


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
