"""Whether what a plugin requires is here: our version, features, Python distributions, commands."""

import re
import shutil
from importlib.metadata import PackageNotFoundError, version
from itertools import zip_longest
from typing import Final

from opsconsole import __version__

FEATURES: Final = (
    "alert", "artifact", "ask", "cache", "choose", "config", "confirm", "health", "history", "http",
    "local.run", "lock", "log", "peers", "progress", "secret.get", "ssh.get", "ssh.put", "ssh.read",
    "ssh.script", "ssh.stream", "ssh.write", "table", "wait",
)  # fmt: skip
"""What this version offers to executables."""
CTX_FEATURES: Final = frozenset(
    {
        "artifact", "ask", "cache", "critical", "health", "history", "http", "local", "lock",
        "on_undo", "peers", "progress", "secret", "ssh.get", "ssh.put", "ssh.script", "ssh.stream",
    }
)  # fmt: skip
"""What `ctx` can beyond commands; a plugin asks for one before it relies on it."""
_CLAUSE: Final = re.compile(r"(>=|<=|==|!=|<|>)\s*([0-9]+(?:\.[0-9]+)*)")


def why_unmet(kind: str, asked: str | None) -> str:
    """Say why a requirement is not met, in a sentence; empty when it is.

    Args:
        kind: opsconsole, features, python or commands.
        asked: A version range such as `>=0.4,<2`, or a name.
    """
    match kind:
        case "opsconsole":
            return _version_unmet(asked or "")
        case "features":
            return (
                ""
                if asked in (*FEATURES, *CTX_FEATURES)
                else f"this version has no feature {asked}"
            )
        case "python":
            return _distribution_missing(asked or "")
        case _:
            return "" if shutil.which(asked or "") else f"the command {asked} is not installed here"


def _distribution_missing(name: str) -> str:
    try:
        version(name)
    except (PackageNotFoundError, ValueError):
        return f"the Python package {name} is not installed beside opsconsole"
    return ""


def _version_unmet(asked: str) -> str:
    for clause in asked.split(","):
        found = _CLAUSE.fullmatch(clause.strip())
        if found is None:
            return f"{clause.strip()!r} is no version limit such as >=0.4"
        if not _holds(found[1], found[2]):
            return f"needs opsconsole {clause.strip()}, this is {__version__}"
    return ""


def _holds(sign: str, limit: str) -> bool:
    order = _compare(__version__, limit)
    return {
        ">=": order >= 0, "<=": order <= 0, "==": order == 0, "!=": order != 0, "<": order < 0,
        ">": order > 0,
    }[sign]  # fmt: skip


def _compare(ours: str, limit: str) -> int:
    pairs = zip_longest(_numbers(ours), _numbers(limit), fillvalue=0)
    return next((1 if one > other else -1 for one, other in pairs if one != other), 0)


def _numbers(text: str) -> list[int]:
    return [int(part) for part in re.findall(r"[0-9]+", text)][:6]
