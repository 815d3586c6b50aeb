"""Reads a run's journal for people and auditors: is it whole, what does it say, all of it in one document.

No engine is needed: the folder is enough. Everything here blocks; call it on a thread.
"""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from opsconsole.errors import RefusedError
from opsconsole.model.calls import ReadJournal, Text
from opsconsole.model.text import MESSAGE_LIMIT, clean
from opsconsole.runs.chain import JOURNAL, Chain, Entry, JournalError, read_chain
from opsconsole.runs.kept_output import said_in_lines

_CHAINED: Final = frozenset({"n", "t_mono", "t_wall", "prev", "kind"})
_VALUE_LIMIT: Final = 400
_MOMENTS: Final = 1e8


class Verified(Struct, frozen=True):
    """What the verification of one journal found."""

    run: str
    ok: bool
    lines: int = 0
    head: str = ""
    """Hash of the last line; compare it with what syslog was told."""
    problem: str = ""
    """The first thing that is wrong; names the line."""
    note: str = ""
    """What is no fault, and worth knowing: a line torn by a crash, a run that has not ended."""
    ended: str = ""
    """As the journal says; empty: it has not."""


def find_folder(runs: Path, run_id: str) -> Path:
    """Find a run's folder.

    Raises:
        RefusedError: not-running: there is no such run.
    """
    place = runs / run_id
    if not run_id or run_id.startswith(".") or place.parent != runs or not place.is_dir():
        raise RefusedError("not-running", f"there is no run {clean(run_id, 60)}")
    return place


def verify_all(runs: Path) -> tuple[Verified, ...]:
    """Verify every journal of an engine, oldest first."""
    places = sorted(place for place in runs.iterdir() if place.is_dir()) if runs.is_dir() else []
    return tuple(verify(place) for place in places)


def verify(place: Path) -> Verified:
    """Prove that no line was changed, left out or put in between, and that the files agree with it."""
    try:
        chain = read_chain(place)
        problem = _disagreement(place, chain)
    except JournalError as error:
        return Verified(place.name, ok=False, problem=str(error))
    last = [entry for entry in chain.entries if entry.kind in ("run.end", "run.resolved")]
    ended = last[-1].text("state") if last else ""
    return Verified(
        place.name,
        ok=not problem,
        lines=len(chain.entries),
        head=chain.head,
        problem=problem,
        note=_note(place, chain, ended),
        ended=ended,
    )


def _note(place: Path, chain: Chain, ended: str) -> str:
    torn = (place / JOURNAL).stat().st_size - chain.size
    notes = [f"{torn} bytes of a torn last line"] if torn else []
    return "; ".join(notes if ended else [*notes, "has not ended"])


def _disagreement(place: Path, chain: Chain) -> str:
    """Find the first thing beside the chain that does not fit."""
    if not chain.entries or chain.entries[0].kind != "run.plan":
        return f"journal {place.name}: line 1 is not the plan"
    plan = _document(place, "plan.json")
    if plan is None:
        return f"journal {place.name}: plan.json cannot be read"
    if plan.get("hash") != chain.entries[0].fields.get("hash"):
        return f"journal {place.name}: plan.json is not the plan that was confirmed"
    run = _document(place, "run.json")
    states = [e.text("state") for e in chain.entries if e.kind in ("run.end", "run.resolved")]
    if run is not None and states and run.get("state") != states[-1]:
        return f"journal {place.name}: run.json says {run.get('state')}, the journal {states[-1]}"
    return ""


def _document(place: Path, name: str) -> Mapping[str, object] | None:
    try:
        return msgspec.json.decode((place / name).read_bytes(), type=dict[str, object])
    except (OSError, msgspec.DecodeError):
        return None


def show(place: Path) -> tuple[str, ...]:
    """Write a journal as lines: when, what, and its fields.

    Raises:
        JournalError: It cannot be read, or its chain is broken.
    """
    return tuple(_line(entry) for entry in read_chain(place).entries)


def _line(entry: Entry) -> str:
    moment = datetime.fromtimestamp(entry.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    fields = (
        f"{k}={_value(v)}"
        for k, v in entry.fields.items()
        if k not in _CHAINED and v not in ("", None, [], {})
    )
    return clean(f"{moment} {entry.kind} {' '.join(fields)}", MESSAGE_LIMIT)


def _value(value: object) -> str:
    """A word of a list that has spaces is quoted: where an argument ends must be seen."""
    if isinstance(value, list):
        return "[" + " ".join(_value(each) for each in value) + "]"
    text = clean(_number(value) if isinstance(value, float) else str(value), _VALUE_LIMIT)
    return repr(text) if " " in text else text


def _number(value: float) -> str:
    """Short, but for moments: an epoch second is written whole."""
    return f"{value:.0f}" if value >= _MOMENTS else f"{value:.4g}"


def export(place: Path) -> Mapping[str, object]:
    """Give all of a run as one document: plan, run, every line, all output, and what verification found."""
    entries: tuple[Entry, ...] = ()
    with contextlib.suppress(JournalError):
        entries = read_chain(place).entries
    out = sorted((place / "out").glob("*")) if (place / "out").is_dir() else []
    return {
        "schema": "opsconsole.journal/1",
        "verified": verify(place),
        "plan": _document(place, "plan.json"),
        "run": _document(place, "run.json"),
        "journal": tuple(entry.fields for entry in entries),
        "output": {
            **said_in_lines(entries),
            **{path.name: path.read_bytes().decode("utf-8", "replace") for path in out},
        },
    }


def read_journal(runs: Path, call: ReadJournal) -> Text:
    """Answer the call: lines to show, and in `note` what verification found.

    Raises:
        RefusedError: not-running; param: there is no such thing to do; journal: it cannot be read.
    """
    place = find_folder(runs, call.run)
    found = verify(place)
    note = found.problem or f"{found.lines} lines, whole; {found.note}".rstrip("; ")
    try:
        match call.what:
            case "show":
                return Text(show(place), note)
            case "verify":
                return Text((), note)
            case "export":
                text = msgspec.json.format(msgspec.json.encode(export(place)), indent=2).decode()
                return Text(tuple(clean(line, MESSAGE_LIMIT) for line in text.split("\n")), note)
            case _:
                raise RefusedError("param", f"show, verify or export, not {clean(call.what, 40)}")
    except JournalError as error:
        raise RefusedError("journal", str(error)) from error
