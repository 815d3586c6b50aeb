"""Alertmanager's JSON (API v2) made into our records: cleaned, and under one fingerprint across replicas."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec import Struct

from opsconsole.errors import ParseError
from opsconsole.model.alert import fingerprint
from opsconsole.model.sample import RemoteAlert
from opsconsole.model.text import LABEL_LIMIT, MESSAGE_LIMIT, NAME_LIMIT, clean

_PRINT: Final = re.compile(r"[0-9a-f]{16}")
_SHOWN: Final = 80
_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_MOST_LABELS: Final = 64
_MOST_NAMES: Final = 32


class _Named(Struct):
    name: str = ""


class _AlertStatus(Struct, rename="camel"):
    silenced_by: list[str] | None = None
    inhibited_by: list[str] | None = None
    muted_by: list[str] | None = None
    """Since 0.28; absent before."""


class _Alert(Struct, rename="camel"):
    labels: dict[str, str]
    starts_at: datetime
    status: _AlertStatus = msgspec.field(default_factory=_AlertStatus)
    annotations: dict[str, str] | None = None
    fingerprint: str = ""
    generator_url: str = msgspec.field(default="", name="generatorURL")
    receivers: list[_Named] | None = None


class _Peer(Struct):
    name: str = ""


class _Cluster(Struct):
    status: str = ""
    peers: list[_Peer] | None = None


class _Status(Struct):
    uptime: datetime
    """Really the moment of the start."""
    cluster: _Cluster = msgspec.field(default_factory=_Cluster)


class Status(Struct, frozen=True):
    """What a member says of itself."""

    started_at: float
    peers: int | None
    """Members it sees, itself included; None where it is not in a cluster or still finds its peers."""


def read_status(body: bytes) -> Status:
    """Read `GET /api/v2/status`.

    Raises:
        ParseError: It is not what Alertmanager says.
    """
    try:
        status = msgspec.json.decode(body, type=_Status)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise ParseError("alertmanager status", start_of(body)) from None
    ready = status.cluster.status == "ready" and status.cluster.peers
    return Status(seconds_of(status.uptime), len(status.cluster.peers or ()) if ready else None)


class AlertReader:
    """Reads lists of alerts; remembers fingerprints, which are dear to compute."""

    def __init__(self, drop_labels: Iterable[str]) -> None:
        self._drop = frozenset(drop_labels)
        self._decoder = msgspec.json.Decoder(list[_Alert])
        self._prints: dict[str, str] = {}

    def read(self, body: bytes) -> tuple[RemoteAlert, ...]:
        """Read `GET /api/v2/alerts`, in its order; of two that differ in dropped labels only, both stay.

        Raises:
            ParseError: It is not a list of alerts.
        """
        try:
            alerts = self._decoder.decode(body)
        except (msgspec.MsgspecError, RecursionError, ValueError):
            raise ParseError("alertmanager alerts", start_of(body)) from None
        prints: dict[str, str] = {}
        records = tuple(self._record(alert, prints) for alert in alerts)
        self._prints = prints
        return records

    def _record(self, alert: _Alert, prints: dict[str, str]) -> RemoteAlert:
        labels = {name: value for name, value in alert.labels.items() if name not in self._drop}
        status = alert.status
        return RemoteAlert(
            fingerprint=self._print(alert, labels, prints),
            labels=clean_map(labels, LABEL_LIMIT),
            annotations=clean_map(alert.annotations or {}, MESSAGE_LIMIT),
            starts_at=seconds_of(alert.starts_at),
            silenced_by=clean_names(status.silenced_by),
            inhibited_by=clean_names(status.inhibited_by),
            muted_by=clean_names(status.muted_by),
            generator_url=clean(alert.generator_url, LABEL_LIMIT),
            receivers=clean_names(named.name for named in alert.receivers or ()),
        )

    def _print(self, alert: _Alert, labels: Mapping[str, str], prints: dict[str, str]) -> str:
        """Take the source's own fingerprint where no label was dropped: it is the same sum."""
        theirs = alert.fingerprint
        if not _PRINT.fullmatch(theirs):
            return fingerprint(labels)
        if len(labels) == len(alert.labels):
            return theirs
        ours = self._prints.get(theirs) or fingerprint(labels)
        prints[theirs] = ours
        return ours


def clean_map(values: Mapping[str, str], limit: int) -> Mapping[str, str]:
    """Clean names and values, and leave out what is more than anybody reads."""
    items = list(values.items())[:_MOST_LABELS]
    return {clean(name, NAME_LIMIT): clean(value, limit) for name, value in items}


def clean_names(names: Iterable[str] | None) -> tuple[str, ...]:
    """Clean a list of names."""
    return tuple(clean(name, NAME_LIMIT) for name in list(names or ())[:_MOST_NAMES])


def seconds_of(moment: datetime) -> float:
    """Give epoch seconds; a moment without a zone is taken as UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH).total_seconds()


def start_of(body: bytes) -> str:
    """Give the begin of a body, for a mistake's words."""
    return body[:_SHOWN].decode("utf-8", errors="replace")
