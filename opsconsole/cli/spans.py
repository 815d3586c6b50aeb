"""Times and lengths as people type them on the command line."""

import re
import time
from datetime import datetime
from typing import Final

import click

_TODAY: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")


def seconds(text: str) -> float:
    """Read `90s`, `15m`, `2h`, `1d`.

    Raises:
        click.BadParameter: It is none of these.
    """
    from opsconsole.config.units import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def moment(text: str) -> float:
    """Read a time: epoch seconds, `HH:MM` of today, or ISO 8601; local where no zone is said.

    Raises:
        click.BadParameter: It is none of these.
    """
    try:
        return float(text)
    except ValueError:
        pass
    if match := _TODAY.fullmatch(text):
        hour, minute, second = (int(part or 0) for part in match.groups())
        today = time.localtime()
        return time.mktime((*today[:3], hour, minute, second, 0, 0, -1))
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise click.BadParameter(f"{text!r} is no time: use 14:05, or 2026-05-01T14:05") from None
