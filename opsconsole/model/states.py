"""The closed sets of words: states, reaches, severities, endings. Every room uses these and no others."""

from enum import StrEnum


class HostState(StrEnum):
    """What a host is, worst firing alert first; unknown whenever there is no fresh sample."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"
    MAINTENANCE = "maintenance"
    PENDING = "pending"


class Reach(StrEnum):
    """How far we get to a host; anything but UP makes its state unknown, never ok."""

    UP = "up"
    REFUSED = "refused"
    NO_ANSWER = "no-answer"
    """No route, or the connection attempt was swallowed."""
    SILENT = "silent"
    """Accepts, or was connected, and then says nothing in time."""
    AUTH_REFUSED = "auth-refused"
    AUTH_LOCKED = "auth-locked"
    """Refused twice: we stopped trying until a person retries."""
    LOCKED_KEY = "locked-key"
    """Our key has a passphrase and no agent holds it."""
    KEY_UNKNOWN = "key-unknown"
    KEY_CHANGED = "key-changed"
    KEY_REVOKED = "key-revoked"
    DNS = "dns"
    NOT_SSH = "not-ssh"
    DROPPED_US = "dropped-us"
    """Accepted and closed at once: MaxStartups, or busy."""
    FLOODED = "flooded"
    """Its answer passed the byte cap."""
    SLOW = "slow"
    """Login or answer takes longer than its budget, but it moves."""
    VIA_DOWN = "via-down"
    """The jump host on the way is not reachable."""


class ServiceState(StrEnum):
    """What a service, a check or a feed is; a refused port is down, because that is an answer."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"
    MAINTENANCE = "maintenance"
    PENDING = "pending"


class Severity(StrEnum):
    """How bad an alert is; the source's raw word is kept beside it."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class AlertState(StrEnum):
    """Where an alert stands in its life; ack, suppression and freshness stand beside it."""

    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"
    RESOLVED = "resolved"


class Freshness(StrEnum):
    """Whether what an alert says was confirmed lately."""

    LIVE = "live"
    STALE = "stale"
    UNCONFIRMED = "unconfirmed"
    """Its source restarted and has not repeated it yet."""


class Effect(StrEnum):
    """What an action does to the world; every action declares it."""

    READ = "read"
    WRITE = "write"
    DESTRUCTIVE = "destructive"


class Confirm(StrEnum):
    """How a person confirms, weakest first."""

    NONE = "none"
    KEY = "key"
    COUNT = "count"
    TYPED = "typed"
    PEER = "peer"


class RunState(StrEnum):
    """Where a run stands; INDETERMINATE overrides every other ending and is never green."""

    PLANNED = "planned"
    AWAITING_APPROVAL = "awaiting-approval"
    """Nothing was dispatched: a second person has to agree first."""
    RUNNING = "running"
    GATING = "gating"
    """Between batches: a bake or a gate is waited for."""
    PAUSED = "paused"
    """A person, a lost operator or an inconclusive gate: nothing new until somebody resumes."""
    HALTED = "halted"
    """A tripped budget or a failed gate: a person chooses."""
    STOPPING = "stopping"
    ROLLING_BACK = "rolling-back"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    ABORTED = "aborted"
    ROLLED_BACK = "rolled-back"
    ROLLBACK_FAILED = "rollback-failed"
    INDETERMINATE = "indeterminate"

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more will happen in the run."""
        return self not in _GOING


_GOING = frozenset(
    {
        RunState.PLANNED,
        RunState.AWAITING_APPROVAL,
        RunState.RUNNING,
        RunState.GATING,
        RunState.PAUSED,
        RunState.HALTED,
        RunState.STOPPING,
        RunState.ROLLING_BACK,
    }
)


class TargetState(StrEnum):
    """Where one target of a run stands (runs: the life of a target)."""

    PENDING = "pending"
    SKIPPED = "skipped"
    NOT_STARTED = "not-started"
    CONNECTING = "connecting"
    UNREACHABLE = "unreachable"
    WRONG_HOST = "wrong-host"
    RUNNING = "running"
    WAITING = "waiting"
    """Its connection was expected to go (a reboot); we wait for it to come back."""
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    UNDONE = "undone"
    UNDO_FAILED = "undo-failed"
    UNDO_UNKNOWN = "undo-unknown"

    @property
    def is_settled(self) -> bool:
        """Tell whether the target will not move any more."""
        return self not in (self.PENDING, self.CONNECTING, self.RUNNING, self.WAITING)

    @property
    def is_good(self) -> bool:
        """Tell whether the target ended as wished (a skipped one did)."""
        return self in (self.UNCHANGED, self.CHANGED, self.SKIPPED)


_STATE_RANK = {
    "critical": 0,
    "down": 0,
    "unknown": 1,
    "warning": 2,
    "degraded": 2,
    "pending": 3,
    "maintenance": 4,
}


def state_rank(state: str) -> int:
    """Order host, service and severity words, worst first; healthy ones last."""
    return _STATE_RANK.get(state, 5)
