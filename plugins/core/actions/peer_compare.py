"""Where a host is not as its peers: packages, units, kernel, settings; the majority is what is usual."""

from collections import Counter
from collections.abc import Mapping

from opsconsole.actions.api import Ctx, Host, Outcome, Plugin

plugin = Plugin("core")

ANY = tuple(range(256))
ASPECTS: Mapping[str, str] = {
    "kernel": "uname -r",
    "packages": "{ dpkg-query -W 2>/dev/null || rpm -qa 2>/dev/null | sort; } | sha256sum",
    "units": 'cat "${OPSC_ROOT:-}"/etc/systemd/system/*.service 2>/dev/null | sha256sum',
    "sysctl": 'cat "${OPSC_ROOT:-}"/etc/sysctl.conf "${OPSC_ROOT:-}"/etc/sysctl.d/*.conf 2>/dev/null | sha256sum',
    "mounts": "awk '{ print $2, $3 }' \"${OPSC_ROOT:-}/proc/self/mounts\" 2>/dev/null | sort | sha256sum",
    "resolver": 'cat "${OPSC_ROOT:-}/etc/resolv.conf" 2>/dev/null | sha256sum',
}
"""What is compared, and the constant script that says it in one line."""
PATIENCE = 20.0
"""Seconds to wait for the others of the run."""
Digests = Mapping[str, str]


@plugin.action(
    "peer-compare",
    title="Where a host differs from its peers",
    scope="host",
    effect="read",
    idempotent=True,
    match="host or service",
    needs=["ssh"],
    timeout="90s",
    keys="q",
    max_parallel=32,
    max_targets=32,
    output="table",
)
async def peer_compare(ctx: Ctx, host: Host) -> Outcome:
    """Say what this host is, wait for the others of the run, and hold it against the majority."""
    answers = {
        name: await ctx.ssh.read(["sh", "-c", script], step=name, ok=ANY, timeout=20.0)
        for name, script in ASPECTS.items()
    }
    mine = {name: (answer.text.split() or ["-"])[0][:16] for name, answer in answers.items()}
    await ctx.cache.put(f"peers {host.name}", {"run": ctx.run_id, "digests": mine})
    told = await _others(ctx)
    if len(told) < 3:
        return Outcome.unchanged("fewer than three hosts: there is no majority to compare with")
    rows = _differences(mine, told)
    if rows:
        ctx.table(rows, ("ASPECT", "HERE", "USUAL", "AT"))
        return Outcome.unchanged(f"differs in {', '.join(row[0] for row in rows)}")
    return Outcome.unchanged(f"as most of {len(told)}")


def _differences(mine: Digests, told: Mapping[str, Digests]) -> list[tuple[str, str, str, str]]:
    rows = []
    for name, value in mine.items():
        usual, count = Counter(each.get(name, "-") for each in told.values()).most_common(1)[0]
        if value != usual:
            rows.append((name, value, usual, f"{count} of {len(told)}"))
    return rows


async def _others(ctx: Ctx) -> Mapping[str, Digests]:
    """Give what each host of this run said; one that does not come in time is left out."""
    told: dict[str, Digests] = {}
    async for tick in ctx.until(PATIENCE, every=0.5):
        told = {name: found for name in ctx.targets if (found := await _said(ctx, name))}
        if len(told) == len(ctx.targets):
            break
        tick.note(f"{len(told)} of {len(ctx.targets)} hosts have answered")
    return told


async def _said(ctx: Ctx, name: str) -> Digests | None:
    found = await ctx.cache.get(f"peers {name}")
    if not isinstance(found, dict) or found.get("run") != ctx.run_id:
        return None
    digests = found.get("digests")
    return digests if isinstance(digests, dict) else None
