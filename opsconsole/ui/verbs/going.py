"""Going about: views, panes, tabs, layouts."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from opsconsole.commands.line import Invocation
from opsconsole.model.text import Safe
from opsconsole.query.filter_line import Filter
from opsconsole.ui.console_calls import console_of
from opsconsole.ui.places import HOME, Place
from opsconsole.ui.prefs import DEFAULT
from opsconsole.ui.screens.menu import Item, Menu
from opsconsole.ui.tiles import ACTIVITY, FIRES, HOSTS, NUMBERS, SERVICES, Grown
from opsconsole.ui.verbs.verb import Verb
from opsconsole.ui.widgets.row_table import RowTable
from opsconsole.view import plugin_pane
from opsconsole.view.rows import Span

if TYPE_CHECKING:
    from opsconsole.ui.screens.main import Main

_BY_NUMBER: Final = {number: name for name, number in NUMBERS.items()}


async def _pop(main: "Main", _: Invocation) -> None:
    """Pop one thing: search or marks, filter, zoom, view, the past. The only owner of escape."""
    view, session = main.view, main.session
    if main.notice.has_class("-shown"):
        main.notice.hush()
    elif view.drop_search():
        pass
    elif isinstance(view.pane, RowTable) and view.pane.marks:
        view.pane.action_unmark()
    elif session.options(view.focused_id).filter.expr is not None:
        session.set_filter(view.focused_id, Filter(""))
    elif view.grown is not Grown.NORMAL:
        view.set_grown(Grown.NORMAL)
    elif view.place != HOME:
        await _older(main, _)
    elif session.past is not None:
        await main.show_moment(None)


async def _back(main: "Main", wanted: Invocation) -> None:
    if main.view.grown is not Grown.NORMAL:
        main.view.set_grown(Grown.NORMAL)
    elif main.view.place != HOME:
        await _older(main, wanted)
    else:
        main.ask_to_quit()


async def _older(main: "Main", _: Invocation) -> None:
    place = main.session.trail.back()
    await main.turn(place if place is not None else main.session.trail.go(HOME))


async def _newer(main: "Main", _: Invocation) -> None:
    await main.turn(main.session.trail.forward())


async def _last(main: "Main", _: Invocation) -> None:
    await main.turn(main.session.trail.swap())


async def _crumbs(main: "Main", _: Invocation) -> None:
    places = main.session.trail.visited
    items = [Item(str(n), (Span(Safe(place.words)),)) for n, place in enumerate(places)]
    chosen = await main.app.push_screen_wait(Menu(main.session.look, "Where you were", items))
    if chosen is not None:
        await main.go(places[int(chosen)])


def _tab(step: int) -> Verb:
    async def turn(main: "Main", _: Invocation) -> None:
        main.view.turn_tab(step)

    return turn


def _pane(number: str) -> Verb:
    async def focus(main: "Main", _: Invocation) -> None:
        names = list(main.view.panes)
        index = int(number) - 1
        name = _BY_NUMBER.get(number, "")
        if name not in main.view.panes and index < len(names):
            name = names[index]
        # A pane that has no tile may be called up on the overview; elsewhere it belongs to another tab.
        if main.view.place == HOME or name in main.view.shown:
            main.view.focus_pane(name, again_zooms=True)

    return focus


def _next_pane(step: int) -> Verb:
    async def focus(main: "Main", _: Invocation) -> None:
        shown = [name for name in main.view.stops if main.view.panes[name].can_focus]
        if main.view.focused_id in shown:
            place = shown.index(main.view.focused_id) + step
            main.view.focus_pane(shown[place % len(shown)])

    return focus


def _grow(step: int) -> Verb:
    async def grow(main: "Main", _: Invocation) -> None:
        main.view.grow(step)

    return grow


async def _zoom(main: "Main", _: Invocation) -> None:
    main.view.zoom()


def _overview(pane: str) -> Verb:
    async def show(main: "Main", _: Invocation) -> None:
        await main.go(HOME)
        if pane:
            main.view.focus_pane(pane)

    return show


def _view(kind: str) -> Verb:
    async def show(main: "Main", _: Invocation) -> None:
        await main.go(Place(kind))

    return show


async def _plugin_pane(main: "Main", wanted: Invocation) -> None:
    panes = plugin_pane.names(main.session.snapshot)
    asked = wanted.arguments["pane"]
    found = [each for each in panes if asked in (each, each.partition(".")[2])]
    if len(found) == 1:
        await main.go(Place("pane", found[0]))
    else:
        main.say(f"{'several panes are' if found else 'no pane is'} called {asked}")


async def _to(main: "Main", wanted: Invocation) -> None:
    name, snapshot = wanted.arguments["name"], main.session.snapshot
    kind = next(
        (k for k, table in (("host", snapshot.hosts), ("service", snapshot.services), ("run", snapshot.runs))
         if name in table), "",
    )  # fmt: skip
    if kind:
        await main.go(Place(kind, name))
        return
    named = next(
        (a.episode for a in snapshot.alerts.values() if name in (a.name, a.fingerprint)), None
    )
    if named is None:
        main.say(f"nothing is called {name}")
    else:
        await main.go(Place("alert", named))


async def _layouts(main: "Main", wanted: Invocation) -> None:
    names = [DEFAULT, *(name for name in sorted(main.session.prefs.layouts) if name != DEFAULT)]
    items = [Item(name, (Span(Safe(name)),)) for name in names]
    notes = ((Span(Safe(":w NAME keeps how everything stands now")),),)
    chosen = await main.app.push_screen_wait(Menu(main.session.look, "Layouts", items, notes=notes))
    if chosen is not None:
        await _use(main, Invocation(wanted.command, {"layout": chosen}))


async def _use(main: "Main", wanted: Invocation) -> None:
    name = wanted.arguments["layout"]
    if name != DEFAULT and name not in main.session.prefs.layouts:
        main.say(f"there is no layout {name}")
        return
    await main.go(HOME)
    layout = main.session.restore(name)
    main.view.focus_pane(layout.focused)
    main.view.set_grown(Grown(layout.grown))
    console_of(main).save_prefs()


async def _save(main: "Main", wanted: Invocation) -> None:
    name = wanted.arguments.get("name") or main.session.layout_name
    main.session.remember(
        name, main.session.layout(focused=main.view.focused_id, grown=main.view.grown)
    )
    console_of(main).save_prefs()
    main.say(f"kept as layout {name}")


VERBS: Final[Mapping[str, Verb]] = {
    "go.pop": _pop,
    "go.back": _back,
    "go.older": _older,
    "go.newer": _newer,
    "go.last": _last,
    "go.crumbs": _crumbs,
    "go.next-tab": _tab(1),
    "go.previous-tab": _tab(-1),
    **{f"pane.{number}": _pane(str(number)) for number in range(1, 10)},
    "pane.next": _next_pane(1),
    "pane.previous": _next_pane(-1),
    "pane.zoom": _zoom,
    "pane.bigger": _grow(1),
    "pane.smaller": _grow(-1),
    "layout.menu": _layouts,
    "layout.use": _use,
    "layout.save": _save,
    "go.overview": _overview(""),
    "go.fires": _overview(FIRES),
    "go.hosts": _overview(HOSTS),
    "go.services": _overview(SERVICES),
    "go.activity": _overview(ACTIVITY),
    "go.runs": _view("runs"),
    "go.capacity": _view("capacity"),
    "go.odd": _view("odd"),
    "go.pane": _plugin_pane,
    "go.to": _to,
}
