"""A shell on a host: the argument list of the `ssh` that is run while the screen steps aside."""

import os
import re
from collections.abc import Mapping
from typing import Final

from opsconsole.model.snapshot import HostRecord

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:-]{0,252}")
_PATH: Final = re.compile(r"/[^\x00-\x1f\x7f\"\\$]*")
_USER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9._-]{0,63}\$?")


class UnfitNameError(ValueError):
    """A host's address or user could be read as something else by a command line."""


def shell_argv(
    host: HostRecord, hosts: Mapping[str, HostRecord], environ: Mapping[str, str] = os.environ
) -> tuple[str, ...]:
    """Give the command: the user's shell for this machine, else `ssh` with everything spelled out.

    Raises:
        UnfitNameError: A name, address or user has characters that do not belong there.
    """
    if host.transport == "local":
        return (environ.get("SHELL") or "/bin/sh",)
    jumps = [_dialled(hosts.get(name), name) for name in host.jump]
    argv = ["ssh", "-p", str(host.port)]
    if host.user:
        argv += ["-l", _checked(_USER, host.user)]
    if jumps:
        argv += ["-J", ",".join(jumps)]
    return (*argv, *_keys(host), "--", _checked(_NAME, host.address or host.name))


def _keys(host: HostRecord) -> list[str]:
    """Name the keys the engine uses for a host, its own and the host's.

    Without them `ssh` would ask about a host key that the engine knows, and be refused where it is let in.
    """
    options = [each for path in host.identity for each in ("-i", _expanded(path))]
    if host.known_hosts:
        files = " ".join(f'"{_expanded(path)}"' for path in host.known_hosts)
        options += ["-o", f"UserKnownHostsFile={files}"]
    if host.key_alias:
        options += ["-o", f"HostKeyAlias={_checked(_NAME, host.key_alias)}"]
    return options


def _expanded(path: str) -> str:
    """Keep `ssh` from reading its own tokens (`%h`) into a path."""
    return _checked(_PATH, path).replace("%", "%%")


def _dialled(jump: HostRecord | None, name: str) -> str:
    if jump is None:
        return _checked(_NAME, name)
    user = f"{_checked(_USER, jump.user)}@" if jump.user else ""
    address = _checked(_NAME, jump.address or jump.name)
    return f"{user}[{address}]:{jump.port}" if ":" in address else f"{user}{address}:{jump.port}"


def _checked(pattern: re.Pattern[str], value: str) -> str:
    if not pattern.fullmatch(value):
        raise UnfitNameError(f"{value!r} is no name for a command line")
    return value
