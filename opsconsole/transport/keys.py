"""Find the keys to log in with: files are loaded once and shared; the agent is never waited for long."""

import asyncio
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import asyncssh

from opsconsole.errors import TransportError
from opsconsole.model.states import Reach

_DEFAULTS: Final = ("id_ed25519", "id_ecdsa", "id_rsa")
_AGENT_BUDGET: Final = 2.0
_MOST_OFFERED: Final = 5
"""OpenSSH's MaxAuthTries is 6."""


class KeyFile(NamedTuple):
    """One private key file as it was read."""

    path: str
    key: asyncssh.SSHKey | None = None
    certificate: asyncssh.SSHCertificate | None = None
    public: bytes = b""
    """Its public half's wire form, where it is known."""
    is_locked: bool = False
    error: str = ""


class Identity:
    """Keys for one login, and the agent's connection behind some of them; close it after the login."""

    def __init__(self) -> None:
        self.pairs: list[asyncssh.SSHKeyPair] = []
        self.agent: asyncssh.SSHAgentClient | None = None

    def close(self) -> None:
        """Hang up on the agent."""
        if self.agent is not None:
            self.agent.close()


class Keyring:
    """Private keys by file, each read once a version."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[tuple[int, int], KeyFile]] = {}
        self._loading = asyncio.Lock()

    async def identity(self, target: str, paths: Sequence[str], agent_path: str | None) -> Identity:
        """Gather keys: the named files, else the usual; the agent's too where one is locked or none is named.

        Raises:
            TransportError: reach `locked-key`: there is no key to offer, and why.
        """
        files = [await self._file(path) for path in paths or _usual()]
        identity = Identity()
        for file in files:
            if file.key is not None:
                pair = (file.key, file.certificate) if file.certificate else file.key
                identity.pairs += asyncssh.load_keypairs([pair])
        why = ""
        if not paths or any(file.is_locked for file in files):
            why = await _add_agent_keys(identity, agent_path, files if paths else ())
        if not identity.pairs:
            identity.close()
            raise TransportError(target, Reach.LOCKED_KEY, _why_none(files, why))
        del identity.pairs[_MOST_OFFERED:]
        return identity

    async def _file(self, path: str) -> KeyFile:
        try:
            stamp = _stamp(path)
        except OSError as error:
            return KeyFile(path, error=f"{path}: {error.strerror}")
        known = self._files.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        async with self._loading:
            if self._files.get(path, (None,))[0] != stamp:
                # reading is quick, but the check of an RSA key is not
                self._files[path] = (stamp, await asyncio.to_thread(_load, path))
            return self._files[path][1]


_path = cache(Path)


def _stamp(path: str) -> tuple[int, int]:
    status = _path(path).stat()
    return (status.st_mtime_ns, status.st_ino)


def _usual() -> list[str]:
    folder = Path("~/.ssh").expanduser()
    return [str(folder / name) for name in _DEFAULTS if (folder / name).is_file()]


def _load(path: str) -> KeyFile:
    certificate = _certificate(path)
    try:
        key = asyncssh.read_private_key(path)
    except asyncssh.KeyImportError as error:
        is_locked = "assphrase" in str(error)
        return KeyFile(
            path,
            public=_public(path),
            is_locked=is_locked,
            error=f"{path} has a passphrase" if is_locked else f"{path} is not a private key",
        )
    except OSError as error:
        return KeyFile(path, error=f"{path}: {error.strerror}")
    return KeyFile(path, key, certificate, key.public_data)


def _certificate(path: str) -> asyncssh.SSHCertificate | None:
    try:
        return asyncssh.read_certificate(f"{path}-cert.pub")
    except (OSError, asyncssh.KeyImportError):
        return None


def _public(path: str) -> bytes:
    try:
        return asyncssh.read_public_key(f"{path}.pub").public_data
    except (OSError, asyncssh.KeyImportError):
        return b""


async def _add_agent_keys(
    identity: Identity, agent_path: str | None, only: Sequence[KeyFile]
) -> str:
    """Add the agent's keys, those of `only` when their public halves are known; say why there are none."""
    if not agent_path:
        return "no agent is attached"
    agent = identity.agent = asyncssh.SSHAgentClient(agent_path)
    wanted = [file.public for file in only if file.is_locked and file.public]
    try:
        async with asyncio.timeout(_AGENT_BUDGET):
            keys = await agent.get_keys(wanted)
    except TimeoutError:
        return f"the agent did not answer in {_AGENT_BUDGET:g} s ({agent_path})"
    except (OSError, ValueError):
        return f"the agent is gone ({agent_path})"
    identity.pairs += keys
    if keys:
        return ""
    return "the agent does not hold it" if wanted else "the agent holds no keys (locked, or empty)"


def _why_none(files: Sequence[KeyFile], agent: str) -> str:
    locked = [file for file in files if file.is_locked]
    if locked:
        return f"{locked[0].error} and {agent}; run: ssh-add {locked[0].path}"
    reasons = [file.error for file in files if file.error] + [agent] * bool(agent)
    return f"no key to log in with: {'; '.join(reasons)}"
