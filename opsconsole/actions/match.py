"""Which actions are offered on what: the `match` predicates, over host, service, alert, fleet, me, now."""

from collections.abc import Iterable

from msgspec import Struct

from opsconsole.model.action import ActionSpec
from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import HostRecord, ServiceRecord, Snapshot


class Subject(Struct, frozen=True):
    """What a person stands on; whatever of it there is."""

    host: HostRecord | None = None
    service: ServiceRecord | None = None
    alert: Alert | None = None
    me: str = ""


def subject_of(snapshot: Snapshot, ref: str, episode: str | None = None, me: str = "") -> Subject:
    """Find what a reference (`host:db-02`, `service:checkout`) and an alert's episode mean."""
    raise NotImplementedError


def is_offered(spec: ActionSpec, subject: Subject, now: float) -> bool:
    """Tell whether an action fits; one that cannot be decided is not offered."""
    raise NotImplementedError


def offered(specs: Iterable[ActionSpec], subject: Subject, now: float) -> tuple[ActionSpec, ...]:
    """List what is offered, those whose `match` names the alert first, then by id."""
    raise NotImplementedError


def first_runbook(specs: Iterable[ActionSpec], subject: Subject, now: float) -> str | None:
    """Find the first offered action whose `match` names the alert: what the RUNBOOK column shows."""
    raise NotImplementedError
