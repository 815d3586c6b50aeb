"""Calls about runs that need a second person; all that somebody of another account may ask."""

from msgspec import Struct

from opsconsole.model.call import Call
from opsconsole.model.run import Run


class ReadApprovals(Call, frozen=True, tag="approvals"):
    """List the runs that wait for a second person. Answered with Approvals."""


class ReadPlan(Call, frozen=True, tag="read-plan"):
    """Read the plan of a run, with its targets. Answered with `model.action.Plan`."""

    run: str


class ApproveRun(Call, frozen=True, tag="approve-run"):
    """Agree to a run that waits, or say no. Done. Whoever agrees has read its plan before."""

    run: str
    hash: str = ""
    """The plan's, as it was read: one agrees to this plan and to no other."""
    deny: bool = False
    reason: str = ""


class Approvals(Struct, frozen=True):
    """Runs that wait for a second person, oldest first."""

    runs: tuple[Run, ...]
