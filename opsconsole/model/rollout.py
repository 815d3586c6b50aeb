"""How a run goes over its targets: first a few, then more, and what stops it; data, from any front end."""

from collections.abc import Mapping

from msgspec import Struct


class Size(Struct, frozen=True):
    """So many targets, or a share of the frozen set (rounded down, at least one); exactly one is set."""

    count: int | None = None
    percent: float | None = None
    """0 to 100."""


class Canary(Struct, frozen=True):
    """The first targets, and how long they are watched before the rest."""

    size: Size = Size(count=1)
    bake: float = 0.0
    """Seconds."""
    pick: tuple[str, ...] = ("healthy",)
    """healthy, least_loaded, spread_by: never a host that already alerts when another is there."""


class Budget(Struct, frozen=True):
    """How much may go bad; a limit that is exceeded, not reached, trips. All None: nothing may."""

    count: int | None = None
    percent: float | None = None
    """0 to 100, of the frozen set."""
    consecutive: int | None = None
    unreachable: str = "count"
    """count or ignore."""


class MinHealthy(Struct, frozen=True):
    """So many must stay healthy while targets are worked on; stale data is no answer: the run waits."""

    size: Size
    of: str = "service.hosts"
    """service.hosts, targets, or a filter over hosts."""


class Gate(Struct, frozen=True):
    """What must hold between batches: asked every so often until it held `stable` times in a row."""

    id: str
    check: str
    """A built-in gate (`core.service-health`, `core.no-new-alerts`), a check, or a read action."""
    params: Mapping[str, str] = {}
    every: float = 5.0
    hold: float = 60.0
    """Seconds within which it must be so; then it is inconclusive, and the run pauses."""
    stable: int = 1


class Rollout(Struct, frozen=True):
    """The whole strategy. Batches are cumulative shares of the frozen set."""

    canary: Canary | None = None
    batches: tuple[Size, ...] = ()
    """Empty: everything that is left in one."""
    mode: str = "barrier"
    """barrier: a batch ends before the next begins; rolling: a window that slides."""
    max_parallel: int = 8
    spread_by: str = ""
    """A label; a batch holds hosts of one value only, or a share of each (`spread`)."""
    spread: str = "one_domain"
    """one_domain or share."""
    budget: Budget = Budget()
    min_healthy: MinHealthy | None = None
    gates: tuple[Gate, ...] = ()
    between: str = "auto"
    """auto, ask_after_canary or ask_always."""
    rollback: str = "offer"
    """offer, or auto when the canary fails."""
    on_halt: str = "wait"
    """wait: a tripped budget or failed gate waits for a person; stop: the run ends there."""
    on_operator_loss: str = ""
    """pause-after-batch, continue or stop when whoever started it is gone; empty: reads go on, writes pause."""


class GateStatus(Struct, frozen=True):
    """Where one gate stands."""

    id: str
    verdict: str = "waiting"
    """waiting, pass, fail or inconclusive."""
    passes: int = 0
    stable: int = 1
    said: str = ""
    """What the last look saw, in a few words."""
    until: float | None = None


class RolloutStatus(Struct, frozen=True):
    """Where a run stands on its way over its batches. A run of one batch has one too."""

    batch: int = 0
    """The batch under way, from 0; the canary is the first when there is one."""
    batches: tuple[tuple[str, ...], ...] = ()
    """Names by batch, frozen."""
    has_canary: bool = False
    bake_until: float | None = None
    bad: int = 0
    """What counts against the budget so far."""
    limit: int = 0
    """Bad targets that are still within it."""
    healthy: int | None = None
    """Of `min_healthy.of`, by live data; None: not known."""
    healthy_limit: int | None = None
    gates: tuple[GateStatus, ...] = ()
