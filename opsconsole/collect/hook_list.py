"""What an Alertmanager posts to a webhook (version 4), and what Grafana posts alike
(https://prometheus.io/docs/alerting/latest/configuration/#webhook_config).
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec import Struct

from opsconsole.collect.alert_list import clean_map, seconds_of, start_of
from opsconsole.errors import ParseError
from opsconsole.model.alert import fingerprint
from opsconsole.model.sample import RemoteAlert
from opsconsole.model.text import LABEL_LIMIT, MESSAGE_LIMIT, NAME_LIMIT, clean


class _Alert(Struct, rename="camel"):
    labels: dict[str, str]
    status: str = "firing"
    starts_at: datetime | None = None
    annotations: dict[str, str] | None = None
    generator_url: str = msgspec.field(default="", name="generatorURL")


class _Message(Struct, rename="camel"):
    alerts: list[_Alert]
    receiver: str = ""
    truncated_alerts: int = 0


class Told(Struct, frozen=True):
    """One message."""

    firing: tuple[RemoteAlert, ...]
    ended: tuple[str, ...]
    """Fingerprints."""
    left_out: int = 0
    """Alerts that the sender cut off (`max_alerts` there)."""


def read_message(body: bytes, drop_labels: Iterable[str]) -> Told:
    """Read one message.

    Raises:
        ParseError: It is something else.
    """
    try:
        message = msgspec.json.decode(body, type=_Message)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise ParseError("webhook", start_of(body)) from None
    drop = frozenset(drop_labels)
    receiver = clean(message.receiver, NAME_LIMIT)
    firing: list[RemoteAlert] = []
    ended: list[str] = []
    for alert in message.alerts:
        labels = {k: v for k, v in alert.labels.items() if k not in drop and v}
        if alert.status == "resolved":
            ended.append(fingerprint(labels))
        else:
            firing.append(_record(alert, labels, receiver))
    return Told(tuple(firing), tuple(ended), message.truncated_alerts)


def _record(alert: _Alert, labels: dict[str, str], receiver: str) -> RemoteAlert:
    return RemoteAlert(
        fingerprint=fingerprint(labels),
        labels=clean_map(labels, LABEL_LIMIT),
        annotations=clean_map(alert.annotations or {}, MESSAGE_LIMIT),
        starts_at=seconds_of(alert.starts_at) if alert.starts_at else 0.0,
        generator_url=clean(alert.generator_url, LABEL_LIMIT),
        receivers=(receiver,) if receiver else (),
        mutes_known=False,
    )
