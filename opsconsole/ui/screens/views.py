"""Which view shows a place."""

from opsconsole.ui.places import Place
from opsconsole.ui.screens.overview import Overview
from opsconsole.ui.screens.view import View
from opsconsole.ui.session import Session


def make(session: Session, place: Place) -> View:
    """Make the view of a place."""
    return Overview(session, place)
