"""Pictures of the composer and of the lists; look at them when they change."""

import pytest
from quiet_scene import EPISODES, stormy
from test_ui_muting import SilencingSource
from test_ui_pictures import console, pressing
from ui_scene import EVENTS, FakeSource

from opsconsole.model.calls import Episodes, Events, ReadEpisodes, ReadEvents

SIZES = {"80x24": (80, 24), "120x40": (120, 40)}
VIEWS = {
    "mute-menu": ("x",),
    "composer": ("x", "s", *"waiting for vacuum"),
    "confirm": ("x", "s", *"waiting for vacuum", "enter"),
    "silences": ("colon", *"silences", "enter"),
    "maintenance": ("colon", *"maintenance", "enter"),
    "expiring": ("colon", *"expiring", "enter"),
    "slo": ("colon", *"slo", "enter"),
    "handoff": ("colon", *"handoff", "enter"),
    "blast": ("colon", *"blast db-02", "enter"),
    "away": ("colon", *"away 2h", "enter"),
}


def source() -> SilencingSource:
    told = SilencingSource()
    told.answers.update({ReadEpisodes: Episodes(EPISODES), ReadEvents: Events(EVENTS)})
    return told


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("view", VIEWS)
def test_a_quiet_picture(snap_compare, tmp_path, view, size):
    app = console(source(), tmp_path)
    assert snap_compare(app, terminal_size=SIZES[size], run_before=pressing(VIEWS[view]))


STORM = {"overview": (), "describe": ("j", "j", "d"), "unfolded": ("j", "j", "enter", "z")}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("view", STORM)
def test_a_storms_picture(snap_compare, tmp_path, view, size):
    app = console(FakeSource(stormy()), tmp_path)
    assert snap_compare(app, terminal_size=SIZES[size], run_before=pressing(STORM[view]))
