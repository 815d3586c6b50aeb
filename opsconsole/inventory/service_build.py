"""Services and checks made from what the files say, over the hosts there are."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

from msgspec import structs

from opsconsole.config.document import CheckEntry, Document, HostEntry, Selector, ServiceEntry
from opsconsole.config.problems import Mark, Problems, did_you_mean
from opsconsole.inventory.nodeset import unfold
from opsconsole.model.inventory import AlertSource, Check, Host, Service
from opsconsole.model.slo import answers_in, finest

_USUAL: Final = Check(name="", kind="", target="")


def selected(selector: Selector, hosts: Sequence[Host], problems: Problems) -> tuple[str, ...]:
    """Give the names of the hosts that a selector means, in inventory order."""
    names = {host.name for host in hosts}
    wanted = _named(selector, names, problems) if selector.hosts else None
    known_groups = {group for host in hosts for group in host.groups}
    for group in selector.groups:
        if group not in known_groups:
            problems.add(
                selector.mark, f"no host is in group {group}{did_you_mean(group, known_groups)}"
            )
    return tuple(
        host.name
        for host in hosts
        if (wanted is None or host.name in wanted)
        and all(host.labels.get(label) in values for label, values in selector.labels.items())
        and (not selector.groups or set(selector.groups) & set(host.groups))
    )


def _named(selector: Selector, names: set[str], problems: Problems) -> set[str]:
    found: set[str] = set()
    for pattern in selector.hosts:
        if set(pattern) & set("*?"):
            found |= {name for name in names if fnmatchcase(name, pattern)}
            continue
        try:
            wanted = unfold(pattern)
        except ValueError as error:
            problems.add(selector.mark, str(error))
            continue
        for name in wanted:
            if name not in names:
                problems.add(selector.mark, f"no host is called {name}{did_you_mean(name, names)}")
        found |= set(wanted) & names
    return found


def services(document: Document, hosts: Sequence[Host], problems: Problems) -> tuple[Service, ...]:
    """Make the services; names must be unique."""
    found: dict[str, tuple[Service, Mark]] = {}
    for entry in (*document.services, *map(_alone, _lone_checks(document))):
        if entry.name in found:
            first = found[entry.name][1]
            problems.add(entry.mark, f"service {entry.name} is given twice; first in {first}")
            continue
        service = Service(
            name=entry.name,
            checks=tuple(_service_checks(entry, document, hosts, problems)),
            hosts=selected(entry.on, hosts, problems) if entry.on else (),
            labels=entry.labels,
            depends_on=entry.depends_on,
            runbook=entry.runbook,
            runbook_url=entry.runbook_url,
            objective=entry.objective,
        )
        _bear_out(service, entry.mark, problems)
        found[entry.name] = (service, entry.mark)
    return tuple(service for service, _ in found.values())


def _lone_checks(document: Document) -> Iterable[CheckEntry]:
    return (entry for entry in document.checks if entry.on is None and entry.name)


def _alone(entry: CheckEntry) -> ServiceEntry:
    """Make a service of a check that is on no host: it has a row, a page and fires as one."""
    return ServiceEntry(
        mark=entry.mark,
        name=entry.name or "",
        checks=(structs.replace(entry, name=None, depends_on=()),),
        depends_on=entry.depends_on,
        runbook=entry.runbook,
        runbook_url=entry.runbook_url,
        objective=entry.objective,
    )


def _bear_out(service: Service, mark: Mark, problems: Problems) -> None:
    """Refuse an objective that is finer than so few answers can show."""
    promised = service.objective
    if promised is None or not service.checks:
        return
    answers = answers_in(promised.period, (check.every for check in service.checks))
    if promised.objective > finest(answers):
        problems.add(
            mark,
            f"slo of {service.name}: {promised.objective:.4%} is finer than its {answers:.0f} answers can show"
            f"; at most {max(0.0, finest(answers)):.3%}, or check more often",
        )


def _service_checks(
    entry: ServiceEntry, document: Document, hosts: Sequence[Host], problems: Problems
) -> Iterable[Check]:
    names: set[str] = set()
    for said in entry.checks:
        only = len(entry.checks) == 1 and said.name is None
        name = entry.name if only else f"{entry.name}/{said.name or said.kind}"
        if name in names:
            problems.add(said.mark, f"check {name} is given twice; give each a `name:`")
            continue
        names.add(name)
        _known_via(said, hosts, problems)
        check = _with_source(said, document, problems)
        yield _check(check, name, target=check.target, via=check.via, service=entry.name)


def _known_via(check: CheckEntry, hosts: Sequence[Host], problems: Problems) -> None:
    names = {host.name for host in hosts}
    if check.via is not None and check.via not in names:
        problems.add(
            check.mark, f"via: no host is called {check.via}{did_you_mean(check.via, names)}"
        )


def _with_source(check: CheckEntry, document: Document, problems: Problems) -> CheckEntry:
    """Find the Prometheus that a `prom` check asks: the one it names, else the only one there is."""
    if check.kind != "prom":
        return check
    names = [e.source.name for e in document.sources if e.source.kind == "prometheus"]
    if check.source in names:
        return check
    if not check.source and len(names) == 1:
        return structs.replace(check, source=names[0])
    if check.source:
        near = did_you_mean(check.source, names)
        text = f"source: no alert source of kind prometheus is called {check.source}{near}"
    else:
        text = f"prom: {'none' if not names else 'several'} of the alert sources is a prometheus; "
        text += "name it with `source:`" if names else "add one under `alert_sources:`"
    problems.add(check.mark, text)
    return check


def host_checks(document: Document, hosts: Sequence[Host], problems: Problems) -> tuple[Check, ...]:
    """Make the checks of hosts: one for each host that a check is `on`."""
    by_name = {host.name: host for host in hosts}
    found: dict[str, Check] = {}
    for said in (entry for entry in document.checks if entry.on is not None):
        _known_via(said, hosts, problems)
        entry = _with_source(said, document, problems)
        for host in selected(entry.on, hosts, problems) if entry.on else ():
            name = f"{host}/{entry.name}"
            if name in found:
                problems.add(entry.mark, f"check {name} is given twice")
                continue
            address = by_name[host].address
            target = entry.target.replace("{address}", address).replace("{name}", host)
            via = entry.via or (host if entry.kind == "exec" else None)
            found[name] = _check(entry, name, target=target, via=via, host=host)
    return tuple(found.values())


def _check(
    entry: CheckEntry,
    name: str,
    *,
    target: str,
    via: str | None,
    service: str | None = None,
    host: str | None = None,
) -> Check:
    every = entry.every or _USUAL.every
    return Check(
        name=name,
        kind=entry.kind,
        target=target,
        argv=entry.argv,
        via=via,
        service=service,
        host=host,
        every=every,
        timeout=min(entry.timeout or _USUAL.timeout, every),
        fails=entry.fails or (1 if entry.kind == "heartbeat" else _USUAL.fails),
        passes=entry.passes or _USUAL.passes,
        retry=min(entry.retry or _USUAL.retry, every),
        must=entry.must,
        should=entry.should,
        method=entry.method,
        headers=entry.headers,
        ca=entry.ca,
        cert=entry.cert,
        key=entry.key,
        server=entry.server,
        record=entry.record,
        source=entry.source,
        params=entry.params,
        span=entry.span,
        depends_on=entry.depends_on,
    )


def sources(document: Document, problems: Problems) -> tuple[AlertSource, ...]:
    """Give the alert sources; names must be unique."""
    found: dict[str, Mark] = {}
    for entry in document.sources:
        if entry.source.name in found:
            first = found[entry.source.name]
            problems.add(
                entry.mark, f"alert source {entry.source.name} is given twice; first in {first}"
            )
        found.setdefault(entry.source.name, entry.mark)
    return tuple(entry.source for entry in document.sources)


def loose_references(document: Document, hosts: Sequence[Host]) -> Iterable[str]:
    """Tell references that name nothing here and look like a slip; others may be things we do not watch."""
    known: Mapping[str, set[str]] = {
        "host": {host.name for host in hosts},
        "service": {
            *(entry.name for entry in document.services),
            *(entry.name or "" for entry in _lone_checks(document)),
        },
    }
    entries: tuple[HostEntry | ServiceEntry | CheckEntry, ...]
    entries = (*document.hosts, *document.services, *document.checks)
    places = [(entry.mark, ref) for entry in entries for ref in entry.depends_on]
    for mark, ref in places:
        kind, _, name = ref.partition(":")
        if name not in known[kind] and (near := did_you_mean(name, known[kind])):
            yield f"{mark}: depends_on {ref} is not known here{near}"
