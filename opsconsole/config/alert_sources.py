"""The keys of `alert_sources:`."""

from typing import Final

from opsconsole.config import kinds
from opsconsole.config.document import SourceEntry
from opsconsole.config.fields import Field, Values, list_of, map_of, record_of, table
from opsconsole.config.problems import Problems
from opsconsole.config.services import CA, EVERY, HEADERS, TIMEOUT_FIELD, headers_are_secret
from opsconsole.model.inventory import AlertSource
from opsconsole.model.states import Severity

_LABELS: Final = list_of(kinds.label, or_one=True)
_SEVERITY_WORDS: Final = tuple(word.value for word in Severity)
_URLS: Final = list_of(kinds.url, or_one=True)

NAME = Field("name", kinds.name, "Name of the source.", required=True)
KIND = Field("kind", kinds.choice(("alertmanager",)), "What it speaks.", required=True)
URLS = Field("urls", _URLS, "Every member of one cluster; all are asked.", required=True)
TARGET_HOST = Field("host", _LABELS, "Labels that may name a host; the first one present counts.")
TARGET_SERVICE = Field("service", _LABELS, "Labels that may name a service.")
_TARGET: Final = table("`target:`", TARGET_HOST, TARGET_SERVICE)
TARGET = Field(
    "target",
    record_of(_TARGET, lambda values, _: values),
    "Which labels name our hosts and services.",
)
DROP_LABELS = Field("drop_labels", list_of(kinds.label), "Labels that only tell replicas apart.")
SEVERITY_LABEL = Field("severity_label", kinds.label, "The label that says how bad it is.")
SEVERITIES = Field(
    "severities",
    map_of(kinds.text(100), kinds.choice(_SEVERITY_WORDS)),
    "Their words to ours: {page: critical}.",
)
SOURCE: Final = table(
    "an alert source",
    NAME, KIND, URLS, EVERY, TIMEOUT_FIELD, TARGET, DROP_LABELS, SEVERITY_LABEL, SEVERITIES, HEADERS, CA,
    hints={"url": "the word is urls, a list of the cluster's members", "interval": "the word is every"},
)  # fmt: skip


def _read_source(values: Values, problems: Problems) -> SourceEntry | None:
    headers_are_secret(values, problems)
    every, timeout = values.value(EVERY, 15.0), values.get(TIMEOUT_FIELD)
    if timeout is not None and timeout > every:
        problems.add(values.place(TIMEOUT_FIELD), "timeout is longer than every")
    name, urls = values.get(NAME), values.get(URLS)
    if URLS in values and urls == ():
        problems.add(values.place(URLS), "urls is empty")
    if name is None or not urls:
        return None
    usual = AlertSource(name, "alertmanager", ())
    target = values.get(TARGET)
    source = AlertSource(
        name=name,
        kind=values.value(KIND, "alertmanager"),
        urls=urls,
        every=every,
        timeout=min(usual.timeout if timeout is None else timeout, every),
        host_labels=(target.get(TARGET_HOST) if target else None) or usual.host_labels,
        service_labels=(target.get(TARGET_SERVICE) if target else None) or usual.service_labels,
        drop_labels=values.value(DROP_LABELS, usual.drop_labels),
        severity_label=values.value(SEVERITY_LABEL, usual.severity_label),
        severities={raw: Severity(ours) for raw, ours in values.value(SEVERITIES, {}).items()},
        headers=values.value(HEADERS, {}),
        ca=values.get(CA),
    )
    return SourceEntry(values.place(NAME), source)


sources: Final = list_of(record_of(SOURCE, _read_source))
