"""The Hosts pane: faults first, numbers in their places, a stale value never shown as one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from opsconsole.model.snapshot import HostRecord, Snapshot, is_stale
from opsconsole.model.states import HostState
from opsconsole.model.text import Safe
from opsconsole.query.environments import host_env, host_text
from opsconsole.query.values import Env
from opsconsole.view import format as fmt
from opsconsole.view.cache import RowCache, Sieve
from opsconsole.view.cells import WAITING, cell, chosen, safe_cell, state_tone
from opsconsole.view.glyphs import state_glyph
from opsconsole.view.host_ledger import KIND, SOURCED, HostLedger, keys_of
from opsconsole.view.lazy_rows import LazyRows
from opsconsole.view.naming import natural_key
from opsconsole.view.odd import mark_words
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Column, Row, Table, Tone
from opsconsole.view.tally import count_of_bad, tally

_NORMAL_FROM: Final = 58
_WIDE_FROM: Final = 90
_BAD: Final = (HostState.CRITICAL, HostState.WARNING, HostState.UNKNOWN)


def columns(width: int, options: ViewOptions, present: frozenset[str]) -> tuple[Column, ...]:
    """Choose the columns for a width inside the frame; one without a source is absent."""
    if options.wide:
        width = max(width, _NORMAL_FROM if width < _NORMAL_FROM else _WIDE_FROM)
    if width < _NORMAL_FROM:
        every: tuple[Column, ...] = _COMPACT
    else:
        every = _FULL if width >= _WIDE_FROM else _NORMAL
    return chosen((c for c in every if c.id not in SOURCED or c.id in present), width)


_GLYPH: Final = Column("glyph", "", 1, sortable=False)
_COMPACT: Final = (
    _GLYPH,
    Column("host", "HOST", 10, flexible=True),
    Column("load", "LD", 4, right=True),
    Column("cpu", "C%", 3, right=True, rank=3),
    Column("disk", "D%", 3, right=True, rank=2),
    Column("age", "AGE", 4, right=True),
    Column("spark", "15m", 6, rank=4, sortable=False),
)
_NORMAL: Final = (
    _GLYPH,
    Column("host", "HOST", 14, flexible=True),
    Column("role", "ROLE", 11, rank=6),
    Column("load", "LOAD", 4, right=True),
    Column("cpu", "CPU", 3, right=True),
    Column("mem", "MEM", 3, right=True, rank=7),
    Column("disk", "DSK", 3, right=True),
    Column("age", "AGE", 4, right=True),
    Column("alerts", "AL", 2, right=True, rank=4),
    Column("spark", "LOAD 15m", 8, rank=5, sortable=False),
)
_FULL: Final = (
    _GLYPH,
    Column("host", "HOST", 16),
    Column("role", "ROLE", 12, rank=6),
    Column("load", "LOAD", 4, right=True),
    Column("cpu", "CPU", 3, right=True),
    Column("mem", "MEM", 3, right=True, rank=7),
    Column("disk", "DSK", 3, right=True),
    Column("net", "NET", 5, right=True, rank=9),
    Column("up", "UP", 5, right=True, rank=8),
    Column("age", "AGE", 4, right=True),
    Column("alerts", "AL", 2, right=True, rank=4),
    Column("spark", "LOAD15m", 7, rank=5, sortable=False),
    Column("note", "NOTE", 12, flexible=True, rank=10, sortable=False),
)


def table(
    snapshot: Snapshot,
    now: float,
    width: int,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
    cache: RowCache | None = None,
) -> Table:
    """Make the Hosts pane; arguments as for fires."""
    cache = cache or RowCache()
    ledger = cache.once(HostLedger)
    ledger.follow(snapshot)
    names = _sorted(_passing(snapshot, now, options, cache, ledger), snapshot, now, options, ledger)
    wanted = columns(width, options, ledger.sources)
    painter = _Painter(now, wanted, options, cache, ledger.words)
    keys = ledger.keys if names is ledger.names else keys_of(names)
    rows = LazyRows(keys, lambda key: painter.row(snapshot.hosts[key[len(KIND) :]]))
    cache.forget(snapshot.hosts)
    return Table(
        columns=wanted,
        rows=rows,
        title=_title(ledger.counts, len(snapshot.hosts), width, options),
        hint=cell(hint(options), Tone.DIM),
        footer=_footer(len(snapshot.hosts), len(rows)),
        empty=_empty(snapshot, options),
    )


def hint(options: ViewOptions) -> str:
    """Say how a pane of hosts or services is ordered and cut."""
    words = [options.sort or "faults first"]
    if options.inverted:
        words.append("inverted")
    if options.faults_only:
        words.insert(0, "faults only")
    if options.wide:
        words.append("wide")
    return "  ".join(words)


def is_bad(record: HostRecord) -> bool:
    """Tell whether a host is a fault."""
    return record.state in _BAD


def _passing(
    snapshot: Snapshot, now: float, options: ViewOptions, cache: RowCache, ledger: HostLedger
) -> Sequence[str]:
    """Name the hosts that are shown, in the pane's own order."""
    hosts, names = snapshot.hosts, ledger.names
    if options.faults_only:
        names = tuple(name for name in names if is_bad(hosts[name]))
    if options.filter.expr is None:
        return names

    def env(record: HostRecord) -> Env:
        text = cache.value("host=", record.name, record, None, lambda: host_text(record).lower())
        return host_env(record, now, options.me, text)

    sieve: Sieve[HostRecord] = Sieve(options.filter, cache, "host", env, now)
    records = map(hosts.__getitem__, names)
    passing = sieve.passing((record.name, record, is_stale(record, now)) for record in records)
    return [record.name for record in passing]


def _sorted(
    names: Sequence[str],
    snapshot: Snapshot,
    now: float,
    options: ViewOptions,
    ledger: HostLedger,
) -> Sequence[str]:
    """Order hosts by what was asked for; they come in the pane's own order."""
    value = _SORTS.get(options.sort)
    if value is not None:
        hosts, orders = snapshot.hosts, ledger.orders
        names = sorted(names, key=lambda name: (*_placed(value(hosts[name], now)), orders[name]))
    return names[::-1] if options.inverted else names


def _placed(value: object) -> tuple[bool, object]:
    """Order a value after all known ones when it is missing."""
    return (value is None, 0 if value is None else value)


def _metric(name: str, sign: int = -1) -> Callable[[HostRecord, float], object]:
    def value(record: HostRecord, now: float) -> object:
        number = record.metrics.get(name)
        return None if number is None or is_stale(record, now) else sign * number

    return value


_SORTS: Final[Mapping[str, Callable[[HostRecord, float], object]]] = {
    "host": lambda record, _: natural_key(record.name),
    "role": lambda record, _: role(record) or None,
    "load": _metric("load.1m"),
    "cpu": _metric("cpu.busy"),
    "mem": _metric("mem.used_ratio"),
    "disk": _metric("fs.worst_used_ratio"),
    "up": _metric("uptime", sign=1),
    "net": lambda record, now: None if is_stale(record, now) else -(network(record) or 0.0),
    "age": lambda record, _: record.at,
    "alerts": lambda record, _: -record.alerts,
}


def role(record: HostRecord) -> str:
    """Name what a host is for: its `role` label, else its first group."""
    return record.labels.get("role") or next(iter(record.groups), "")


def network(record: HostRecord) -> float | None:
    """Sum what a host receives and sends, bytes a second."""
    received, sent = record.metrics.get("net.rx_total"), record.metrics.get("net.tx_total")
    return None if received is None or sent is None else received + sent


class _Painter:
    """Makes rows: the whole one when its record changes, only the age when time goes on."""

    def __init__(
        self,
        now: float,
        wanted: tuple[Column, ...],
        options: ViewOptions,
        cache: RowCache,
        words: Mapping[str, str],
    ) -> None:
        self._now = now
        self._wanted = wanted
        self._options = options
        self._cache = cache
        self._age_at = next((n for n, column in enumerate(wanted) if column.id == "age"), -1)
        self._spark = next((column.width for column in wanted if column.id == "spark"), 0)
        self._look = (wanted, options.glyphs)
        self._words = words if any(column.id == "note" for column in wanted) else {}

    def row(self, record: HostRecord) -> Row:
        """Give a host's row."""
        age = fmt.age_of(record.at, self._now, self._options.glyphs)
        stale = is_stale(record, self._now)
        return self._cache.value(
            "host",
            record.name,
            record,
            (stale, age, self._look, self._words.get(record.name)),
            lambda: self._aged(record, age, stale=stale),
        )

    def _aged(self, record: HostRecord, age: Safe, *, stale: bool) -> Row:
        whole = self._cache.value(
            "host.",
            record.name,
            record,
            (stale, self._look, self._words.get(record.name)),
            lambda: self._whole(record, stale=stale),
        )
        at = self._age_at
        if at < 0:
            return whole
        tone = Tone.STALE if stale and record.at else Tone.NORMAL
        return Row(
            whole.key, (*whole.cells[:at], safe_cell(age, tone), *whole.cells[at + 1 :]), whole.tone
        )

    def _whole(self, record: HostRecord, *, stale: bool) -> Row:
        seen = _Seen(record, stale, self._options, self._spark, self._words.get(record.name, ""))
        cells = tuple(_CELLS[column.id](seen) for column in self._wanted)
        return Row(f"host:{record.name}", cells, row_tone(record.state))


def row_tone(state: str) -> Tone:
    """Let healthy rows recede and maintenance fade; faults stand."""
    if state in ("critical", "warning", "unknown", "down", "degraded"):
        return Tone.NORMAL
    return Tone.MUTED if state in ("maintenance", "pending") else Tone.DIM


class _Seen(NamedTuple):
    record: HostRecord
    stale: bool
    options: ViewOptions
    spark_width: int
    words: str

    def number(self, name: str) -> float | None:
        """Give a metric that may be believed."""
        return None if self.stale else self.record.metrics.get(name)


def _spark(seen: _Seen) -> Cell:
    state = seen.record.state
    tone = Tone.SPARK if is_bad(seen.record) else Tone.SPARK_DIM
    text = fmt.spark(seen.record.spark, seen.spark_width, seen.options.glyphs)
    if "?" not in text:
        return safe_cell(text, tone)
    cut = text.index("?")
    tail = Tone.STALE if state is HostState.UNKNOWN else Tone.MUTED
    return (*safe_cell(Safe(text[:cut]), tone), *safe_cell(Safe(text[cut:]), tail))


def note(record: HostRecord) -> str:
    """Say in a few words what is the matter with a host: maintenance, why it is unknown, what is odd."""
    if record.maintenance:
        return record.maintenance
    if record.reason:
        return record.reason
    return "this machine" if record.transport == "local" else ""


_CELLS: Final[Mapping[str, Callable[[_Seen], Cell]]] = {
    "glyph": lambda s: cell(
        state_glyph(s.record.state, s.options.glyphs), state_tone(s.record.state)
    ),
    "host": lambda s: cell(s.record.name),
    "role": lambda s: cell(role(s.record)),
    "load": lambda s: safe_cell(fmt.load(s.number("load.1m"), s.options.glyphs)),
    "cpu": lambda s: safe_cell(fmt.percent(s.number("cpu.busy"), s.options.glyphs)),
    "mem": lambda s: safe_cell(fmt.percent(s.number("mem.used_ratio"), s.options.glyphs)),
    "disk": lambda s: safe_cell(fmt.percent(s.number("fs.worst_used_ratio"), s.options.glyphs)),
    "net": lambda s: safe_cell(fmt.size(None if s.stale else network(s.record), s.options.glyphs)),
    "up": lambda s: _uptime(s),
    "age": lambda _: (),
    "alerts": lambda s: cell(str(min(s.record.alerts, 99))),
    "spark": _spark,
    "note": lambda s: cell(
        note(s.record) or s.words or mark_words(s.record.odd, s.options.glyphs), Tone.DIM
    ),
}


def _uptime(seen: _Seen) -> Cell:
    seconds = seen.record.metrics.get("uptime")
    return safe_cell(Safe(seen.options.glyphs.none) if seconds is None else fmt.age(seconds))


def _title(counts: Mapping[str, int], total: int, width: int, options: ViewOptions) -> Cell:
    if width < _NORMAL_FROM:
        return cell(f"Hosts {total}{count_of_bad(counts)}", Tone.STRONG)
    return (
        *cell(f"Hosts {total}: " if total else "Hosts 0", Tone.STRONG),
        *tally(counts, options.glyphs),
    )


def _footer(total: int, shown: int) -> Cell:
    return () if shown == total else cell(f"{shown} of {total} shown", Tone.DIM)


def _empty(snapshot: Snapshot, options: ViewOptions) -> str:
    if not snapshot.engine.pid:
        return WAITING
    if not snapshot.hosts:
        return "No hosts: name some in opsconsole.yaml, or with --hosts."
    if options.filter.source:
        return f"No host passes `{cell(options.filter.source)[0].text}`; esc clears it."
    return "No host is at fault."
