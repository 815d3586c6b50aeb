"""A host's drill-down, its devices: file systems and network, worst or busiest first."""

from collections.abc import Mapping
from typing import Final

from opsconsole.model.metrics import instances
from opsconsole.model.snapshot import HostRecord, Snapshot, is_stale
from opsconsole.view import format as fmt
from opsconsole.view.cells import cell
from opsconsole.view.glyphs import Glyphs
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Column, Row, Table, Tone


def mounts(metrics: Mapping[str, float]) -> list[tuple[Mapping[str, str], float]]:
    """List file systems, the fullest first."""
    return sorted(instances(metrics, "fs.used_ratio"), key=lambda pair: -pair[1])


def use_tone(ratio: float) -> Tone:
    """Give the tone of how full a file system is."""
    if ratio >= _FULL:
        return Tone.CRITICAL
    return Tone.WARNING if ratio >= _NEARLY else Tone.NORMAL


_FULL: Final = 0.95
_NEARLY: Final = 0.9


def disks(
    snapshot: Snapshot,
    name: str,
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Table:
    """List a host's file systems, the fullest first."""
    record, glyphs = snapshot.hosts.get(name), options.glyphs
    metrics = {} if record is None else record.metrics
    rows = tuple(
        _mount_row(labels.get("mount", "?"), ratio, metrics, glyphs)
        for labels, ratio in mounts(metrics)
    )
    return Table(
        columns=(
            Column("mount", "MOUNT", 16, flexible=True),
            Column("size", "SIZE", 5, right=True),
            Column("free", "FREE", 5, right=True),
            Column("used", "USE%", 4, right=True),
            Column("inodes", "INO%", 4, right=True),
            Column("bar", "", 20, sortable=False),
        ),
        rows=rows,
        title=cell("Disks", Tone.STRONG),
        hint=_as_of(record, now),
        empty="No file systems are known of it.",
    )


def net(
    snapshot: Snapshot,
    name: str,
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Table:
    """List a host's network devices, the busiest first."""
    record, glyphs = snapshot.hosts.get(name), options.glyphs
    metrics = {} if record is None else record.metrics
    found = sorted(instances(metrics, "net.rx"), key=lambda pair: -pair[1])
    rows = tuple(
        _device_row(labels.get("dev", "?"), received, metrics, glyphs) for labels, received in found
    )
    return Table(
        columns=(
            Column("dev", "DEVICE", 14, flexible=True),
            Column("link", "LINK", 4),
            Column("rx", "IN/s", 6, right=True),
            Column("tx", "OUT/s", 6, right=True),
            Column("errors", "ERR/s", 6, right=True),
            Column("drops", "DROP/s", 6, right=True),
        ),
        rows=rows,
        title=cell("Network", Tone.STRONG),
        hint=_as_of(record, now),
        empty="No network devices are known of it.",
    )


def _mount_row(mount: str, ratio: float, metrics: Mapping[str, float], glyphs: Glyphs) -> Row:
    inodes = metrics.get(f"fs.inodes_available_ratio{{mount={mount}}}")
    cells = (
        cell(mount),
        cell(fmt.size(metrics.get(f"fs.size{{mount={mount}}}"), glyphs)),
        cell(fmt.size(metrics.get(f"fs.available{{mount={mount}}}"), glyphs)),
        cell(fmt.percent(ratio, glyphs), use_tone(ratio)),
        cell(fmt.percent(None if inodes is None else 1 - inodes, glyphs)),
        cell(fmt.bar(ratio, 20, glyphs), Tone.SPARK),
    )
    return Row(f"mount:{mount}", cells)


def _device_row(dev: str, received: float, metrics: Mapping[str, float], glyphs: Glyphs) -> Row:
    sent, errors, drops, link = (
        metrics.get(f"{name}{{dev={dev}}}")
        for name in ("net.tx", "net.errors", "net.drops", "net.link_up")
    )
    word = glyphs.none if link is None else "up" if link else "down"
    tone = Tone.WARNING if errors or drops else Tone.NORMAL
    cells = (
        cell(dev),
        cell(word, Tone.WARNING if link == 0 else Tone.NORMAL),
        cell(fmt.size(received, glyphs)),
        cell(fmt.size(sent, glyphs)),
        cell(_rate(errors, glyphs), tone),
        cell(_rate(drops, glyphs), tone),
    )
    return Row(f"dev:{dev}", cells)


def _rate(value: float | None, glyphs: Glyphs) -> str:
    return glyphs.none if value is None else f"{value:.1f}"


def _as_of(record: HostRecord | None, now: float) -> Cell:
    if record is None or not record.at:
        return ()
    return cell(
        f"as of {fmt.age(now - record.at)} ago", Tone.STALE if is_stale(record, now) else Tone.DIM
    )
