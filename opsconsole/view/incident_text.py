"""An incident as text: a line in a list, a page, and a post-mortem in Markdown."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from opsconsole.model.episode import Episode
from opsconsole.model.incident import Incident
from opsconsole.model.run import Run
from opsconsole.view import format as fmt
from opsconsole.view.handoff_text import literal, spread_words
from opsconsole.view.incident import IncidentPage, Moment
from opsconsole.view.naming import bare_name, folded


def row(incident: Incident, now: float) -> tuple[str, ...]:
    """Give the columns of a list: id, status, severity, age, commander, title, where."""
    end = incident.closed if incident.closed is not None else now
    where = folded(bare_name(each) for each in incident.on)
    return (
        incident.id,
        incident.status,
        incident.severity,
        fmt.age(end - incident.opened),
        incident.commander,
        incident.title,
        where,
    )


def page_lines(page: IncidentPage, now: float) -> tuple[str, ...]:
    """Write an incident as a terminal shows it."""
    one = page.incident
    head = [
        f"{one.id}  {one.title}",
        f"{one.severity}, {one.status}, {_how_long(one, now)}; opened {_clock(one.opened)} by {one.opener}",
        f"commander {one.commander or 'nobody'}",
    ]
    if one.on:
        head.append(f"on {folded(bare_name(each) for each in one.on)}")
    head += [
        f"{name}: {text}"
        for name, text in (("impact", one.impact), ("summary", one.summary))
        if text
    ]
    head += [f"link: {link}" for link in one.links]
    return (*head, "", *(_line(each) for each in page.timeline))


def post_mortem(page: IncidentPage, now: float) -> str:
    """Write a post-mortem as Markdown: what is known is filled in, what people must say is asked for."""
    one = page.incident
    parts = [f"# {literal(one.title)}", _facts(page, now)]
    sections: Sequence[tuple[str, str]] = (
        ("Summary", literal(one.summary) or "_Say in two sentences what happened and why._"),
        ("Impact", literal(one.impact) or "_Who noticed, what did not work, for how long._"),
        ("Fires", _list(_fire(each) for each in page.fires)),
        ("Timeline", _list(_line(each) for each in page.timeline)),
        ("Runs that changed something", _list(_run(each) for each in page.runs)),
        ("What helped", _list(_helped(page)) or "_No run on its targets came before the end of a fire._"),
        ("In numbers", _list(_numbers(page))),
        ("To do", "- [ ] _What will keep it from happening again, who does it, by when._"),
    )  # fmt: skip
    parts += [f"## {title}\n\n{text}" for title, text in sections if text]
    return "\n\n".join(parts) + "\n"


def _facts(page: IncidentPage, now: float) -> str:
    one = page.incident
    lines = [
        f"id: {one.id}, {one.severity}, {one.status}",
        f"began {_clock(one.began)}, opened {_clock(one.opened)} by {one.opener}",
    ]
    if one.stable is not None:
        lines.append(f"stable {_clock(one.stable)}, after {fmt.age(one.stable - one.began)}")
    if one.closed is not None:
        lines.append(f"closed {_clock(one.closed)}, after {fmt.age(one.closed - one.began)}")
    else:
        lines.append(f"still open, {_how_long(one, now)}")
    lines.append(f"commander: {one.commander or 'nobody'}")
    if one.on:
        lines.append(f"on: {folded(bare_name(each) for each in one.on)}")
    lines += list(one.links)
    return _list(lines)


def _how_long(one: Incident, now: float) -> str:
    end = one.closed if one.closed is not None else now
    return f"for {fmt.age(end - one.began)}"


def _fire(episode: Episode) -> str:
    end = episode.resolved_at
    over = f"over after {fmt.age(end - episode.fired_at)}" if end is not None else "still burning"
    who = f", {episode.owner} had it" if episode.owner else ", nobody had it"
    said = f": {episode.summary}" if episode.summary else ""
    at = _clock(episode.fired_at)
    return f"{at} {episode.severity} {episode.name} on {bare_name(episode.on)}{said}; {over}{who}"


def _run(run: Run) -> str:
    where = folded(target.name for target in run.targets)
    why = f' ("{run.reason}")' if run.reason else ""
    return f"{_clock(run.at)} {run.action} on {where} by {run.actor}: {run.state}{why}"


def _helped(page: IncidentPage) -> Iterable[str]:
    for fire in page.fires:
        target, end = bare_name(fire.on), fire.resolved_at
        if end is None:
            continue
        before = [
            run
            for run in page.runs
            if fire.fired_at <= run.at <= end and any(each.name == target for each in run.targets)
        ]
        if before:
            run = before[-1]
            yield f"{fire.name} on {target} was over {fmt.age(end - run.at)} after {run.action} by {run.actor}"


def _numbers(page: IncidentPage) -> list[str]:
    told = page.response
    lines = [f"fires: {told.fired}, {told.critical} critical, {told.unanswered} never answered"]
    if told.to_ack:
        lines.append(f"time to answer (MTTA): {spread_words(told.to_ack)}")
    if told.to_resolve:
        lines.append(f"time to resolve (MTTR): {spread_words(told.to_resolve)}")
    return lines


def _line(moment: Moment) -> str:
    on = f" ({bare_name(moment.on)})" if moment.on else ""
    return f"{_clock(moment.at)} {moment.actor} {moment.kind}: {moment.text}{on}"


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {literal(line)}" for line in lines)


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%m-%d %H:%MZ")
