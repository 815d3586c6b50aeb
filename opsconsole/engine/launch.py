"""How an engine comes to life behind a console or a verb: found, or started and waited for."""

import asyncio
import contextlib
import os
import shutil
import sys
from pathlib import Path
from typing import Final

from msgspec import Struct

from opsconsole.clock import Clock
from opsconsole.engine.lock import holder_of
from opsconsole.engine.place import Place
from opsconsole.errors import EngineError
from opsconsole.inventory.sources import SourceSpec
from opsconsole.rpc.peer import name_of
from opsconsole.rpc.server import is_served

_UP_WITHIN: Final = 20.0
_LOOK_EVERY: Final = 0.05
_KEPT: Final = ("SSH_AUTH_SOCK", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "PATH")
"""What an engine under the user's systemd takes over from the login that starts it."""


class LaunchSpec(Struct, frozen=True):
    """Which engine is wanted: its name, what it watches, and whether it may change anything."""

    name: str
    sources: SourceSpec = SourceSpec()
    read_only: bool = False

    def arguments(self) -> list[str]:
        """Give the command line's options that name the same engine again."""
        spec = self.sources
        pairs = (
            ("--config", spec.config and str(spec.config.resolve())),
            ("--hosts", spec.hosts),
            ("--ssh-config", spec.ssh_config and str(spec.ssh_config.resolve())),
            ("--ansible", spec.ansible and str(spec.ansible.resolve())),
            ("--engine", self.name),
        )
        options = [part for option, value in pairs if value for part in (option, value)]
        return [*options, "--read-only"] if self.read_only else options


async def ensure(spec: LaunchSpec, place: Place, clock: Clock) -> None:
    """Make sure that the engine answers on its socket, starting it if it does not.

    Raises:
        EngineError: It could not start, and why.
    """
    if await is_served(place.socket):
        return
    place.failure.unlink(missing_ok=True)
    if holder_of(place.lock) is None:
        await _spawn(_command(spec))
    await _wait_served(place, clock)


def is_lingering(account: str, folder: Path = Path("/var/lib/systemd/linger")) -> bool:
    """Tell whether systemd keeps this account's services after its last logout."""
    return (folder / account).exists()


def _command(spec: LaunchSpec) -> list[str]:
    program = [sys.executable, "-m", "opsconsole", *spec.arguments(), "engine", "run"]
    if not _has_user_manager():
        return [*program, "--detach"]
    unit = f"--unit=opsconsole-{spec.name}-{os.getpid()}"
    kept = [f"--setenv={name}" for name in _KEPT if name in os.environ]
    return ["systemd-run", "--user", "--quiet", "--collect", unit, *kept, "--", *program]


def _has_user_manager() -> bool:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return (
        bool(runtime)
        and (Path(runtime) / "systemd" / "private").exists()
        and shutil.which("systemd-run") is not None
        and is_lingering(name_of(os.geteuid()))
    )


async def _spawn(command: list[str]) -> None:
    try:
        child = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise EngineError(f"cannot start {command[0]}: {error.strerror or error}") from error
    try:
        async with asyncio.timeout(_UP_WITHIN):
            _out, said = await child.communicate()  # it forks away and ends at once
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
        raise EngineError(f"the engine did not start within {_UP_WITHIN:g} s") from None
    if child.returncode:
        words = said.decode(errors="replace").strip()
        raise EngineError(words or f"{command[0]} ended with exit {child.returncode}")


async def _wait_served(place: Place, clock: Clock) -> None:
    give_up = clock.monotonic() + _UP_WITHIN
    while not await is_served(place.socket):
        with contextlib.suppress(OSError):
            raise EngineError(place.failure.read_text())
        if clock.monotonic() > give_up:
            holder = holder_of(place.lock)
            who = f" (pid {holder.pid} of {holder.person} holds the lock)" if holder else ""
            raise EngineError(f"no engine answers on {place.socket}{who}; see {place.log}")
        await clock.sleep(_LOOK_EVERY)
