"""What an earlier run's targets said, read back from its files in the order of its journal."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from opsconsole.model.run import OutputLine
from opsconsole.runs.chain import Entry, JournalError, read_chain
from opsconsole.runs.commands import output_name
from opsconsole.runs.journal import Field, Journal
from opsconsole.runs.output import LINES_KEPT, LineCutter, shown
from opsconsole.transport.base import Answer

LINE_LIMIT: Final = 2_000
"""Bytes of a read's output that stand in its line of the journal; more goes to files."""
_RUN_ID: Final = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")


def read_kept_output(folder: Path, run_id: str) -> tuple[OutputLine, ...] | None:
    """Read a run's lines; None when there is no such run. Blocks: call it on a thread.

    Every line of a step bears the time at which the step was settled.
    """
    if not _RUN_ID.fullmatch(run_id):
        return None
    try:
        chain = read_chain(folder / run_id)
    except JournalError:
        return None
    lines: list[OutputLine] = []
    seen: set[str] = set()
    for entry, number in _by_try(chain.entries):
        if entry.kind == "step.settle":
            name = output_name(entry.text("target"), entry.text("step"), number)
            _add_step(folder / run_id / "out", name, entry, seen, lines)
        elif entry.kind == "target.end":
            why = entry.text("why")
            words = entry.text("state") + (f": {why}" if why else "")
            _add(lines, entry, "run", words.encode())
        if len(lines) >= LINES_KEPT:
            break
    return tuple(lines)


def said_in_line(journal: Journal, answer: Answer) -> dict[str, Field]:
    """Give the fields that a journal's line holds of an answer: none where it is long, or no text."""
    size = len(answer.stdout) + len(answer.stderr)
    if not 0 < size <= min(LINE_LIMIT, journal.room):
        return {}
    try:
        said = {"out": answer.stdout.decode(), "err": answer.stderr.decode()}
    except UnicodeDecodeError:
        return {}
    journal.room -= size
    return {stream: text for stream, text in said.items() if text}


def said_in_lines(entries: Iterable[Entry]) -> Mapping[str, str]:
    """Give what stands in a journal's lines, by the names its files would have."""
    return {
        f"{output_name(entry.text('target'), entry.text('step'), number)}.{stream}": text
        for entry, number in _by_try(entries)
        if entry.kind == "step.settle"
        for stream in ("out", "err")
        if (text := entry.text(stream))
    }


def _by_try(entries: Iterable[Entry]) -> Iterator[tuple[Entry, int]]:
    """Give each line with the number of the try on its target that it belongs to."""
    numbers: dict[str, int] = {}
    for entry in entries:
        target = entry.text("target")
        if entry.kind == "target.again":
            numbers[target] = int(entry.text("attempt") or 1)
        yield entry, numbers.get(target, 1)


def _add_step(
    place: Path, name: str, entry: Entry, seen: set[str], lines: list[OutputLine]
) -> None:
    if name in seen:
        return
    seen.add(name)
    for stream in ("out", "err"):
        content = entry.text(stream).encode() or _read(place / f"{name}.{stream}")
        cutter = LineCutter()
        for line in [*cutter.feed(content), *cutter.end()]:
            _add(lines, entry, stream, line)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _add(lines: list[OutputLine], entry: Entry, stream: str, text: bytes) -> None:
    target, step = entry.text("target"), entry.text("step") or "end"
    lines.append(OutputLine(len(lines) + 1, entry.at, target, step, stream, shown(text)))
