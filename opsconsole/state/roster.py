"""How an inventory becomes rows: new hosts and services appear pending, gone ones disappear, others stay."""

from collections.abc import Iterable, Mapping

from msgspec import structs

from opsconsole.model.inventory import AlertSource, Check, Host, Inventory, Service
from opsconsole.model.snapshot import CheckRecord, Feed, HostRecord, ServiceRecord
from opsconsole.state.feeds import SUMMED, feed_of
from opsconsole.state.services import settled_service
from opsconsole.state.world import World, with_tables


def with_inventory(world: World, inventory: Inventory, now: float) -> World:
    """Make the tables follow a newly read inventory; what is known of hosts that stay is kept."""
    shown = world.snapshot
    hosts = {h.name: _host(shown.hosts.get(h.name), h) for h in inventory.hosts if h.polled}
    services = {
        s.name: settled_service(
            _service(shown.services.get(s.name), s), _checks(shown.services.get(s.name), s), now
        )
        for s in inventory.services
    }
    checks = {c.name: _check(shown.checks.get(c.name), c) for c in inventory.checks}
    world = with_tables(
        world,
        hosts=hosts,
        services=services,
        checks=checks,
        feeds=_feeds(shown.feeds, inventory),
        ack_within=inventory.settings.ack_within,
    )
    known = {c.name: c for c in _all_checks(inventory)}
    return structs.replace(
        world,
        checks=known,
        hosts={name: trail for name, trail in world.hosts.items() if name in hosts},
        trails={name: trail for name, trail in world.trails.items() if name in known},
    )


def _all_checks(inventory: Inventory) -> Iterable[Check]:
    yield from inventory.checks
    for service in inventory.services:
        for check in service.checks:
            yield structs.replace(check, service=service.name)


def _host(old: HostRecord | None, host: Host) -> HostRecord:
    if old is not None and (old.address, old.port, old.transport) != (
        host.address, host.port, host.transport,
    ):  # fmt: skip
        old = None  # another machine under the same name
    new = structs.replace(
        old or HostRecord(name=host.name),
        address=host.address,
        labels=host.labels,
        groups=host.groups,
        every=host.every,
        timeout=min(host.timeout, host.every),
        depends_on=host.depends_on,
        jump=host.jump,
        user=host.user or "",
        port=host.port,
        transport=host.transport,
        identity=host.identity,
        known_hosts=host.known_hosts,
        key_alias=host.key_alias,
    )
    return old if old == new else new


def _service(old: ServiceRecord | None, service: Service) -> ServiceRecord:
    new = structs.replace(
        old or ServiceRecord(name=service.name),
        labels=service.labels,
        hosts=service.hosts,
        every=max((check.every for check in service.checks), default=30.0),
        timeout=max((check.timeout for check in service.checks), default=10.0),
        depends_on=service.depends_on,
        runbook=service.runbook,
        runbook_url=service.runbook_url,
    )
    return old if old == new and old is not None else new


def _checks(old: ServiceRecord | None, service: Service) -> tuple[CheckRecord, ...]:
    known = {check.name: check for check in old.checks} if old else {}
    return tuple(_check(known.get(check.name), check) for check in service.checks)


def _check(old: CheckRecord | None, check: Check) -> CheckRecord:
    if old is not None and (old.kind, old.target) != (check.kind, check.target):
        old = None
    new = structs.replace(
        old or CheckRecord(name=check.name, kind=check.kind, target=check.target),
        every=check.every,
        timeout=check.timeout,
        via=check.via or "",
        must=check.must,
        should=check.should,
        fails=check.fails,
        passes=check.passes,
        host=check.host or "",
    )
    return old if old == new and old is not None else new


def _feeds(old: Mapping[str, Feed], inventory: Inventory) -> Mapping[str, Feed]:
    made = [*_summed_feeds(inventory), *map(_source_feed, inventory.sources)]
    return {feed.name: _kept(old.get(feed.name), feed) for feed in made}


def _kept(old: Feed | None, new: Feed) -> Feed:
    if old is None or old.kind != new.kind:
        return new
    kept = structs.replace(old, total=new.total, every=new.every, timeout=new.timeout)
    return old if kept == old else kept


def _summed_feeds(inventory: Inventory) -> Iterable[Feed]:
    for name in SUMMED[:2]:
        if hosts := [h for h in inventory.hosts if h.polled and feed_of(h.transport) == name]:
            every = min(host.every for host in hosts)
            yield Feed(name=name, kind=name, total=len(hosts), every=every, timeout=every)
    if checks := list(_all_checks(inventory)):
        every = min(check.every for check in checks)
        yield Feed(name="http", kind="http", total=len(checks), every=every, timeout=every)


def _source_feed(source: AlertSource) -> Feed:
    return Feed(
        name=source.name,
        kind=source.kind,
        total=len(source.urls),
        every=source.every,
        timeout=min(source.timeout, source.every),
    )
