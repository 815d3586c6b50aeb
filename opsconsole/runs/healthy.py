"""How many hosts are healthy by live data, and whether one more may be worked on; pure. Stale is not healthy."""

from collections.abc import Collection, Mapping
from math import ceil
from typing import Final

from msgspec import Struct

from opsconsole.errors import QueryError
from opsconsole.model.rollout import MinHealthy
from opsconsole.model.snapshot import HostRecord, Snapshot, is_stale
from opsconsole.model.states import HostState, Reach
from opsconsole.query.contexts import HOSTS
from opsconsole.query.environments import host_env
from opsconsole.query.filter_line import compile_filter

CARRIES: Final = (HostState.OK, HostState.WARNING)
"""States in which a host does its work; a full disk elsewhere is no reason to count it out."""


class Capacity(Struct, frozen=True):
    """What stays healthy if one more target is worked on."""

    healthy: int
    """Now, before it."""
    left: int
    """With what is in flight, and it, taken away."""
    limit: int
    stale: int
    """Of those that count, how many were not seen lately."""
    total: int

    @property
    def allows(self) -> bool:
        """Tell whether the target may be begun."""
        return self.left >= self.limit

    @property
    def sentence(self) -> str:
        """Say why not."""
        unseen = f", {self.stale} not seen lately" if self.stale else ""
        return f"{self.healthy} of {self.total} healthy{unseen}; {self.limit} must stay"


def is_healthy(record: HostRecord | None, now: float) -> bool:
    """Tell whether a host was seen lately, and does its work."""
    return (
        record is not None
        and record.state in CARRIES
        and record.reach is Reach.UP
        and not is_stale(record, now)
    )


def capacity(
    rule: MinHealthy,
    members: Collection[str],
    snapshot: Snapshot,
    *,
    away: Collection[str],
    bad: Collection[str],
) -> Capacity:
    """Count.

    Args:
        rule: How many must stay.
        members: Names of the hosts that count (`members_of`).
        snapshot: As it is now.
        away: Hosts that are worked on, the next one included: they do not count as healthy.
        bad: Hosts that this run has made worse, whatever polling has seen so far.
    """
    healthy = {
        name
        for name in members
        if name not in bad and is_healthy(snapshot.hosts.get(name), snapshot.now)
    }
    stale = sum(1 for name in members if _is_unseen(snapshot.hosts, name, snapshot.now))
    return Capacity(
        len(healthy), len(healthy - set(away)), limit_of(rule, len(members)), stale, len(members)
    )


def limit_of(rule: MinHealthy, total: int) -> int:
    """Count how many must stay; a share is rounded up, towards safety."""
    if rule.size.count is not None:
        return rule.size.count
    return ceil(total * (rule.size.percent or 0.0) / 100)


def members_of(rule: MinHealthy, hosts: Collection[str], snapshot: Snapshot) -> tuple[str, ...]:
    """Find the hosts that count.

    Args:
        rule: Its `of`: service.hosts (all hosts of the services that these carry), targets, or a filter.
        hosts: The run's hosts.
        snapshot: What exists.

    Raises:
        QueryError: The filter cannot be read.
    """
    if rule.of == "targets":
        return tuple(hosts)
    if rule.of == "service.hosts":
        mine = set(hosts)
        found = [
            host for s in snapshot.services.values() if mine & set(s.hosts) for host in s.hosts
        ]
        return tuple(dict.fromkeys(found)) or tuple(hosts)
    line = compile_filter(rule.of, HOSTS)
    return tuple(n for n, r in snapshot.hosts.items() if line.matches(host_env(r, snapshot.now)))


def check_rule(rule: MinHealthy) -> str:
    """Say what is wrong with a rule's filter; empty when it can be read."""
    if rule.of in ("targets", "service.hosts"):
        return ""
    try:
        compile_filter(rule.of, HOSTS)
    except QueryError as error:
        return str(error)
    return ""


def _is_unseen(hosts: Mapping[str, HostRecord], name: str, now: float) -> bool:
    record = hosts.get(name)
    return record is None or is_stale(record, now)
