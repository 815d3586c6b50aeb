"""Where our files are: the configuration, and the state folder of each engine."""

import hashlib
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from opsconsole.errors import ConfigError, EngineError, Mistake

_ENGINE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_SOCKET_PATH_LIMIT: Final = 107
"""Bytes of a socket's path that the kernel takes."""
_NETWORK_TYPES: Final = re.compile(
    r"nfs\d?|cifs|smb\w*|afs|ncpfs|9p|lustre|ceph|gpfs|beegfs|fuse\.(sshfs|glusterfs|ceph.*|s3fs)|glusterfs|coda"
)


class StateDir(Struct, frozen=True):
    """An engine's folder, checked; `note` is a sentence for doctor and banner, empty when usual."""

    path: Path
    note: str = ""


def config_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Give the place of the user's file, `$XDG_CONFIG_HOME/opsconsole/opsconsole.yaml`, there or not."""
    return _xdg(environ, "XDG_CONFIG_HOME", ".config") / "opsconsole" / "opsconsole.yaml"


def engine_name(
    config: Path | None = None,
    hosts: str | None = None,
    override: str | None = None,
    *,
    others: tuple[Path, ...] = (),
    environ: Mapping[str, str] = os.environ,
) -> str:
    """Name the engine that serves a configuration.

    Args:
        config: The file given with `-c`.
        hosts: The set given with `--hosts`.
        override: The name given with `-E`.
        others: Further inventory files given on the command line.
        environ: The process environment.

    Returns:
        `override` if given, `default` for the user's own file or none, else twelve hex digits of a hash
        of the real paths, or of the set of hosts.

    Raises:
        ConfigError: The override cannot be a name.
    """
    if override is not None:
        if not _ENGINE_NAME.fullmatch(override):
            text = (
                f"{override!r} cannot name an engine: letters, digits, `.`, `_` and `-`, at most 40"
            )
            raise ConfigError([Mistake("-E", 0, 0, text)])
        return override
    parts = [os.path.realpath(path) for path in (*((config,) if config else ()), *others)]
    if hosts is not None:
        parts.append("hosts:" + _folded(hosts))
    if not parts or parts == [os.path.realpath(config_file(environ))]:
        return "default"
    return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()[:12]


def _folded(hosts: str) -> str:
    """Write a set of hosts in one way, whatever the order it was typed in."""
    from ClusterShell.NodeSet import NodeSet, NodeSetParseError

    try:
        return (
            str(NodeSet(hosts, resolver=None)) if len(hosts) < 4096 and "@" not in hosts else hosts
        )
    except NodeSetParseError:
        return hosts


def state_dir(
    name: str, *, create: bool = True, environ: Mapping[str, str] = os.environ
) -> StateDir:
    """Find, make (0700) and check the folder of an engine.

    `$XDG_STATE_HOME/opsconsole/<name>`, or `/var/tmp/opsconsole-<uid>/<name>` where that is on a network
    file system, cannot be written, or is too long a path for a socket; the note then says so.

    Raises:
        EngineError: It is a symbolic link, belongs to somebody else, or others may write in it; says the fix.
    """
    usual = _xdg(environ, "XDG_STATE_HOME", ".local/state") / "opsconsole"
    why = _unfit(usual, name)
    if not why and create:
        try:
            usual.parent.mkdir(parents=True, exist_ok=True)
            return StateDir(_secured(usual, name))
        except OSError as error:
            why = f"cannot be written ({error.strerror})"
    elif not why:
        _check(usual)
        _check(usual / name)
        return StateDir(usual / name)
    spare = Path("/var/tmp") / f"opsconsole-{os.geteuid()}"  # noqa: S108  (owner and mode are checked)
    note = f"{usual} {why}: state is in {spare}"
    if not create:
        _check(spare)
        _check(spare / name)
        return StateDir(spare / name, note)
    try:
        return StateDir(_secured(spare, name), note)
    except OSError as error:
        raise EngineError(
            f"no place for state: {usual} {why}, {spare}: {error.strerror}; set XDG_STATE_HOME"
        ) from error


def _xdg(environ: Mapping[str, str], variable: str, default: str) -> Path:
    given = Path(environ.get(variable, ""))
    if given.is_absolute():  # the specification: relative paths are to be ignored
        return given
    home = Path(environ.get("HOME", ""))
    return (home if home.is_absolute() else Path("/nonexistent")) / default


def _unfit(base: Path, name: str) -> str:
    """Say why a folder may not hold state; empty when it may."""
    if len(os.fsencode(base / name / "engine.sock")) > _SOCKET_PATH_LIMIT:
        return "is too long a path for a socket"
    kind = _file_system(base)
    return f"is on a network file system ({kind})" if _NETWORK_TYPES.fullmatch(kind) else ""


def _file_system(path: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """Give the type of the file system a path is (or would be) on; empty where nobody tells."""
    try:
        lines = mounts.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return ""
    real = os.path.realpath(path)
    best, kind = "", ""
    for line in lines:
        fields = line.split(" ")
        point = fields[1].replace("\\040", " ") if len(fields) > 2 else ""
        inside = point == "/" or real == point or real.startswith(point + "/")
        if point and inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind


def _secured(base: Path, name: str) -> Path:
    """Make a folder and its parent, 0700, and check both."""
    for path in (base, base / name):
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            _check(path)
            _close_to_others(path)
    return base / name


def _close_to_others(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if stat.S_IMODE(os.fstat(handle).st_mode) & 0o077:
            os.fchmod(handle, 0o700)
    finally:
        os.close(handle)


def _check(path: Path) -> None:
    """Refuse a folder that somebody else made or may change; one that is not there is fine."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISLNK(found.st_mode):
        raise EngineError(f"{path} is a symbolic link; remove it, or set XDG_STATE_HOME")
    if not stat.S_ISDIR(found.st_mode):
        raise EngineError(f"{path} is not a folder; move it away")
    if found.st_uid != os.geteuid():
        raise EngineError(f"{path} belongs to uid {found.st_uid}, not to you; move it away")
    if found.st_mode & 0o022:
        raise EngineError(
            f"others may write in {path}; look at what is in it, then chmod 700 {path}"
        )
