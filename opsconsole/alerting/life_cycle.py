"""How a condition lives: pending, firing, recovering, resolved. A state machine without a clock.

Each severity of a condition is a level of its own with its own wait; the alert is the worst level that is on.
Not having looked moves nothing: it neither fires nor resolves.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct, structs

from opsconsole.model.states import AlertState, Severity


class Sight(Struct, frozen=True):
    """What one look said of one level."""

    breached: bool | None
    """None: we could not look."""
    cleared: bool = True
    """With `breached` false: beyond the clear limit too. Between both limits nothing changes."""
    hold: float = 0.0
    """Seconds it must be seen breached before it fires."""
    ready: bool = True
    """False: more looks are needed before it may fire, whatever the time."""


class Seen(Struct, frozen=True):
    """What one look said of one instance of a rule."""

    key: str
    rule: str
    on: str
    labels: Mapping[str, str]
    """Identity: the fingerprint is taken of these."""
    info: Sight | None = None
    warning: Sight | None = None
    critical: Sight | None = None
    """None: the rule has no such level."""
    keep: float = 0.0
    """Seconds it must be seen clear before it is resolved."""
    summary: str = ""
    value: float | None = None
    no_data: bool = False
    annotations: Mapping[str, str] = {}

    @property
    def sights(self) -> tuple[Sight | None, Sight | None, Sight | None]:
        """Give what was seen of each level, mildest first."""
        return (self.info, self.warning, self.critical)


class Level(Struct, frozen=True):
    """One severity of one condition."""

    since: float | None = None
    """First seen breached, without being seen clear since."""
    on: float | None = None
    """When it began to fire."""
    clear: float | None = None
    """Since when it is seen clear while on."""
    due: float | None = None
    """When mere time will change it; None: only another look can."""
    hold: float = 0.0
    """Seconds it had to hold before it came on."""


class Life(Struct, frozen=True):
    """One instance of a rule, from its first breach to its end."""

    key: str
    rule: str
    on: str
    labels: Mapping[str, str]
    info: Level = Level()
    warning: Level = Level()
    critical: Level = Level()
    active_at: float = 0.0
    since: float | None = None
    """When its first level came on: the episode's begin. None: pending."""
    fresh: bool = True
    """False: the last look saw nothing."""
    restored: bool = False
    """True: an earlier engine saw it, this one did not yet."""
    seen_at: float = 0.0
    summary: str = ""
    value: float | None = None
    no_data: bool = False
    annotations: Mapping[str, str] = {}

    @property
    def levels(self) -> tuple[Level, Level, Level]:
        """Give the levels, mildest first."""
        return (self.info, self.warning, self.critical)

    @property
    def state(self) -> AlertState:
        """Where it stands."""
        is_on = is_seen = False
        for level in (self.critical, self.warning, self.info):
            if level.on is not None:
                if level.clear is None:
                    return AlertState.FIRING
                is_on = True
            elif level.since is not None:
                is_seen = True
        if is_on:
            return AlertState.RECOVERING
        return AlertState.PENDING if is_seen else AlertState.RESOLVED

    @property
    def severity(self) -> Severity:
        """The worst level that is on; before any is, the worst that waits to come on."""
        if self.critical.on is not None:
            return Severity.CRITICAL
        if self.warning.on is not None:
            return Severity.WARNING
        if self.info.on is not None:
            return Severity.INFO
        return next(
            (word for word, level in self._worst_first() if level.since is not None),
            Severity.WARNING,
        )

    def _worst_first(self) -> tuple[tuple[Severity, Level], ...]:
        return (
            (Severity.CRITICAL, self.critical),
            (Severity.WARNING, self.warning),
            (Severity.INFO, self.info),
        )

    def is_due(self, now: float) -> bool:
        """Tell whether a wait of it is over, so that the same look would change it."""
        for level in (self.critical, self.warning, self.info):
            if level.due is not None and level.due <= now:
                return True
        return False


_OFF: Final = Level()


def step_level(level: Level, sight: Sight, *, keep: float, now: float) -> Level:
    """Carry one level over one look."""
    if sight.breached is None:
        return level
    if level.on is None:
        return _toward_on(level, sight, now) if sight.breached else _OFF
    if sight.breached or not sight.cleared:
        return Level(level.since, level.on, hold=level.hold)
    clear = now if level.clear is None else level.clear
    if now - clear >= keep:
        return _OFF
    return Level(level.since, level.on, clear, due=clear + keep, hold=level.hold)


def step(life: Life | None, seen: Seen, now: float) -> Life | None:
    """Carry an instance over one look.

    Returns:
        The same object when nothing changed; None when it ended without ever having fired; a life
        whose state is resolved when a fire ended.
    """
    if life is None:
        life = Life(seen.key, seen.rule, seen.on, seen.labels, active_at=now, seen_at=now)
    if not any(sight is not None and sight.breached is not None for sight in seen.sights):
        return unseen(life, now)
    moved = structs.replace(
        life,
        info=_stepped(life.info, seen.info, seen.keep, now),
        warning=_stepped(life.warning, seen.warning, seen.keep, now),
        critical=_stepped(life.critical, seen.critical, seen.keep, now),
        fresh=True,
        restored=False,
    )
    if moved.state is AlertState.RESOLVED:
        return structs.replace(moved, seen_at=now) if life.since is not None else None
    if moved.since is None and moved.state is AlertState.FIRING:
        moved = structs.replace(moved, since=now)
    if moved.state is not AlertState.RECOVERING and moved.summary != seen.summary:
        moved = structs.replace(
            moved, summary=seen.summary, value=seen.value, annotations=seen.annotations
        )
    if moved.no_data != seen.no_data:
        moved = structs.replace(moved, no_data=seen.no_data)
    return life if moved == life else structs.replace(moved, seen_at=now)


def unseen(life: Life, now: float) -> Life:
    """Carry an instance over a look that saw nothing: it stays as it is, and says so."""
    return structs.replace(life, fresh=False, seen_at=now) if life.fresh else life


def gone(life: Life, now: float) -> Life | None:
    """End an instance whose subject exists no longer; None when it never fired."""
    if life.since is None:
        return None
    return structs.replace(life, info=_OFF, warning=_OFF, critical=_OFF, fresh=True, seen_at=now)


def _toward_on(level: Level, sight: Sight, now: float) -> Level:
    since = now if level.since is None else level.since
    if sight.ready and now - since >= sight.hold:
        return Level(since=since, on=now, hold=sight.hold)
    return Level(since=since, due=since + sight.hold if sight.ready else None)


def _stepped(level: Level, sight: Sight | None, keep: float, now: float) -> Level:
    if sight is not None:
        return step_level(level, sight, keep=keep, now=now)
    return _OFF  # the rule has no such level (any more): settings changed
