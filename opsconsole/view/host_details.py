"""A host's drill-down, the tabs one looks at second: raw values, history, what can be run."""

from collections.abc import Sequence
from typing import Final

from opsconsole.model.calls import Series
from opsconsole.model.metrics import METRICS, Unit, split_key
from opsconsole.model.selection import Selection
from opsconsole.model.snapshot import HostRecord, Snapshot, is_stale
from opsconsole.view import format as fmt
from opsconsole.view.cells import cell, span
from opsconsole.view.glyphs import Glyphs
from opsconsole.view.naming import natural_key
from opsconsole.view.offers import Offer, locked_words, offers, short_id
from opsconsole.view.options import ViewOptions
from opsconsole.view.peek import effect_words
from opsconsole.view.rows import Cell, Column, Row, Table, Tone
from opsconsole.view.sections import Section

HISTORY: Final = (
    "load.per_core", "cpu.busy", "mem.used_ratio", "fs.worst_used_ratio", "net.rx_total", "net.tx_total",
)  # fmt: skip
"""Metrics of the history tab: of those the engine keeps."""


_LONG: Final = 600.0
_EXACT_FROM: Final = 999.5
"""From here three digits would be written `1e+03`."""


def raw(
    snapshot: Snapshot,
    name: str,
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Section:
    """Show everything that is known of a host, as it was told."""
    record = snapshot.hosts.get(name)
    title = cell("Raw", Tone.STRONG)
    if record is None:
        return Section("raw", (), title)
    lines = [_pair(key, value) for key, value in _facts(record, now)]
    lines.append(())
    names = sorted(record.metrics, key=natural_key)
    lines += [_pair(key, _value(key, record.metrics[key], options.glyphs)) for key in names]
    return Section("raw", tuple(lines), title)


def _facts(record: HostRecord, now: float) -> list[tuple[str, str]]:
    head = [
        ("state", str(record.state)),
        ("reach", str(record.reach or "never polled")),
        ("reason", record.reason),
        ("address", f"{record.address}:{record.port}"),
        ("user", record.user or "(the engine's)"),
        ("jump", " ".join(record.jump)),
        ("transport", record.transport),
        ("every", f"{record.every:g}s, timeout {record.timeout:g}s"),
        ("stale", "yes" if is_stale(record, now) else "no"),
        ("groups", " ".join(record.groups)),
        ("labels", " ".join(f"{k}={v}" for k, v in record.labels.items())),
    ]
    return [(key, value) for key, value in (*head, *sorted(record.facts.items())) if value]


def _pair(key: str, value: str) -> Cell:
    return (span(f"{key:<28} ", Tone.ACCENT), span(value))


def _value(key: str, value: float, glyphs: Glyphs) -> str:
    metric = METRICS.get(split_key(key)[0])
    match metric.unit if metric else Unit.NONE:
        case Unit.RATIO:
            return f"{value * 100:.1f}%"
        case Unit.BYTES:
            return f"{fmt.size(value, glyphs)}  ({value:.0f})"
        case Unit.BYTES_PER_SECOND:
            return f"{fmt.size(value, glyphs)}/s"
        case Unit.SECONDS:
            return f"{value:.3f}s" if value < _LONG else fmt.age(value)
        case _:
            return f"{value:.3g}" if abs(value) < _EXACT_FROM else f"{value:.0f}"


def history(
    series: Series | None,
    width: int,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Section:
    """Draw a host's series, one a line, with the newest value and the span's extremes."""
    title = cell("History", Tone.STRONG)
    if series is None or not series.at:
        return Section("history", (cell("no samples are kept yet", Tone.DIM),), title)
    lines = [_curve(name, values, width, options.glyphs) for name, values in series.values.items()]
    span_text = f"{fmt.clock_time(series.at[0], options.time)} to {fmt.clock_time(series.at[-1], options.time)}"
    return Section("history", tuple(lines), title, cell(span_text, Tone.DIM))


def _curve(name: str, values: Sequence[float | None], width: int, glyphs: Glyphs) -> Cell:
    known = [value for value in values if value is not None]
    room = max(8, width - 58)
    drawn = fmt.spark_of(tuple(values), room, glyphs)
    if not known:
        tail = "nothing known"
    else:
        shown = [
            _value(name, value, glyphs).partition("  ")[0]
            for value in (known[-1], min(known), max(known))
        ]
        tail = f"now {shown[0]}  min {shown[1]}  max {shown[2]}"
    return (span(f"{name:<20} ", Tone.ACCENT), span(drawn, Tone.SPARK), span(f"  {tail}", Tone.DIM))


def runbooks(
    snapshot: Snapshot,
    key: str,
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Table:
    """List the actions offered for an object, with why one is refused now."""
    found = offers(snapshot, Selection("runbooks", key, me=options.me), now)
    locked = locked_words(found)
    return Table(
        columns=(
            Column("action", "ACTION", 14),
            Column("title", "WHAT IT DOES", 28, flexible=True),
            Column("now", "EFFECT", 22, flexible=True, rank=1),
        ),
        rows=tuple(_offer_row(offer) for offer in found),
        title=cell(f"Runbooks {len(found)}", Tone.STRONG),
        hint=cell("enter plans it", Tone.DIM),
        footer=cell(locked, Tone.DIM) if locked else (),
        empty="No action is offered for it.",
    )


def _offer_row(offer: Offer) -> Row:
    action = offer.action
    effect = effect_words(action.effect)
    if offer.refusal:
        effect = f"{effect.partition(',')[0]}; {offer.short_refusal}"
    tone = Tone.MUTED if offer.refusal else Tone.DIM
    cells = (cell(short_id(action.id)), cell(action.title), cell(effect, tone))
    return Row(f"action:{action.id}", cells, Tone.MUTED if offer.refusal else Tone.NORMAL)
