"""Doctor's look at this machine: agent, state folder, engine, what systemd does to it after logout."""

import os
import re
import socket
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from opsconsole import __version__
from opsconsole.cli.findings import Finding, bad, note, ok, warning
from opsconsole.cli.options import Options
from opsconsole.errors import OpsConsoleError

_ASK_IDENTITIES = b"\x00\x00\x00\x01\x0b"
"""SSH_AGENTC_REQUEST_IDENTITIES (draft-miller-ssh-agent, 3.5)."""
_IDENTITIES = 12
_KILL = re.compile(r"^\s*KillUserProcesses\s*=\s*(\w+)", re.MULTILINE)


def look_at_agent(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Ask the SSH agent of this login for its keys."""
    path = environ.get("SSH_AUTH_SOCK")
    if not path:
        fix = (
            'eval "$(ssh-agent)" and ssh-add, or log in with ssh -A, or name identity: in the file'
        )
        yield note("agent", "SSH_AUTH_SOCK is not set: only key files are used", fix)
        return
    try:
        count = _count_keys(path)
    except (OSError, ValueError) as error:
        fix = "unset SSH_AUTH_SOCK, or start an agent and log in again"
        yield bad("agent", f"{path} does not answer: {error}", fix)
        return
    if count:
        yield ok("agent", f"{count} keys in {path}")
    else:
        yield warning("agent", f"{path} holds no key", "ssh-add")


def _count_keys(path: str) -> int:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(2.0)
        sock.connect(path)
        sock.sendall(_ASK_IDENTITIES)
        head = _read(sock, 9)
    if head[4] != _IDENTITIES:
        raise ValueError("it answers in other words than an agent's")
    return int.from_bytes(head[5:9], "big")


def _read(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            raise ValueError("it hung up")
        data += part
    return data


def look_at_state(options: Options) -> Iterator[Finding]:
    """Look at the engine's folder, its socket and the engine itself."""
    from opsconsole.engine.lock import holder_of

    try:
        place = options.place(create=False)
    except OpsConsoleError as error:
        yield bad("state", str(error), "see the sentence before")
        return
    if place.note:
        yield note("state", place.note)
    if not place.folder.exists():
        yield ok("state", f"{place.folder} will be made by the first engine")
        return
    yield _mode("state", place.folder, 0o700)
    holder = holder_of(place.lock)
    if holder is None:
        yield ok("engine", f"engine {place.name} does not run; the console starts it")
        return
    yield ok("engine", f"engine {place.name} runs, pid {holder.pid}, started by {holder.person}")
    if holder.version and holder.version != __version__:
        text = f"it is version {holder.version}, this is {__version__}"
        yield warning("engine", text, "opsconsole engine stop")
    if place.socket.exists():
        yield _mode("socket", place.socket, 0o600)


def _mode(area: str, path: Path, wanted: int) -> Finding:
    mode = stat.S_IMODE(path.lstat().st_mode)
    if mode & ~wanted:
        return bad(area, f"{path} has mode {mode:04o}", f"chmod {wanted:o} {path}")
    return ok(area, f"{path} has mode {mode:04o}")


def look_at_logout(
    account: str,
    folder: Path = Path("/etc/systemd"),
    linger: Path = Path("/var/lib/systemd/linger"),
) -> Iterator[Finding]:
    """Tell whether the engine outlives the last logout."""
    is_kept = (linger / account).exists()
    if _kills(folder) and not is_kept:
        text = (
            "systemd ends your processes at the last logout (KillUserProcesses=yes), the engine too"
        )
        yield warning("logout", text, f"loginctl enable-linger {account}")
    elif is_kept:
        yield ok("logout", "lingering is on: the engine runs under your systemd")
    else:
        yield ok("logout", "the engine stays after logout")


def _kills(folder: Path) -> bool:
    files = [folder / "logind.conf", *sorted((folder / "logind.conf.d").glob("*.conf"))]
    said = "no"
    for path in files:
        try:
            found = _KILL.findall(path.read_text(errors="replace"))
        except OSError:
            continue
        said = found[-1] if found else said
    return said.lower() in ("yes", "true", "1", "on")


def look_at_program() -> Iterator[Finding]:
    """Tell versions, and whether it runs as root."""
    yield ok("program", f"opsconsole {__version__}")
    if os.geteuid() == 0:
        text = "you are root: everybody's agents and keys are within reach of the engine"
        yield note("program", text, "run it under your own account")
