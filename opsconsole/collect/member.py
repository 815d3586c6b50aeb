"""What one member of an alert source said when it was asked, and how several become one list."""

from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from typing import Protocol

from msgspec import Struct, structs

from opsconsole.model.sample import RemoteAlert
from opsconsole.model.text import clean
from opsconsole.transport.http_answer import HttpAnswer, HttpFault


class Member(Struct, frozen=True):
    """What one member said; `reason` says why there is nothing."""

    url: str
    started_at: float = 0.0
    clock: float = 0.0
    """Its own clock when it answered; 0: not told."""
    peers: int | None = None
    """Members it sees, itself included, where it is a cluster that must see itself whole."""
    alerts: tuple[RemoteAlert, ...] = ()
    size: int = 0
    """Bytes of its list."""
    reason: str = ""
    refused: bool = False
    note: str = ""
    """What is worth a word though it answered: rules not evaluated yet."""
    partial: bool = False
    """True: its list is not all it will have soon; what is missing says nothing yet."""

    @property
    def is_up(self) -> bool:
        """Tell whether it answered."""
        return not self.reason


class MemberReader(Protocol):
    """Knows one protocol; asks one member for everything."""

    async def ask(self, url: str) -> Member:
        """Ask the member at a base URL; every failure is a Member with a reason."""
        ...


def failed(url: str, answer: HttpAnswer, reason: str) -> Member:
    """Make what a member that is of no use said."""
    return Member(url, reason=reason, refused=answer.fault is HttpFault.REFUSED)


def problem(answer: HttpAnswer) -> str:
    """Say why a reply is of no use; empty when it is."""
    if answer.fault is not None:
        return answer.reason or str(answer.fault)
    if answer.status != 200:  # an error body has one of three shapes; its first bytes say enough
        said = clean(answer.body[:200].strip())
        return f"status {answer.status} {said}".strip()
    return ""


def clock_of(answer: HttpAnswer) -> float:
    """Read the `Date` header (RFC 9110, 6.6.1) as epoch seconds; 0 where there is none."""
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except ValueError:
        return 0.0


def merge(lists: Iterable[tuple[RemoteAlert, ...]]) -> tuple[RemoteAlert, ...]:
    """Join the members' lists by fingerprint: the earliest start, and every reason to be quiet."""
    found: dict[str, RemoteAlert] = {}
    for alert in (alert for alerts in lists for alert in alerts):
        other = found.get(alert.fingerprint)
        found[alert.fingerprint] = alert if other is None else _joined(other, alert)
    return tuple(found.values())


def _joined(one: RemoteAlert, two: RemoteAlert) -> RemoteAlert:
    if one.pending != two.pending:  # a replica that lags behind does not make it begin earlier
        return two if one.pending else one
    return structs.replace(
        one,
        starts_at=min(one.starts_at, two.starts_at),
        silenced_by=_union(one.silenced_by, two.silenced_by),
        inhibited_by=_union(one.inhibited_by, two.inhibited_by),
        muted_by=_union(one.muted_by, two.muted_by),
        receivers=_union(one.receivers, two.receivers),
        value=two.value if one.value is None else one.value,
    )


def _union(one: tuple[str, ...], two: tuple[str, ...]) -> tuple[str, ...]:
    return one if one == two else tuple(dict.fromkeys((*one, *two)))
