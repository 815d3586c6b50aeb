"""The engine's loop is the fast one where it is installed, and any machine has one."""

import asyncio
import sys

import pytest

from opsconsole.engine.event_loop import new_loop


def test_the_fast_loop_is_taken_where_it_is_installed() -> None:
    uvloop = pytest.importorskip("uvloop")
    loop = new_loop()
    loop.close()

    assert isinstance(loop, uvloop.Loop)


def test_without_it_there_is_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    loop = new_loop()
    loop.close()

    assert isinstance(loop, asyncio.SelectorEventLoop)
