"""What a simulated systemd knows of a unit: one line in a file that the stub of `systemctl` shares with us."""

from pathlib import Path

from msgspec import Struct


class UnitState(Struct, frozen=True):
    """One unit."""

    active: str = "active"
    sub: str = "running"
    pid: int = 0
    restarts: int = 0
    since: int = 0
    """Epoch seconds."""

    @property
    def is_up(self) -> bool:
        """Tell whether it does its work."""
        return self.active == "active"


def read_unit(root: Path, name: str) -> UnitState:
    """Read a unit's line; one that nobody wrote is inactive."""
    try:
        active, sub, pid, restarts, since = (root / "opsc" / "units" / name).read_text().split()[:5]
        return UnitState(active, sub, int(pid), int(restarts), int(since))
    except (FileNotFoundError, ValueError):
        return UnitState("inactive", "dead")


def write_unit(root: Path, name: str, state: UnitState) -> None:
    """Replace a unit's line."""
    place = root / "opsc" / "units" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.with_name(f".{name}.new")
    new.write_text(f"{state.active} {state.sub} {state.pid} {state.restarts} {state.since}\n")
    new.replace(place)
