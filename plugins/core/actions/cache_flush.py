"""Removes keys of a redis by their prefix, page by page; the plan counts them."""

from dataclasses import dataclass

from opsconsole.actions.api import Ctx, Host, Outcome, Param, Plugin, Port

plugin = Plugin("core")

COOL_DOWN = 600.0
"""Seconds between two flushes of one host."""
COUNT = 'redis-cli -p "$1" --scan --pattern "$2" | wc -l'
FLUSH = """\
redis-cli -p "$1" --scan --pattern "$2" | tr '\\n' '\\000' |
  xargs -0 -r -n 500 redis-cli -p "$1" UNLINK | awk '{ n += $NF } END { print n + 0 }'
"""
HITS = """\
redis-cli -p "$1" INFO stats | tr -d '\\r' | awk -F: '
  $1 == "keyspace_hits" { h = $2 } $1 == "keyspace_misses" { m = $2 }
  END { if (h + m == 0) print "none"; else printf "%.1f%%\\n", 100 * h / (h + m) }'
"""


@dataclass(frozen=True)
class Params:
    """Which keys."""

    pattern: str = Param(
        title="Keys",
        help="begins with at least three plain characters: session:*",
        pattern=r"[A-Za-z0-9_:.-]{3,}[!-~]{0,200}",
    )
    port: Port = Param("6379", title="Port")
    most: int = Param("100000", title="At most so many keys", min=1, max=10_000_000)


@plugin.action(
    "cache-flush",
    title="Flush keys of a cache",
    scope="host",
    effect="destructive",
    idempotent=True,
    match='alert.name in ["CacheStale", "RedisMemory"] or host.labels.role == "cache"',
    needs=["ssh"],
    confirm="typed",
    max_parallel=1,
    stop_on_failure=True,
    timeout="5m",
)
async def cache_flush(ctx: Ctx, host: Host, p: Params) -> Outcome:
    """Count, refuse what is too many or too soon, then UNLINK in pages; never KEYS, never FLUSHALL."""
    for past in ctx.history():
        if ctx.now - past.at < COOL_DOWN and past.state == "changed":
            left = COOL_DOWN - (ctx.now - past.at)
            return Outcome.failed(f"flushed {ctx.now - past.at:.0f} s ago; wait {left:.0f} s more")
    argument = [str(p.port), p.pattern]
    counted = await ctx.ssh.read(["sh", "-c", COUNT, "count", *argument], step="count")
    before = await ctx.ssh.read(["sh", "-c", HITS, "hits", str(p.port)], step="hits")
    count = int(counted.text) if counted.text.strip().isdecimal() else -1
    if count < 0 or count > p.most:
        return Outcome.failed(f"{counted.text.strip()[:40]} keys: more than {p.most}, or no number")
    if count == 0:
        return Outcome.unchanged("no such keys")
    flushed = await ctx.ssh.write(
        ["sh", "-c", FLUSH, "flush", *argument], step="unlink", timeout=240.0
    )
    return Outcome.changed(
        before=f"{count} keys, {before.text} hits", after=f"{flushed.text} unlinked"
    )
