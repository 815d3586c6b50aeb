"""The keys of `alert_sources:`."""

from typing import Final

from opsconsole.config import kinds
from opsconsole.config.checks import EVERY, TIMEOUT_FIELD
from opsconsole.config.credentials import (
    BASIC_FIELD,
    BEARER,
    CA,
    CERT,
    HEADERS,
    KEY,
    check_credentials,
    login_of,
)
from opsconsole.config.document import SourceEntry
from opsconsole.config.fields import Field, Values, list_of, map_of, record_of, table
from opsconsole.config.problems import Problems
from opsconsole.model.inventory import AlertSource
from opsconsole.model.states import Severity

_LABELS: Final = list_of(kinds.label, or_one=True)
_SEVERITY_WORDS: Final = tuple(word.value for word in Severity)
_URLS: Final = list_of(kinds.url, or_one=True)

KINDS: Final = ("alertmanager", "prometheus", "icinga", "webhook", "plugin")
_MOST: Final = 100_000

NAME = Field("name", kinds.name, "Name of the source.", required=True)
KIND = Field("kind", kinds.choice(KINDS), "What it speaks.", required=True)
URLS = Field("urls", _URLS, "Every member of one cluster, all are asked; with their path prefix.")
PREFIX = Field("prefix", kinds.url_path, "Path put behind each of the `urls`: /alertmanager.")
LISTEN = Field(
    "listen", kinds.listener, "webhook: 127.0.0.1:9097, or the path of a unix socket of its own."
)
PLUGIN = Field("plugin", kinds.action, "plugin: the alert source that a plugin brings: acme.hub.")
TARGET_HOST = Field("host", _LABELS, "Labels that may name a host; the first one present counts.")
TARGET_SERVICE = Field("service", _LABELS, "Labels that may name a service.")
_TARGET: Final = table("`target:`", TARGET_HOST, TARGET_SERVICE)
TARGET = Field(
    "target",
    record_of(_TARGET, lambda values, _: values),
    "Which labels name our hosts and services.",
)
DROP_LABELS = Field("drop_labels", list_of(kinds.label), "Labels that only tell replicas apart.")
EXTERNAL_LABELS = Field(
    "external_labels",
    map_of(kinds.label, kinds.text()),
    "prometheus: what it adds to its alerts; without it the server's own configuration is read.",
)
SEVERITY_LABEL = Field("severity_label", kinds.label, "The label that says how bad it is.")
SEVERITIES = Field(
    "severities",
    map_of(kinds.text(100), kinds.choice(_SEVERITY_WORDS)),
    "Their words to ours: {page: critical}.",
)
MAX_ALERTS = Field(
    "max_alerts", kinds.integer(1, _MOST), "More than so many are not taken in; the feed says so."
)
SOURCE: Final = table(
    "an alert source",
    NAME, KIND, URLS, PREFIX, LISTEN, PLUGIN, EVERY, TIMEOUT_FIELD, TARGET, DROP_LABELS, EXTERNAL_LABELS,
    SEVERITY_LABEL, SEVERITIES, MAX_ALERTS, HEADERS, BASIC_FIELD, BEARER, CA, CERT, KEY,
    hints={
        "url": "the word is urls, a list of the cluster's members",
        "interval": "the word is every",
        "token": "the word is bearer",
    },
)  # fmt: skip


def _read_source(values: Values, problems: Problems) -> SourceEntry | None:
    _sensible(values, problems)
    name, kind = values.get(NAME), values.get(KIND)
    urls = _addresses(values, problems)
    if name is None or kind is None or urls is None:
        return None
    usual = AlertSource(name, kind)
    every = values.value(EVERY, usual.every)
    target = values.get(TARGET)
    user, password = login_of(values)
    source = AlertSource(
        name=name,
        kind=kind,
        urls=urls,
        every=every,
        timeout=min(values.value(TIMEOUT_FIELD, usual.timeout), every),
        host_labels=(target.get(TARGET_HOST) if target else None) or usual.host_labels,
        service_labels=(target.get(TARGET_SERVICE) if target else None) or usual.service_labels,
        drop_labels=values.value(DROP_LABELS, usual.drop_labels),
        external_labels=values.value(EXTERNAL_LABELS, {}),
        severity_label=values.value(SEVERITY_LABEL, usual.severity_label),
        severities={raw: Severity(ours) for raw, ours in values.value(SEVERITIES, {}).items()},
        max_alerts=values.value(MAX_ALERTS, usual.max_alerts),
        headers=values.value(HEADERS, {}),
        user=user,
        password=password,
        bearer=values.value(BEARER, ""),
        ca=values.get(CA),
        cert=values.get(CERT),
        key=values.get(KEY),
        listen=values.value(LISTEN, ""),
    )
    return SourceEntry(values.place(NAME), source)


def _without_urls(values: Values, problems: Problems) -> tuple[str, ...] | None:
    """Give the addresses of the kinds that have no `urls:`; None for all others."""
    match values.get(KIND):
        case "webhook":
            if LISTEN not in values:
                problems.add(values.mark, "a webhook needs `listen:`, where it is told")
            if URLS in values:
                problems.add(values.place(URLS), "a webhook asks nobody: it has `listen:`, no urls")
            return ()
        case "plugin":
            if PLUGIN not in values or URLS in values:
                problems.add(values.mark, "a plugin's source needs `plugin:` and has no urls")
            return (f"plugin:{values.value(PLUGIN, '')}",)
        case _:
            return None


def _addresses(values: Values, problems: Problems) -> tuple[str, ...] | None:
    """Give the members' addresses; None after telling what is missing."""
    if (known := _without_urls(values, problems)) is not None:
        return known
    if LISTEN in values:
        problems.add(values.place(LISTEN), "listen is for webhook sources")
    urls = values.get(URLS)
    if not urls:
        empty = URLS in values and urls == ()
        place = values.place(URLS) if empty else values.mark
        text = "urls is empty" if empty else "an alert source needs `urls:`"
        if empty or URLS not in values:
            problems.add(place, text)
        return None
    prefix = values.value(PREFIX, "").rstrip("/")
    return tuple(f"{url.rstrip('/')}{prefix}" for url in urls) if prefix else urls


def _sensible(values: Values, problems: Problems) -> None:
    check_credentials(values, problems)
    timeout = values.get(TIMEOUT_FIELD)
    if timeout is not None and timeout > values.value(EVERY, AlertSource("", "").every):
        problems.add(values.place(TIMEOUT_FIELD), "timeout is longer than every")


sources: Final = list_of(record_of(SOURCE, _read_source))
