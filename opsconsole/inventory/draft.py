"""The first file of `opsconsole init`: what is there already, written down with comments."""

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

AskHttp = Callable[[str], bool]
"""Told a URL, answers whether something there answers 200; bounded in time by whoever provides it."""


class Draft(Struct, frozen=True):
    """A configuration text and what it was made from."""

    text: str
    found: tuple[str, ...] = ()
    """Sentences: `12 hosts in ~/.ssh/config`."""


def draft(home: Path, ask_http: AskHttp) -> Draft:
    """Look at ssh config, known_hosts and Alertmanager on localhost; write nothing."""
    raise NotImplementedError
