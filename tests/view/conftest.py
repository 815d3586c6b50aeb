"""The fleet in trouble, and a way to read a table as its pane paints it."""

from collections.abc import Callable

import pytest
from fleet_in_trouble import make_snapshot

from opsconsole.model.snapshot import Snapshot
from opsconsole.view.glyphs import UNICODE
from opsconsole.view.plain_table import lay_out
from opsconsole.view.rows import Table


@pytest.fixture
def snapshot() -> Snapshot:
    return make_snapshot()


@pytest.fixture
def painted() -> Callable[[Table, int], list[str]]:
    return lambda table, width: lay_out(table, width, UNICODE)
