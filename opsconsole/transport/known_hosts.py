"""Known hosts files: parsed once, read again when they change, and never half believed.

A line we cannot read is told with file and number, and costs nobody but itself. Format: sshd(8), SSH_KNOWN_HOSTS.
"""

import base64
import binascii
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import asyncssh

from opsconsole.model.calls import HostKey
from opsconsole.model.inventory import Host
from opsconsole.model.text import LABEL_LIMIT, clean

_MARKERS: Final = frozenset({"@cert-authority", "@revoked"})
_WILD: Final = frozenset("*?|!/@")
"""Any of these in a line's first word: its names are patterns, or it has a marker before them."""
_TOO_LARGE: Final = 32 << 20
_SSH_PORT: Final = 22
_FEW_PATTERNS: Final = 100
"""As many are tried within a millisecond."""


class Match(NamedTuple):
    """What the files say of one host."""

    keys: tuple[asyncssh.SSHKey, ...] = ()
    authorities: tuple[asyncssh.SSHKey, ...] = ()
    revoked: tuple[asyncssh.SSHKey, ...] = ()

    def verdict(self, key: asyncssh.SSHKey) -> str:
        """Say of a key: revoked, known, changed (the host has another on file) or unknown."""
        if key in self.revoked:
            return "revoked"
        if key in self.keys:
            return "known"
        return "changed" if self.keys else "unknown"


class _File(NamedTuple):
    stamp: tuple[int, int, int]
    problems: tuple[str, ...] = ()
    names: Mapping[str, list[str]] = {}
    """Lines by each of their names, where there are no patterns: a key is made of its line when it is needed."""
    hosts: asyncssh.SSHKnownHosts | None = None
    """All lines, where there are patterns."""
    patterns: int = 0
    """Lines with hashed names or wildcards: each is tried at each look."""

    def match(self, name: str, port: int | None) -> Match:
        """Find what it says of a host; `port` is None for the usual one."""
        if self.hosts is not None:
            keys, authorities, revoked, *_ = self.hosts.match(name, "", port)
            return Match(tuple(keys), tuple(authorities), tuple(revoked))
        lines = self.names.get(f"[{name}]:{port}", ()) if port else ()
        return Match(tuple(_keys(lines or self.names.get(name, ()))))


def _keys(lines: Iterable[str]) -> Iterator[asyncssh.SSHKey]:
    for line in lines:
        with suppress(asyncssh.KeyImportError):  # of a kind that we cannot use
            yield asyncssh.import_public_key(line.partition(" ")[2])


_ABSENT: Final = (0, 0, 0)


class KnownHosts:
    """Every known hosts file in use, each parsed once a version."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._reading = threading.Lock()
        self.parses = 0
        """Files parsed since the start: to be counted, not guessed."""

    def match(self, files: Sequence[str], name: str, port: int) -> Match:
        """Find what the files say of a host; a file that is missing says nothing.

        Blocks, longer for longer files and hashed names (3,000 lines: 40 ms to read, 10 ms a look): call it on
        a thread.

        Args:
            files: Absolute paths.
            name: The name to look up: alias or address as configured.
            port: Lines with `[name]:port` are looked for first, then those without, as OpenSSH does.
        """
        with self._reading:  # one reads a new version, the others wait for it
            read = [self._file(path) for path in files]
        return _look_up(read, name, port)

    def match_at_once(self, files: Sequence[str], name: str, port: int) -> Match | None:
        """Find what the files say of a host, where that takes no time; None: ask `match`.

        No time: the files are read, have not changed since, and hold few hashed names and wildcards.
        """
        read = [self._files.get(path) for path in files]
        known = [file for file in read if file is not None and file.patterns <= _FEW_PATTERNS]
        if len(known) < len(files) or any(
            file.stamp != _stamp(path) for path, file in zip(files, known, strict=True)
        ):
            return None
        return _look_up(known, name, port)

    def stamps(self, files: Sequence[str]) -> tuple[object, ...]:
        """Tell the files' versions apart: equal while none of them changed."""
        return tuple(_stamp(path) for path in files)

    def problems(self) -> tuple[str, ...]:
        """List lines that were left out, `file:line: why`, files in order of use."""
        return tuple(problem for file in tuple(self._files.values()) for problem in file.problems)

    def _file(self, path: str) -> _File:
        stamp = _stamp(path)
        known = self._files.get(path)
        if known is None or known.stamp != stamp:
            known = self._files[path] = self._read(path, stamp)
        return known

    def _read(self, path: str, stamp: tuple[int, int, int]) -> _File:
        if stamp == _ABSENT:
            return _File(stamp)
        self.parses += 1
        try:
            text = Path(path).read_bytes()[:_TOO_LARGE].decode("utf-8", errors="replace")
        except OSError as error:
            problem = f"{path}: cannot be read: {error.strerror}"
            return _File(stamp, (problem,))
        good, problems = _sift(path, text)
        patterns = sum(not _WILD.isdisjoint(line.partition(" ")[0]) for line in good)
        if patterns:
            hosts = asyncssh.import_known_hosts("\n".join(good))
            return _File(stamp, problems, hosts=hosts, patterns=patterns)
        return _File(stamp, problems, _by_name(good))


def _by_name(lines: Iterable[str]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        for name in line.partition(" ")[0].split(","):
            found.setdefault(name, []).append(line)
    return found


def _look_up(files: Sequence[_File], name: str, port: int) -> Match:
    asked_port = None if port == _SSH_PORT else port
    found = [file.match(name, asked_port) for file in files]
    return Match(
        tuple(key for match in found for key in match.keys),
        tuple(key for match in found for key in match.authorities),
        tuple(key for match in found for key in match.revoked),
    )


def files_of(host: Host) -> tuple[str, ...]:
    """Name the files to look in for a host: those it names, else the account's own."""
    return host.known_hosts or (str(Path("~/.ssh/known_hosts").expanduser()),)


_path = cache(Path)
"""A login looks at a file or two; what a path is made of need not be found out each time."""


def _stamp(path: str) -> tuple[int, int, int]:
    try:
        status = _path(path).stat()
    except OSError:
        return _ABSENT
    return (status.st_mtime_ns, status.st_size, status.st_ino)


def _sift(path: str, text: str) -> tuple[list[str], tuple[str, ...]]:
    good: list[str] = []
    problems: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        wrong = _wrong_with(words)
        if wrong:
            problems.append(f"{path}:{number}: {clean(wrong, LABEL_LIMIT)}")
        else:
            good.append(" ".join(words))
    return good, tuple(problems)


def _wrong_with(words: list[str]) -> str:
    """Say what is wrong with a line, or nothing."""
    if words[0].startswith("@"):
        if words[0] not in _MARKERS:
            return f"unknown marker {words[0]}"
        words = words[1:]
    if len(words) < 3:
        return "not `host type key`"
    if words[0].startswith("|") and not _is_hash(words[0]):
        return "host hash is damaged"
    try:
        blob = base64.b64decode(words[2], validate=True)
    except (ValueError, binascii.Error):
        return "key is not base64"
    name = words[1].encode("ascii", "replace")
    inside = blob[4 : 4 + int.from_bytes(blob[:4], "big")]
    return "" if inside == name else f"key is not of type {words[1]}"


def _is_hash(pattern: str) -> bool:
    parts = pattern.split("|")
    if len(parts) != 4 or parts[1] != "1":
        return False
    try:
        return all(base64.b64decode(part, validate=True) for part in parts[2:])
    except (ValueError, binascii.Error):
        return False


def describe(key: asyncssh.SSHKey, host: str, lookup: str, port: int, known: str) -> HostKey:
    """Make the record of a key a host has shown; `lookup` is the name its line is written for."""
    exported = key.export_public_key("openssh").decode("ascii").split()
    place = lookup if port == _SSH_PORT else f"[{lookup}]:{port}"
    return HostKey(
        host=host,
        kind=exported[0],
        fingerprint=key.get_fingerprint("sha256"),
        line=f"{place} {exported[0]} {exported[1]}",
        known=known,
    )
