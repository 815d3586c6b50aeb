"""Maintenance: for a while, trouble on some hosts and services is expected and calls nobody."""

from msgspec import Struct


class Window(Struct, frozen=True):
    """One agreed time, once or again and again."""

    id: str
    """`c:<name>` from the configuration, `m<number>` where a person opened it."""
    name: str
    on: str = ""
    """A filter over hosts (`role:db rack:r1`), `*` for all; empty: none."""
    services: tuple[str, ...] = ()
    seconds: float = 3_600.0
    starts: float | None = None
    """Epoch seconds of the only time; None: `cron` says when."""
    cron: str = ""
    """Five fields, in `zone`: `0 3 * * sun`."""
    zone: str = "UTC"
    actor: str = ""
    """Who opened it; empty: the configuration."""


class WindowState(Struct, frozen=True):
    """Where a window stands now."""

    window: Window
    is_on: bool
    begins: float
    """Epoch seconds of the present or the next time."""
    ends: float
    hosts: tuple[str, ...] = ()
    """Those that it covers now; of one to come, none."""
