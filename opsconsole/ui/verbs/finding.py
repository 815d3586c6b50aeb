"""Finding: filters, searches, orders, columns."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from opsconsole.commands.line import Invocation
from opsconsole.errors import QueryError
from opsconsole.model.text import Safe
from opsconsole.query.completion import complete
from opsconsole.query.contexts import ALERTS, EVENTS, HOSTS, SERVICES
from opsconsole.query.fields import Context
from opsconsole.query.filter_line import compile_filter
from opsconsole.ui.screens.menu import Item, Menu
from opsconsole.ui.verbs.verb import Verb
from opsconsole.ui.widgets.log_view import LogView
from opsconsole.ui.widgets.prompt import Complete
from opsconsole.ui.widgets.row_table import RowTable
from opsconsole.view.rows import Column, Span, Tone

if TYPE_CHECKING:
    from opsconsole.ui.screens.main import Main

_CONTEXTS: Final[Mapping[str, Context]] = {
    "fires": ALERTS,
    "hosts": HOSTS,
    "services": SERVICES,
    "activity": EVENTS,
    "capacity": HOSTS,
    "odd": HOSTS,
}


async def _filter(main: "Main", wanted: Invocation) -> None:
    """Narrow the pane while one types; giving up puts the old filter back."""
    pane = main.view.focused_id
    context = _CONTEXTS.get(pane)
    if context is None:
        main.say("this pane has no filter")
        return
    before = main.session.options(pane).filter
    if "filter" in wanted.arguments:
        main.session.set_filter(pane, compile_filter(wanted.arguments["filter"], context))
        return

    def heard(line: str) -> None:
        _narrow(main, pane, line, context)

    typed, mistake = before.source, ""
    while True:
        offer = _offers(main, context)
        line = await main.ask(
            "filter", "/", value=typed, complete=offer, heard=heard, mistake=mistake
        )
        if line is None:
            main.session.set_filter(pane, before)
            return
        try:
            main.session.set_filter(pane, compile_filter(line, context))
        except QueryError as error:
            typed, mistake = line, error.text
            continue
        return


def _narrow(main: "Main", pane: str, line: str, context: Context) -> None:
    try:
        wanted = compile_filter(line, context, typing=True)
    except QueryError as error:
        main.prompt.tell(error.text)
        return
    main.session.set_filter(pane, wanted)
    main.update()


def _offers(main: "Main", context: Context) -> Complete:
    def values(field: str) -> tuple[str, ...]:
        hosts = main.session.snapshot.hosts.values()
        label = field.removeprefix("labels.")
        return tuple(sorted({h.labels[label] for h in hosts if label in h.labels}))

    def offer(line: str, cursor: int) -> list[str]:
        tail = line[cursor:]
        return [
            line[: found.start] + found.text + tail
            for found in complete(line, cursor, context, values)
        ]

    return offer


async def _search(main: "Main", _: Invocation) -> None:
    pane = main.view.pane
    if isinstance(pane, LogView):
        needle = await main.ask("search", "/", value=pane.needle, heard=pane.find)
        pane.find(needle or "")


def _found(step: int) -> Verb:
    async def jump(main: "Main", _: Invocation) -> None:
        if isinstance(main.view.pane, LogView):
            main.view.pane.action_found(step)

    return jump


async def _hide(main: "Main", _: Invocation) -> None:
    """Show only what a search finds; without one there is nothing to hide."""
    pane = main.view.pane
    if not isinstance(pane, LogView):
        return
    if not pane.needle:
        main.say("search first: / and a word, then & hides the rest", Tone.WARNING)
    else:
        main.say("only what matches is shown: & shows all" if pane.hide_rest() else "all is shown")


async def _faults(main: "Main", _: Invocation) -> None:
    main.session.toggle_faults(main.view.focused_id)


async def _wide(main: "Main", _: Invocation) -> None:
    main.session.toggle_wide(main.view.focused_id)


async def _sort(main: "Main", wanted: Invocation) -> None:
    columns = _columns(main)
    items = [Item("", (Span(Safe("as it comes: faults first")),), "0")]
    items += [Item(column.id, (Span(Safe(column.title)),)) for column in columns]
    chosen = wanted.arguments.get("column")
    if chosen is None:
        chosen = await main.app.push_screen_wait(Menu(main.session.look, "Sort by", items))
    if chosen is None:
        return
    if chosen and chosen not in {column.id for column in columns}:
        main.say(f"there is no column {chosen}")
        return
    main.session.sort(main.view.focused_id, chosen)


def _sort_beside(step: int) -> Verb:
    async def sort(main: "Main", _: Invocation) -> None:
        ids = ["", *(column.id for column in _columns(main))]
        pane = main.view.focused_id
        now = main.session.options(pane).sort
        place = ids.index(now) + step if now in ids else 0
        main.session.sort(pane, ids[place % len(ids)])

    return sort


async def _invert(main: "Main", _: Invocation) -> None:
    main.session.invert(main.view.focused_id)


async def _group(main: "Main", _: Invocation) -> None:
    main.session.toggle_grouping("fires")


async def _time(main: "Main", wanted: Invocation) -> None:
    word = wanted.arguments.get("style", "utc")
    if word not in ("utc", "local", "relative"):
        main.say("utc, local or relative")
        return
    main.session.set_time(word)


def _columns(main: "Main") -> list[Column]:
    pane = main.view.pane
    return (
        [c for c in pane.table.columns if c.sortable and c.title]
        if isinstance(pane, RowTable)
        else []
    )


VERBS: Final[Mapping[str, Verb]] = {
    "find.filter": _filter,
    "find.search": _search,
    "find.next": _found(1),
    "find.hide": _hide,
    "find.previous": _found(-1),
    "find.faults": _faults,
    "find.wide": _wide,
    "find.sort": _sort,
    "find.invert": _invert,
    "find.column-left": _sort_beside(-1),
    "find.column-right": _sort_beside(1),
    "fire.group": _group,
    "look.time": _time,
}
