"""Which freeze covers which hosts: the one reading of a freeze's scope, for engine and screen; pure."""

from collections.abc import Collection, Mapping

from opsconsole.errors import QueryError
from opsconsole.model.access import live_freezes
from opsconsole.model.snapshot import Access, Freeze, HostRecord
from opsconsole.query.contexts import HOSTS
from opsconsole.query.environments import host_env
from opsconsole.query.filter_line import compile_filter


def frozen_by(
    access: Access, hosts: Collection[str], records: Mapping[str, HostRecord], now: float
) -> Freeze | None:
    """Find a freeze that covers one of the hosts; a scope that cannot be read covers everything."""
    return next(
        (freeze for freeze in live_freezes(access, now) if covers(freeze, hosts, records, now)),
        None,
    )


def covers(
    freeze: Freeze, hosts: Collection[str], records: Mapping[str, HostRecord], now: float
) -> bool:
    """Tell whether a freeze covers one of the hosts; one that is not known is covered."""
    if freeze.scope.strip() in ("*", ""):
        return True
    try:
        line = compile_filter(freeze.scope, HOSTS)
    except QueryError:
        return True
    return any(name not in records or line.matches(host_env(records[name], now)) for name in hosts)
