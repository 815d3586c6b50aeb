"""What a request becomes on its way to a host: a command, its words for people, and the names it is kept under."""

import re
from secrets import token_hex
from typing import Final

from opsconsole.actions.steps import Request
from opsconsole.config.sudo_table import SudoTable, why_refused
from opsconsole.errors import ActionError
from opsconsole.model.inventory import Host
from opsconsole.transport.base import OUTPUT_LIMIT, Command
from opsconsole.transport.plain_line import PLAIN, why_not_plain

STEP_TIMEOUT: Final = 60.0
"""Seconds of a step that names none."""
MOST_OUTPUT: Final = 64 << 20
"""Bytes of one answer at most, where a step asks for more than is usual."""
_ODD: Final = re.compile(r"[^A-Za-z0-9._-]")


def output_name(target: str, step: str, number: int = 1) -> str:
    """Name a step's output files, without their ending; `number` says which try on the target it was."""
    again = f".try{number}" if number > 1 else ""
    return f"{_ODD.sub('_', target)}{again}.{_ODD.sub('_', step)}"


def spool_name(target: str, step: str) -> str:
    """Name a dispatch's spool: each has its own, a retry's too, and where two hosts share a home folder."""
    name = f"{_ODD.sub('_', target)[:40]}.{_ODD.sub('_', step)[:40]}.{token_hex(4)}"
    return name.lstrip(".")


def way_of(host: Host) -> str:
    """Write how a host is reached, to tell later whether it is the same one."""
    return f"{host.transport} {host.user or ''}@{host.address}:{host.port} {','.join(host.jump)}".strip()


def check_sudo(request: Request, table: SudoTable) -> None:
    """Refuse what no profile covers, before anything is sent.

    Raises:
        ActionError: The profile does not allow it.
    """
    words = request.argv or ("sh", "-c", request.script, "step", *request.args)
    if request.sudo is not None and (why := why_refused(table, request.sudo, words)):
        raise ActionError(request.step, why)


def check_plain(request: Request, host: Host) -> None:
    """Refuse what a host of `transport: plain` cannot be asked, before anything is sent.

    Raises:
        ActionError: It cannot be one plain line, or it would have to be waited for.
    """
    if host.transport != PLAIN:
        return
    why = why_not_plain(command_for(request, host, STEP_TIMEOUT))
    if request.expect_disconnect:
        why = "that it comes back could not be told from that it never went"
    if why:
        raise ActionError(request.step, f"{host.name} is asked by transport: plain: {why}")


def command_for(request: Request, host: Host, budget: float) -> Command:
    """Make the command of a request; sudo never asks, and root needs none."""
    argv, script, args = request.argv, request.script, request.args
    if request.sudo is not None and host.user != "root":
        argv = argv or ("sh", "-c", script, "step", *args)
        argv, script, args = ("sudo", "-n", "--", *argv), "", ()
    return Command(
        argv=argv,
        script=script,
        args=args,
        env=request.env,
        stdin=request.stdin,
        timeout=min(request.timeout or STEP_TIMEOUT, budget),
        max_output=min(request.max_output or OUTPUT_LIMIT, MOST_OUTPUT),
    )


def shown_argv(command: Command) -> tuple[str, ...]:
    """Show a command as the argument list that the host gets."""
    if command.argv:
        return command.argv
    pairs = tuple(f"{name}={value}" for name, value in sorted(command.env.items()))
    shell = ("sh", "-c", command.script, "step", *command.args)
    return ("env", *pairs, *shell) if pairs else shell
