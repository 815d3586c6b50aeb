"""What was installed or deployed lately: package logs, a git checkout, and our own runs, on one timeline."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from opsconsole.actions.api import Ctx, Host, Outcome, Param, Path, Plugin, Result

plugin = Plugin("core")

BEFORE = 1_800.0
"""Seconds before a fire in which a change is suspected."""
_DPKG = re.compile(
    r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\S*) (install|upgrade|remove) (\S+) (\S+) (\S+)"
)
_RPM = re.compile(r"(\S+)\s+\w{3} (.+)")
_ZONE = re.compile(r"([+-])(\d\d)(\d\d)")


class Change(NamedTuple):
    """One line of the timeline."""

    at: float
    what: str
    who: str


@dataclass(frozen=True)
class Params:
    """What to look through."""

    path: Path | None = Param(title="Git checkout", required=False)
    count: int = Param("30", title="How many", min=1, max=200)


@plugin.action(
    "recent-deploys",
    title="What changed lately",
    scope="host",
    effect="read",
    idempotent=True,
    match="host or service",
    needs=["ssh", "events"],
    timeout="40s",
    keys="p",
    output="table",
)
async def recent_deploys(ctx: Ctx, host: Host, p: Params) -> Outcome:
    """Merge package logs, git history and what this console did, newest first."""
    zone = await _zone(ctx)
    changes = [Change(e.at, e.text, e.actor) for e in await ctx.events(ctx.now - 7 * 86_400)]
    changes += await _packages(ctx, zone)
    if p.path is not None:
        changes += await _commits(ctx, p.path)
    changes.sort(key=lambda change: -change.at)
    since = ctx.alert.since if ctx.alert is not None else None
    rows = [_row(change, ctx.now, since) for change in changes[: p.count]]
    ctx.table(rows, ("WHEN", "AGO", "WHO", "WHAT", ""))
    suspects = sum(1 for row in rows if row[-1])
    said = f"{len(changes)} changes"
    return Outcome.unchanged(f"{said}, {suspects} shortly before the fire" if suspects else said)


async def _zone(ctx: Ctx) -> timezone:
    """Package logs are in the host's local time."""
    answer = await ctx.ssh.read(["date", "+%z"], ok=range(256))
    found = _ZONE.fullmatch(answer.text.strip())
    if found is None:
        return UTC
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-offset if found[1] == "-" else offset)


async def _packages(ctx: Ctx, zone: timezone) -> list[Change]:
    logs = ["/var/log/dpkg.log", "/var/log/dpkg.log.1"]
    dpkg = await ctx.ssh.read(
        ["zgrep", "-hE", " (install|upgrade|remove) ", *logs], step="dpkg", ok=range(256)
    )
    if dpkg.lines:
        return list(_dpkg_lines(dpkg.lines, zone))
    rpm = await ctx.ssh.read(["rpm", "-qa", "--last"], step="rpm", ok=range(256))
    return list(_rpm_lines(rpm, zone))


def _dpkg_lines(lines: Sequence[str], zone: timezone) -> Iterator[Change]:
    for line in lines:
        found = _DPKG.match(line)
        at = _iso(found[1], zone) if found else None
        if found and at is not None:
            old, new = found[4], found[5]
            versions = new if old == "<none>" else f"{old} → {new}"
            yield Change(at, f"{found[2]} {found[3]} {versions}", "dpkg")


def _iso(text: str, zone: timezone) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()


def _rpm_lines(answer: Result, zone: timezone) -> Iterator[Change]:
    """`bash-5.1-2.el9.x86_64    Sun 22 Nov 2026 03:01:12 AM UTC`, newest first (rpm(8))."""
    for line in answer.lines[:200]:
        found = _RPM.match(line)
        at = _rpm_time(found[2], zone) if found else None
        if found and at is not None:
            yield Change(at, f"install {found[1]}", "rpm")


def _rpm_time(text: str, zone: timezone) -> float | None:
    words = text.rsplit(" ", 1)[0]
    for shape in ("%d %b %Y %I:%M:%S %p", "%d %b %Y %H:%M:%S"):
        try:
            return datetime.strptime(words, shape).replace(tzinfo=zone).timestamp()
        except ValueError:
            continue
    return None


async def _commits(ctx: Ctx, path: str) -> list[Change]:
    answer = await ctx.ssh.read(
        ["git", "-C", path, "log", "-5", "--format=%h%x09%cI%x09%s"], ok=range(256)
    )
    changes = []
    for line in answer.lines:
        commit, _, rest = line.partition("\t")
        when, _, subject = rest.partition("\t")
        at = _iso(when, UTC)
        if at is not None:
            changes.append(Change(at, f"commit {commit} {subject}", "git"))
    return changes


def _row(change: Change, now: float, since: float | None) -> tuple[str, str, str, str, str]:
    moment = datetime.fromtimestamp(change.at, UTC)
    suspected = since is not None and since - BEFORE <= change.at <= since
    mark = f"LIKELY: {_ago((since or 0) - change.at)} before the fire" if suspected else ""
    return f"{moment:%d %b %H:%M}Z", _ago(now - change.at), change.who, change.what, mark


def _ago(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds / size:.0f}{unit}"
    return f"{max(0.0, seconds):.0f}s"
