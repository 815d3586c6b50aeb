"""Which view shows a place."""

from opsconsole.ui.places import Place
from opsconsole.ui.screens.alert import AlertView
from opsconsole.ui.screens.host import HostView
from opsconsole.ui.screens.overview import Overview
from opsconsole.ui.screens.run import RunView
from opsconsole.ui.screens.runs import RunsView
from opsconsole.ui.screens.service import ServiceView
from opsconsole.ui.screens.view import View
from opsconsole.ui.session import Session

_VIEWS: dict[str, type[View]] = {
    "overview": Overview,
    "host": HostView,
    "service": ServiceView,
    "alert": AlertView,
    "run": RunView,
    "runs": RunsView,
}


def make(session: Session, place: Place) -> View:
    """Make the view of a place; a kind that nobody knows leads home."""
    return _VIEWS.get(place.kind, Overview)(session, place)
