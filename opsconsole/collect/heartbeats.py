"""When each heartbeat was last heard: kept in one small file a check, so that a restart forgets nothing.

A file may also be written while no engine runs; it is read when one starts.
"""

import contextlib
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from opsconsole.clock import Clock
from opsconsole.collect.answers import Shown
from opsconsole.model.states import ServiceState
from opsconsole.query.rendering import show_seconds

_GRACE: Final = 300.0
"""Seconds after our start in which silence may be ours: who could not reach us tries again."""
_HEARD: Final = "heard"
_WANTED: Final = "wanted"
_MOST: Final = 200


class Heartbeats:
    """The last heartbeat of each check, in a folder of its own; without one, in memory only."""

    def __init__(self, clock: Clock, folder: Path | None = None) -> None:
        self._clock = clock
        self._folder = folder
        self._since = clock.now()
        self._heard: dict[str, float] = {}
        self._wanted: dict[str, float] = {}
        for name, word, at in _files(folder):
            (self._heard if word == _HEARD else self._wanted)[name] = at

    def hear(self, name: str) -> float:
        """Note that a check's heartbeat was heard now; gives the time."""
        now = self._clock.now()
        self._heard[name] = now
        write(self._folder, name, _HEARD, now)
        return now

    def show(self, name: str, span: float) -> Shown:
        """Say how a check is: heard within `span` seconds is up, silence for longer is down."""
        now = self._clock.now()
        heard = self._heard.get(name)
        if heard is None:
            return self._never(name, span, now)
        ago = max(0.0, now - heard)
        values = {"heard": True, "heard_ago": ago}
        metrics = {"heartbeat.heard_ago": ago}
        if ago <= span:
            return Shown(ServiceState.UP, values=values, metrics=metrics)
        text = f"not heard for {show_seconds(ago)}, at most {show_seconds(span)} may pass"
        if now - self._since < min(_GRACE, span):
            return Shown(ServiceState.UNKNOWN, f"{text}; this engine has just begun to listen")
        return Shown(ServiceState.DOWN, text, values, floor=True, metrics=metrics)

    def _never(self, name: str, span: float, now: float) -> Shown:
        if name not in self._wanted:
            self._wanted[name] = now
            write(self._folder, name, _WANTED, now)
        waited = now - self._wanted[name]
        if waited <= span:
            return Shown(ServiceState.UNKNOWN, "not heard yet")
        text = f"never heard in {show_seconds(waited)}, at most {show_seconds(span)} may pass"
        return Shown(ServiceState.DOWN, text, {"heard": False}, floor=True)


def write(folder: Path | None, name: str, word: str = _HEARD, at: float = 0.0) -> None:
    """Write one file whole or not at all; a disk that refuses costs the memory of it only after a restart."""
    if folder is None:
        return
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / quote(name, safe="")
        new = path.with_name(f".{path.name}.new")
        new.write_text(f"{word} {at:.3f}\n", encoding="ascii")
        new.replace(path)


def _files(folder: Path | None) -> list[tuple[str, str, float]]:
    found = []
    try:
        paths = sorted(folder.iterdir()) if folder is not None else []
    except OSError:
        return []
    for path in paths:
        with contextlib.suppress(OSError, ValueError):
            word, at = path.read_text(encoding="ascii")[:_MOST].split()
            if not path.name.startswith(".") and word in (_HEARD, _WANTED):
                found.append((unquote(path.name), word, float(at)))
    return found
