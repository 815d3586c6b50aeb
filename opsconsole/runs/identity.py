"""Who answers: what a machine calls itself, and which boot it is in; asked before a write and after a reboot."""

from typing import Final

from msgspec import Struct

from opsconsole.clock import Clock
from opsconsole.errors import TransportError
from opsconsole.model.inventory import Host
from opsconsole.model.text import clean
from opsconsole.transport.base import Command, Ending, Remote

IDENTITY: Final = Command(
    script="""\
r=${OPSC_ROOT:-}
cat "$r/proc/sys/kernel/hostname" 2>/dev/null || uname -n
cat "$r/proc/sys/kernel/random/boot_id" 2>/dev/null
""",
    timeout=10.0,
)
_LOOK_EVERY: Final = (1.0, 2.0, 3.0, 5.0)


class Identity(Struct, frozen=True):
    """A machine, in its own words."""

    name: str
    boot: str = ""
    """Boot id; empty where the host tells none."""


async def identify(remote: Remote, host: Host) -> Identity | None:
    """Ask a machine who it is; None when it would not say.

    Raises:
        TransportError: It could not be asked.
    """
    answer = await remote.run(host, IDENTITY)
    if answer.ending is Ending.UNREACHABLE:
        raise TransportError(host.name, answer.reach, answer.reason or "unreachable")
    lines = [clean(line, 256) for line in answer.stdout.splitlines()]
    if answer.ending is not Ending.EXITED or answer.status != 0 or not lines or not lines[0]:
        return None
    return Identity(lines[0], lines[1] if len(lines) > 1 else "")


async def wait_for_boot(
    remote: Remote, host: Host, before: str, *, clock: Clock, until: float
) -> Identity | None:
    """Wait until a host answers from another boot; None: it did not by `until` (the clock's monotonic seconds)."""
    looks = 0
    while clock.monotonic() < until:
        pause = _LOOK_EVERY[min(looks, len(_LOOK_EVERY) - 1)]
        await clock.sleep(min(pause, max(0.1, until - clock.monotonic())))
        looks += 1
        remote.retry(host)
        try:
            found = await identify(remote, host)
        except TransportError:
            continue
        if found is not None and found.boot and found.boot != before:
            return found
    return None
