"""The `status` document."""

from opsconsole.model.snapshot import Snapshot


def document(shown: Snapshot, now: float, select: str) -> object:
    """Make the JSON document."""
    return {
        "schema": "opsconsole.status/1",
        "at": now,
        "hosts": [
            {
                "name": h.name,
                "state": h.state,
                "reach": h.reach,
                "reason": h.reason,
                "age": now - h.at if h.at else None,
                "labels": h.labels,
                "metrics": h.metrics,
            }
            for h in shown.hosts.values()
        ],
    }


def text(shown: Snapshot, now: float, select: str, *, width: int) -> str:
    """Make the text."""
    return "\n".join(f"{h.name} {h.state} {h.reach} {h.reason}" for h in shown.hosts.values())


def exit_code(shown: Snapshot, now: float, select: str) -> int:
    """Give the exit code."""
    return 0
