"""A bundle of diagnostics of one host, kept with the run: what it looked like before it was changed."""

import hashlib
import io
import re
import tarfile
from dataclasses import dataclass

from opsconsole.actions.api import ActionError, Ctx, Host, Outcome, Param, Plugin, Result, Unit

plugin = Plugin("core")

LIMIT = 50 << 20
"""Bytes of all of it."""
COMMANDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("uptime", ("uptime",)),
    ("ps", ("ps", "-eo", "pid,ppid,user,lstart,pcpu,pmem,rss,stat,args")),
    ("vmstat", ("vmstat", "1", "5")),
    ("iostat", ("iostat", "-xz", "1", "3")),
    ("sockets", ("ss", "-s")),
    ("dmesg", ("dmesg", "-T", "--level=err,warn")),
    ("journal", ("journalctl", "-p", "3", "--since", "-1h", "--no-pager", "-o", "short-iso")),
    ("df", ("df", "-PT")),
    ("inodes", ("df", "-Pi")),
    ("free", ("free", "-m")),
    (
        "units",
        ("systemctl", "list-units", "--state=failed", "--plain", "--no-legend", "--no-pager"),
    ),
    (
        "config",
        ("sha256sum", "--", "/etc/passwd", "/etc/fstab", "/etc/resolv.conf", "/etc/sysctl.conf"),
    ),
)
"""File name and argument list; a tool that is not there leaves a file that says so."""
ANY = tuple(range(256))
HUSH = re.compile(rb"(?i)((?:pass|passwd|password|token|secret|api[-_]?key)[=: ])[^\s]+")
"""What people put on command lines and should not."""


@dataclass(frozen=True)
class Params:
    """What of the host is of interest beside the usual."""

    unit: Unit | None = Param(title="Unit", required=False, choices_from="core.list-units")


@plugin.action(
    "diag-bundle",
    title="Bundle of diagnostics",
    scope="host",
    effect="read",
    idempotent=True,
    match="host or service",
    needs=["ssh"],
    timeout="60s",
    keys="D",
    max_parallel=4,
)
async def diag_bundle(ctx: Ctx, host: Host, p: Params) -> Outcome:
    """Ask for everything, then pack what came, with a manifest of hashes."""
    asked = list(COMMANDS)
    if p.unit is not None:
        asked.append(("unit", ("systemctl", "status", "--no-pager", "-n", "100", "--", p.unit)))
    answers: list[tuple[str, Result | str]] = []
    for name, argv in asked:
        answers.append((name, await _ask(ctx, name, argv)))
    files = {f"{name}.txt": _text(answer) for name, answer in answers}
    content = _pack(host.name, files, ctx.now)
    await ctx.artifact("bundle.tar.gz", content)
    return Outcome.unchanged(f"{len(files)} files, {len(content)} bytes")


async def _ask(ctx: Ctx, name: str, argv: tuple[str, ...]) -> Result | str:
    """One that fails is a line in the bundle; the host may be in a bad way already."""
    try:
        return await ctx.ssh.read(argv, step=name, ok=ANY, timeout=15.0)
    except ActionError as error:
        return str(error)


def _text(answer: Result | str) -> bytes:
    if isinstance(answer, str):
        return f"{answer}\n".encode()
    tail = f"\n--- exit {answer.code}\n{answer.stderr}" if answer.code or answer.stderr else ""
    return HUSH.sub(rb"\1***", answer.data + tail.encode())


def _pack(host: str, files: dict[str, bytes], now: float) -> bytes:
    manifest = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items()
    )
    if sum(map(len, files.values())) > LIMIT:
        raise ActionError("diag-bundle", f"it is more than {LIMIT >> 20} MiB")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in {"SHA256SUMS": manifest.encode(), **files}.items():
            entry = tarfile.TarInfo(f"{host}/{name}")
            entry.size, entry.mtime, entry.mode = len(content), int(now), 0o600
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
