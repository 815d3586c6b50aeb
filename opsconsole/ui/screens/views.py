"""Which view shows a place; all but the overview load when one goes there."""

from collections.abc import Callable, Mapping
from functools import cache

from opsconsole.ui.places import Place
from opsconsole.ui.screens.overview import Overview
from opsconsole.ui.screens.view import View
from opsconsole.ui.session import Session

_OVERVIEW = "overview"
OF_ALL_TIMES = frozenset({_OVERVIEW, "host", "service", "alert", "run", "runs"})
"""Kinds of places that can show a board of before; what the others show is only known of now."""


def make(session: Session, place: Place) -> View:
    """Make the view of a place; a kind that nobody knows leads home."""
    if place.kind == _OVERVIEW:
        return Overview(session, place)
    return load().get(place.kind, Overview)(session, place)


@cache
def load() -> Mapping[str, Callable[[Session, Place], View]]:
    """Load the other views; the console does so behind its first paint."""
    from opsconsole.ui.screens.alert import AlertView
    from opsconsole.ui.screens.capacity import CapacityView, CourseView, OddView
    from opsconsole.ui.screens.handoff import HandoffView
    from opsconsole.ui.screens.host import HostView
    from opsconsole.ui.screens.incident import IncidentView
    from opsconsole.ui.screens.lists import TABLES, ListView
    from opsconsole.ui.screens.plugin_pane import PluginPane
    from opsconsole.ui.screens.run import RunView
    from opsconsole.ui.screens.runs import RunsView
    from opsconsole.ui.screens.service import ServiceView

    return {
        "host": HostView,
        "service": ServiceView,
        "alert": AlertView,
        "pane": PluginPane,
        "run": RunView,
        "runs": RunsView,
        "capacity": CapacityView,
        "course": CourseView,
        "odd": OddView,
        "handoff": HandoffView,
        "incident": IncidentView,
        **dict.fromkeys(TABLES, ListView),
    }
