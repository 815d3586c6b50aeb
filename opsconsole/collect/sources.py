"""Builds the probe of an alert source from its kind."""

from collections.abc import Callable

from opsconsole.clock import Clock
from opsconsole.collect.alertmanager import AlertmanagerReader
from opsconsole.collect.asker import Asker
from opsconsole.collect.credentials import Credentials
from opsconsole.collect.icinga import IcingaReader
from opsconsole.collect.member import MemberReader
from opsconsole.collect.plugin_port import PluginPort, PluginReader
from opsconsole.collect.prometheus import PrometheusReader
from opsconsole.collect.sink import Sink
from opsconsole.collect.source_asker import SourceAsker
from opsconsole.collect.source_probe import SourceProbe
from opsconsole.collect.webhook import WebhookProbe
from opsconsole.model.inventory import AlertSource


def source_probe(
    source: AlertSource,
    timeout: float,
    *,
    http: Asker,
    credentials: Credentials,
    hear: Callable[[str], None],
    sink: Sink,
    clock: Clock,
    plugins: PluginPort | None = None,
) -> SourceProbe | WebhookProbe:
    """Build the probe of a source; one of kind webhook has to be closed.

    Args:
        source: What is to be watched.
        timeout: Seconds one request may take.
        http: Asks.
        credentials: Knows the secrets.
        hear: Takes heartbeats; raises RefusedError for a name it does not know.
        sink: Takes the readings.
        clock: For times.
        plugins: Asks those that plugins bring.
    """
    if source.kind == "webhook":
        return WebhookProbe(source, credentials=credentials, hear=hear, sink=sink, clock=clock)
    if source.kind == "plugin":
        reader = PluginReader(plugins or PluginPort())
        return SourceProbe(source, reader, sink=sink, clock=clock)
    asker = SourceAsker(source, timeout, http, credentials)
    return SourceProbe(source, _reader(source, asker, clock), sink=sink, clock=clock)


def _reader(source: AlertSource, asker: SourceAsker, clock: Clock) -> MemberReader:
    match source.kind:
        case "prometheus":
            return PrometheusReader(asker, clock)
        case "icinga":
            return IcingaReader(asker)
        case _:
            return AlertmanagerReader(asker)
