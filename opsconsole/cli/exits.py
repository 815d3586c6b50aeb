"""What a verb's exit code says, and how an error becomes one sentence and a code."""

import sys
from enum import IntEnum

from opsconsole.errors import (
    ConfigError,
    EngineError,
    OpsConsoleError,
    OutcomeUnknownError,
    QueryError,
    RefusedError,
)


class Exit(IntEnum):
    """Exit codes of every verb but `status`, which has Nagios's."""

    DONE = 0
    FAILED = 1
    UNKNOWN = 3
    """The outcome was not observed."""
    REFUSED = 4
    """Locked, frozen, a policy, a lock that somebody holds."""
    USAGE = 64
    CONFIG = 78


class Status(IntEnum):
    """Exit codes of `status` and of other verbs that check something (Nagios)."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


_USAGE_CODES = frozenset({"param", "unknown-action", "unknown-target", "empty"})


def code_of(error: OpsConsoleError) -> Exit:
    """Give the exit code of an error that ended a verb."""
    match error:
        case ConfigError() | EngineError(__cause__=ConfigError()):
            return Exit.CONFIG
        case QueryError():
            return Exit.USAGE
        case RefusedError(code=code) if code in _USAGE_CODES:
            return Exit.USAGE
        case RefusedError():
            return Exit.REFUSED
        case OutcomeUnknownError():
            return Exit.UNKNOWN
    return Exit.FAILED


def complain(error: OpsConsoleError) -> None:
    """Say an error on stderr, one sentence or one line a mistake."""
    if isinstance(error, QueryError):
        print(f"opsconsole: {error}\n{error.caret()}", file=sys.stderr)
        return
    print(f"opsconsole: {error}", file=sys.stderr)
