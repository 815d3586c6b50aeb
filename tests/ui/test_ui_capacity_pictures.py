"""Pictures of what fills, of a plot, and of the odd ones out; look at them when they change."""

import pytest
from capacity_scene import source
from test_ui_pictures import console, pressing

SIZES = {"80x24": (80, 24), "120x40": (120, 40)}
VIEWS = {
    "capacity": ("colon", *"capacity", "enter"),
    "course": ("colon", *"capacity", "enter", "enter"),
    "odd": ("colon", *"odd", "enter"),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("view", VIEWS)
def test_a_capacity_picture(snap_compare, tmp_path, view, size):
    app = console(source(), tmp_path)
    assert snap_compare(app, terminal_size=SIZES[size], run_before=pressing(VIEWS[view]))


def test_a_plot_in_ascii(snap_compare, tmp_path):
    app = console(source(), tmp_path, ascii_signs=True)
    assert snap_compare(app, terminal_size=(80, 24), run_before=pressing(VIEWS["course"]))
