"""The rule of who may change something now, as every room reads it; the engine is the one that enforces it."""

from opsconsole.model.snapshot import Access, Freeze, Unlock


def unlock_of(access: Access, actor: str, now: float) -> Unlock | None:
    """Find a person's unlock that still holds."""
    live = [unlock for unlock in access.unlocks if unlock.actor == actor and unlock.until > now]
    return max(live, key=lambda unlock: unlock.until, default=None)


def live_freezes(access: Access, now: float) -> tuple[Freeze, ...]:
    """List the freezes that still hold, whatever they cover."""
    return tuple(freeze for freeze in access.freezes if freeze.until > now)


def write_refusal(access: Access, actor: str, now: float) -> str:
    """Say why a person cannot change anything at all now; empty when they can.

    A freeze counts here only when it covers everything; narrower ones depend on the target.
    """
    if access.read_only:
        return "this console is read-only"
    for freeze in live_freezes(access, now):
        if freeze.scope in ("", "*"):
            return f"frozen by {freeze.actor}: {freeze.reason}"
    if access.locked and unlock_of(access, actor, now) is None:
        return "LOCKED: `:unlock 15m REASON` turns changes on for you"
    return ""
