"""What a drill-down asks a host for, on demand: processes, log lines, disks, network, the raw sample."""

import secrets
from collections.abc import Callable, Mapping
from typing import Final

from opsconsole.collect.scripts import script
from opsconsole.errors import ParseError
from opsconsole.model.calls import Text
from opsconsole.model.inventory import Host
from opsconsole.model.text import clean
from opsconsole.parsers.proc_stat import Usage, parse_processes, usages
from opsconsole.parsers.sections import split_sections
from opsconsole.parsers.stat import cpu_shares, parse_cores
from opsconsole.transport.base import Command, Ending, Remote

QUESTIONS: Final = ("procs", "logs", "disks", "net", "raw")
MOST_LINES: Final = 2_000
_LINE_LIMIT: Final = 4_000
_TIMEOUT: Final = 15.0
_LIMIT: Final = 2 << 20
_MIB: Final = 1 << 20


async def ask(remote: Remote, host: Host, what: str, lines: int) -> Text:
    """Ask a host one question; what goes wrong is told in the note, never raised.

    Args:
        remote: How hosts are asked.
        host: The host.
        what: `procs`, `logs`, `disks` or `net`.
        lines: The most that come back.
    """
    wanted = max(1, min(lines, MOST_LINES))
    command = Command(
        script=script(what),
        args=(secrets.token_hex(8), str(wanted)),
        timeout=_TIMEOUT,
        max_output=_LIMIT,
    )
    answer = await remote.run(host, command)
    if answer.ending is not Ending.EXITED:
        return Text((), clean(answer.reason or answer.ending))
    try:
        sections = split_sections(answer.stdout)
        return _SHOWN[what](sections, wanted)
    except ParseError as error:
        return Text((), clean(str(error)))


def show_raw(raw: Mapping[str, bytes], lines: int) -> Text:
    """Show what the tiers' last answers were, as they came."""
    shown: list[str] = []
    for tier, answer in raw.items():
        shown.append(f"-- {tier}")
        shown += _lines(answer)
    note = "" if raw else "nothing has come from this host yet"
    return Text(tuple(shown[:lines]), note)


def _show_procs(sections: Mapping[str, bytes], lines: int) -> Text:
    ticks, page = (int(word) for word in _two_numbers(sections.get("units", b"")))
    before = parse_processes(sections.get("before", b""))
    after = parse_processes(sections.get("after", b""))
    heading = f"{'PID':>7}  {'CPU%':>6}  {'MEM MiB':>8}  {'THR':>4}  S  NAME"
    measured = after.uptime > before.uptime
    rows = [_show_usage(each, measured=measured) for each in usages(before, after, ticks, page)]
    shown = (*_show_cores(sections), heading, *rows)
    over = "over one second" if measured else "no shares: its clock stood still"
    return Text(shown[:lines], f"{len(after.by_pid)} processes, {over}")


def _show_cores(sections: Mapping[str, bytes]) -> tuple[str, ...]:
    """Show each processor's share, eight a line."""
    before = parse_cores(sections.get("cores.before", b""))
    after = parse_cores(sections.get("cores.after", b""))
    shares = (cpu_shares(old, new) for old, new in zip(before, after, strict=False))
    words = [f"cpu{n} {_share(share.get('cpu.busy'))}" for n, share in enumerate(shares)]
    return tuple("  ".join(words[at : at + 8]) for at in range(0, len(words), 8))


def _share(share: float | None) -> str:
    """Write a share; a processor that counted nothing between two looks is not known, not idle."""
    return "   —" if share is None else f"{share * 100:>3.0f}%"


def _two_numbers(text: bytes) -> tuple[bytes, bytes]:
    words = text.split()
    if len(words) != 2 or not all(word.isdigit() and len(word) < 10 for word in words):
        raise ParseError("getconf", text[:80].decode("latin-1"))
    return words[0], words[1]


def _show_usage(usage: Usage, *, measured: bool) -> str:
    process = usage.process
    cpu = f"{usage.cpu * 100:.1f}" if measured else "—"
    return (
        f"{process.pid:>7}  {cpu:>6}  {usage.memory / _MIB:>8.1f}"
        f"  {process.threads:>4}  {process.state}  {process.name}"
    )


def _show_logs(sections: Mapping[str, bytes], lines: int) -> Text:
    shown = _lines(sections.get("logs", b""))[-lines:]
    return Text(tuple(shown), "" if shown else "no log lines that this account may read")


def _show_lines(sections: Mapping[str, bytes], lines: int) -> Text:
    shown = [line for text in sections.values() for line in _lines(text)]
    return Text(tuple(shown[:lines]))


def _lines(text: bytes) -> list[str]:
    lines = text.strip(b"\n").split(b"\n") if text.strip() else []
    return [clean(line, _LINE_LIMIT) for line in lines[: MOST_LINES * 2]]


_SHOWN: Final[Mapping[str, Callable[[Mapping[str, bytes], int], Text]]] = {
    "procs": _show_procs,
    "logs": _show_logs,
    "disks": _show_lines,
    "net": _show_lines,
}
