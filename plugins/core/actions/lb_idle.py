"""Whether a load balancer still sends connections to a host: what drain and undrain wait for."""

from dataclasses import dataclass

from opsconsole.actions.api import Ctx, Host, Outcome, Param, Plugin

plugin = Plugin("core")


@dataclass(frozen=True)
class Params:
    """Which pool, and how many may be left."""

    pool: str = Param("${service.labels.lb_pool}", title="Pool", pattern="[A-Za-z0-9_.:-]{1,100}")
    left: int = Param("3", title="At most", min=0, max=10_000)


@plugin.action(
    "lb-idle",
    title="Connections behind the load balancer",
    scope="host",
    effect="read",
    idempotent=True,
    match='has(service.labels, "lb_pool") or host',
    needs=["http:lb"],
    timeout="20s",
)
async def lb_idle(ctx: Ctx, host: Host, p: Params) -> Outcome:
    """Ask for the member; its `connections` are compared."""
    answer = await ctx.http.lb.get(["pools", p.pool, "members", host.name], step="member")
    member = answer.json()
    count = member.get("connections") if isinstance(member, dict) else None
    if not isinstance(count, int):
        return Outcome.failed("the load balancer does not say how many connections there are")
    if count > p.left:
        return Outcome.failed(f"{count} connections")
    return Outcome.unchanged(f"{count} connections")
