"""Narrowing a list that names hosts by the filter of its pane."""

from collections.abc import Callable

from opsconsole.model.snapshot import Snapshot
from opsconsole.query.environments import host_env
from opsconsole.view.options import ViewOptions


def host_passes(snapshot: Snapshot, now: float, options: ViewOptions) -> Callable[[str], bool]:
    """Give what tells whether a host's name passes the pane's filter; one that is gone passes none."""
    if options.filter.expr is None:
        return lambda _: True
    kept = {
        name
        for name, record in snapshot.hosts.items()
        if options.filter.matches(host_env(record, now, options.me))
    }
    return kept.__contains__
