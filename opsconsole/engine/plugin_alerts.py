"""A plugin's alert source: what it says becomes alerts like any other source's."""

import hashlib

from opsconsole.actions.answers import AnswerError, read_alerts
from opsconsole.actions.contributing import FoundAlert
from opsconsole.collect.member import Member
from opsconsole.collect.plugin_port import PREFIX
from opsconsole.model.sample import RemoteAlert
from opsconsole.model.text import LABEL_LIMIT, NAME_LIMIT, clean
from opsconsole.runs.contributions import Contributions


async def plugin_alerts(contributions: Contributions, source: str) -> Member:
    """Ask a plugin for all that fires; whatever it does, a Member comes back."""
    name = source.removeprefix(PREFIX)
    spec = contributions.find("alert_source", name)
    if spec is None:
        return Member(source, reason=f"no plugin brings the alert source {name}")
    found = await contributions.call(spec)
    if found.error:
        return Member(source, reason=found.error)
    try:
        alerts = tuple(_alert(each, name) for each in read_alerts(found.answer))
    except AnswerError as error:
        contributions.blame(spec, str(error))
        return Member(source, reason=str(error))
    return Member(source, alerts=alerts)


def _alert(found: FoundAlert, source: str) -> RemoteAlert:
    labels: dict[str, str] = {
        clean(k, NAME_LIMIT): clean(v, LABEL_LIMIT) for k, v in found.labels.items()
    }
    said = {"alertname": clean(found.name, NAME_LIMIT), "severity": clean(found.severity, 40)}
    digest = hashlib.sha256(f"{source}\0{found.key}".encode()).hexdigest()[:16]
    return RemoteAlert(
        digest,
        {**labels, **said},
        {"summary": clean(found.summary, LABEL_LIMIT)} if found.summary else {},
        found.since,
        mutes_known=False,
    )
