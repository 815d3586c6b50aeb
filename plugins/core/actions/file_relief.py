"""Deletes old files below a path: exactly those that the plan showed, each only as it was seen."""

import hashlib
from dataclasses import dataclass

from opsconsole.actions.api import Ctx, Host, Outcome, Param, Path, Plugin

plugin = Plugin("core")

ROOTS = ("/var/log", "/var/tmp", "/tmp", "/var/cache", "/var/spool", "/srv", "/data", "/backup")  # noqa: S108
MOST = 10_000
FIND = 'find "${OPSC_ROOT:-}$1" -xdev -type f -mtime "+$2" -name "$3" -printf "%s %i %T@ %P\\\\0"'
REMOVE = """\
cd -- "${OPSC_ROOT:-}$1" || exit 66
exec xargs -0 -r -n 3 sh -c '
  if [ "$(find "./$3" -maxdepth 0 -type f -printf "%i %T@" 2>/dev/null)" = "$1 $2" ]; then
    rm -f -- "./$3" && echo removed
  else
    echo "left alone, it changed: $3"
  fi' remove
"""
"""Reads inode, time and name, each ended by NUL."""


@dataclass(frozen=True)
class Params:
    """Which files."""

    path: Path = Param("${alert.labels.mount}|/var/log", title="Below", under=ROOTS)
    days: int = Param("30", title="Older than, days", min=1, max=3650)
    name: str = Param("*.gz", title="Name", pattern=r"(?=.*[A-Za-z0-9])[A-Za-z0-9_.*?-]{1,100}")
    frozen: str | None = Param(
        title="The list", help="as the plan says it: nothing else is deleted", required=False,
        pattern="[0-9]{1,18}-[0-9a-f]{12}",
    )  # fmt: skip


@plugin.action(
    "file-capacity-relief",
    title="Delete old files",
    scope="host",
    arity="one",
    effect="destructive",
    idempotent=True,
    match='alert.name in ["FsSpace", "FsInodes", "FsFillingUp", "DiskWillFill"] or host',
    needs=["ssh"],
    confirm="typed",
    timeout="10m",
)
async def file_capacity_relief(ctx: Ctx, host: Host, p: Params) -> Outcome:
    """List; only with the list's own name, which holds its bytes, is exactly that list deleted."""
    argument = [p.path, str(p.days), p.name]
    listed = await ctx.ssh.read(
        ["sh", "-c", FIND, "list", *argument], step="list", timeout=120.0, max_output=8 << 20
    )
    files = [entry.split(b" ", 3) for entry in listed.data.split(b"\0") if entry.count(b" ") >= 3]
    if len(files) > MOST:
        return Outcome.failed(f"more than {MOST} files: choose less")
    if not files:
        return Outcome.unchanged("no such files")
    total = sum(int(size) for size, *_ in files)
    digest = hashlib.sha256(b"\0".join(b" ".join(entry) for entry in sorted(files))).hexdigest()
    name = f"{total}-{digest[:12]}"
    ctx.table(
        [(size.decode(), path.decode("utf-8", "replace")) for size, _, _, path in files[:200]],
        ("BYTES", "FILE"),
    )
    if p.frozen != name:
        said = f"{len(files)} files, {total} bytes below {p.path}; to delete exactly these: frozen={name}"
        return Outcome.failed(said if p.frozen is None else f"the files are others now: {said}")
    content = b"".join(b"\0".join((inode, at, path)) + b"\0" for _, inode, at, path in files)
    removed = await ctx.ssh.write(
        ["sh", "-c", REMOVE, "remove", p.path],
        step="remove",
        stdin=content,
        timeout=480.0,
        show=False,
    )
    gone = sum(1 for line in removed.lines if line == "removed")
    kept = len(files) - gone
    ctx.log.info(f"{host.name}: {gone} of {len(files)} files, {kept} left alone")
    return Outcome.changed(before=f"{len(files)} files", after=f"{gone} deleted")
