"""What contributions give back, read as strictly as anything that comes from outside."""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Final, TypeVar

import msgspec

from opsconsole.actions.contributing import (
    Decision,
    FoundAlert,
    FoundHost,
    Samples,
    Series,
    Table,
    Text,
    Verdict,
)
from opsconsole.errors import OpsConsoleError
from opsconsole.model.pane import PaneCell, PaneData
from opsconsole.model.plugin import Contribution
from opsconsole.model.text import LABEL_LIMIT, NAME_LIMIT, clean

ROWS: Final = 2_000
_COLUMNS: Final = 24
_POINTS: Final = 500
_TONES: Final = ("critical", "warning", "ok", "stale", "dim", "strong", "accent")
DECISIONS: Final = ("allow", "deny", "need_peer")
STATES: Final = ("ok", "warning", "critical", "unknown")
S = TypeVar("S")


class AnswerError(OpsConsoleError):
    """A contribution gave back something else than its kind does."""


def read_samples(raw: object, spec: Contribution) -> Samples:
    """Read what a collector gave; names come out with the plugin's id before them.

    Raises:
        AnswerError: It is no Samples, or has a metric that `emits` does not list.
    """
    told = _read(raw, Samples)
    metrics = {
        f"{spec.plugin}.{name}": float(value)
        for name, value in told.metrics.items()
        if isfinite(value)
    }
    stray = [name for name in told.metrics if name.partition("{")[0] not in spec.emits]
    if stray:
        raise AnswerError(f"{clean(stray[0], 60)} is not in the manifest's emits")
    facts = {
        f"{spec.plugin}.{clean(name, NAME_LIMIT)}": clean(value, LABEL_LIMIT)
        for name, value in told.facts.items()
    }
    return Samples(metrics, facts)


def read_decision(raw: object) -> Decision:
    """Read what an authorizer gave: a Decision, or its word alone.

    Raises:
        AnswerError: It is none.
    """
    told = Decision(raw) if isinstance(raw, str) else _read(raw, Decision)
    if told.decision not in DECISIONS:
        raise AnswerError(f"a decision is {', '.join(DECISIONS)}, not {clean(told.decision, 40)!r}")
    return Decision(told.decision, clean(told.why, LABEL_LIMIT))


def read_verdict(raw: object) -> Verdict:
    """Read what a check or a gate gave.

    Raises:
        AnswerError: It is no Verdict.
    """
    told = _read(raw, Verdict)
    if told.state not in STATES:
        raise AnswerError(f"a verdict is {', '.join(STATES)}, not {clean(told.state, 40)!r}")
    perfdata: dict[str, float] = {
        clean(k, NAME_LIMIT): v for k, v in told.perfdata.items() if isfinite(v)
    }
    return Verdict(told.state, clean(told.summary, LABEL_LIMIT), perfdata)


def read_pane(raw: object, spec: Contribution, at: float) -> PaneData:
    """Read what a pane gave: a table, series or text.

    Raises:
        AnswerError: It is none of them.
    """
    content = raw if isinstance(raw, Table | Series | Text) else _pane_of(raw)
    title = clean(content.title or spec.title or spec.id, LABEL_LIMIT)
    base = PaneData(spec.id, title, at, spec.every)
    match content:
        case Table():
            columns = tuple(clean(str(each), NAME_LIMIT) for each in content.columns[:_COLUMNS])
            rows = tuple(_row(row, len(columns)) for row in content.rows[:ROWS])
            return msgspec.structs.replace(base, columns=columns, rows=rows)
        case Series():
            return msgspec.structs.replace(base, series=_series(content.lines))
        case Text():
            lines = tuple(clean(str(line)) for line in content.lines[:ROWS])
            return msgspec.structs.replace(base, lines=lines)


def _pane_of(raw: object) -> Table | Series | Text:
    """An executable's `data` says by its keys which it is."""
    keys = raw.keys() if isinstance(raw, Mapping) else ()
    if "columns" in keys:
        return _read(raw, Table)
    if keys and all(isinstance(value, Mapping) for value in _values(raw, "lines")):
        return _read(raw, Series)
    return _read(raw, Text)


def _values(raw: object, key: str) -> Iterable[object]:
    return [raw.get(key)] if isinstance(raw, Mapping) else []


def _row(row: Sequence[str | float], width: int) -> tuple[PaneCell, ...]:
    if isinstance(row, str) or len(row) > width:
        raise AnswerError(f"a row has {width} cells, as there are columns")
    return tuple(_cell(each) for each in row)


def _cell(value: str | float) -> PaneCell:
    text = clean(value if isinstance(value, str) else f"{value:g}", LABEL_LIMIT)
    tone, colon, rest = text.partition(":")
    return PaneCell(rest, tone) if colon and tone in _TONES else PaneCell(text)


def _series(lines: Mapping[str, Sequence[float]]) -> Mapping[str, tuple[float, ...]]:
    return {
        clean(name, NAME_LIMIT): tuple(float(value) for value in values[-_POINTS:])
        for name, value in list(lines.items())[:_COLUMNS]
        for values in (value,)
    }


def read_hosts(raw: object) -> tuple[FoundHost, ...]:
    """Read what an inventory gave.

    Raises:
        AnswerError: It is no list of hosts.
    """
    return tuple(_read(each, FoundHost) for each in _items(raw, "hosts"))


def read_alerts(raw: object) -> tuple[FoundAlert, ...]:
    """Read what an alert source gave.

    Raises:
        AnswerError: It is no list of fires.
    """
    return tuple(_read(each, FoundAlert) for each in _items(raw, "alerts"))


def _items(raw: object, key: str) -> Sequence[object]:
    found = raw.get(key) if isinstance(raw, Mapping) else raw
    if isinstance(found, str | bytes) or not isinstance(found, Sequence):
        raise AnswerError(f"gave {type(found).__name__}, not a list of {key}")
    return found[:10_000]


def _read(raw: object, kind: type[S]) -> S:
    if isinstance(raw, kind):
        raw = msgspec.to_builtins(raw, enc_hook=str)  # its fields are whatever its author put in
    try:
        return msgspec.convert(raw, kind, strict=False)
    except msgspec.ValidationError as error:
        raise AnswerError(f"gave no {kind.__name__}: {clean(str(error), 200)}") from None
