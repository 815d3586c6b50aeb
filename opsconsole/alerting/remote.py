"""How the alerts of a source live: what a poll gives, what its silence means, and what a restart does not mean.

An Alertmanager has no history: a resolved alert disappears, and so does every alert when it restarts. So an
alert is over only when it was away in two good polls in a row of a source that did not restart in between.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct, structs

from opsconsole.alerting.flapping import Flap, turned
from opsconsole.model.alert import Alert
from opsconsole.model.sample import FORGOTTEN, RemoteAlert, SourceReading
from opsconsole.model.states import AlertState, Freshness, ServiceState

ABSENCES: Final = 2
GRACE: Final = 300.0
"""Seconds a source gets after a restart, or with members away, to repeat what it said before."""
REPEATED: Final = 5 * 3600.0
"""Seconds after which an alert that was told and not told again is stale: repeat_interval is 4 h by default."""
SKEW_SEEN: Final = 2.0
"""A difference of clocks below this is the age of an answer, not a wrong clock."""
SAME_EPISODE: Final = 60.0
"""Start times of members of a cluster differ by this at most; a later one is a new episode."""
_GOOD: Final = (ServiceState.UP, ServiceState.DEGRADED)


class RemoteLife(Struct, frozen=True):
    """One alert of one source."""

    alert: RemoteAlert
    since: float
    """Our time at which it began to fire."""
    state: AlertState = AlertState.FIRING
    freshness: Freshness = Freshness.LIVE
    absent: int = 0
    absent_at: float = 0.0
    """When it was first missed; of a source that tells: since when a word of it is."""
    seen_at: float = 0.0
    ended_at: float = 0.0


class SourceMemory(Struct, frozen=True):
    """What one source said so far."""

    lives: Mapping[str, RemoteLife] = {}
    """By fingerprint; resolved ones stay until evaluation has given them out."""
    present: frozenset[str] = frozenset()
    """Fingerprints of the last list, for a poll that says `unchanged`."""
    polled: bool = False
    """False before its first good poll: what that one brings did not come just now."""
    started_at: float = 0.0
    flaps: Mapping[str, Flap] = {}
    """By fingerprint: what came and went within the last twenty polls."""
    doubted_at: float | None = None
    """When its silence began to mean nothing: it restarted, or we did."""


def read(memory: SourceMemory, reading: SourceReading) -> SourceMemory:
    """Take one poll of a source."""
    if reading.state not in _GOOD:
        return _marked(memory, Freshness.STALE)
    if reading.pushed:
        return _told(memory, reading)
    memory = _with_start(memory, reading)
    given = {alert.fingerprint: alert for alert in reading.alerts}
    present = memory.present if reading.unchanged else frozenset(given)
    lives: dict[str, RemoteLife] = {}
    for key, life in memory.lives.items():
        if life.state is AlertState.RESOLVED:
            continue
        if key in present:
            lives[key] = _seen(life, given.get(key, life.alert), memory, reading)
        else:
            lives[key] = _missed(life, memory, reading)
    for key, alert in given.items():
        if key not in lives:
            lives[key] = _begun(alert, reading)
    over = memory.doubted_at is not None and reading.at - memory.doubted_at > GRACE
    return structs.replace(
        memory,
        lives=lives,
        present=present,
        polled=True,
        flaps=_flaps(memory, present, reading.at),
        doubted_at=None if over else memory.doubted_at,
    )


def _flaps(memory: SourceMemory, present: frozenset[str], at: float) -> Mapping[str, Flap]:
    """Count what came and what went; while the source's silence means nothing, nothing did."""
    if memory.doubted_at is not None or not memory.polled:
        return memory.flaps
    after = {
        fp: turned(
            memory.flaps.get(fp, Flap(state=int(fp in memory.present))), int(fp in present), at
        )
        for fp in memory.flaps.keys() | (present ^ memory.present)
    }
    return {fp: flap for fp, flap in after.items() if flap.changes}


def _told(memory: SourceMemory, reading: SourceReading) -> SourceMemory:
    """Take what a source that tells of changes told: nothing else ends, however long it is silent."""
    ended = frozenset(reading.ended)
    lives: dict[str, RemoteLife] = {}
    for key, life in memory.lives.items():
        if life.state is AlertState.RESOLVED:
            continue
        if key in ended:
            life = structs.replace(
                life, state=AlertState.RESOLVED, freshness=Freshness.LIVE, ended_at=reading.at
            )
        else:
            life = _untold(life, reading.at)
        lives[key] = life
    for alert in reading.alerts:
        before = lives.get(alert.fingerprint)
        if before is None or before.state is AlertState.RESOLVED:
            lives[alert.fingerprint] = _begun(alert, reading)
        else:
            told = _seen(before, alert, memory, reading)
            lives[alert.fingerprint] = structs.replace(told, seen_at=reading.at)
    return structs.replace(memory, lives=lives, doubted_at=None)


def _untold(life: RemoteLife, at: float) -> RemoteLife:
    """Doubt what is not told again, and let it go in the end: nobody said that it is over."""
    if life.freshness is Freshness.LIVE:
        if at - life.seen_at <= REPEATED:
            return life
        return structs.replace(life, freshness=Freshness.STALE, absent_at=life.seen_at)
    if (
        not life.absent_at
    ):  # an earlier engine saw it, or the feed was away: it is waited for from now
        return structs.replace(life, absent_at=at)
    if at - life.absent_at <= FORGOTTEN:
        return life
    return structs.replace(life, state=AlertState.RESOLVED, freshness=Freshness.STALE, ended_at=at)


def _begun(alert: RemoteAlert, reading: SourceReading) -> RemoteLife:
    state = AlertState.PENDING if alert.pending else AlertState.FIRING
    return RemoteLife(alert, our_time(alert, reading), state, seen_at=reading.at)


def our_time(alert: RemoteAlert, reading: SourceReading) -> float:
    """Say by our clock when an alert began; a remote clock that is off, or ahead, orders nothing."""
    skew = reading.at - reading.remote_now if reading.remote_now else 0.0
    if abs(skew) <= SKEW_SEEN:
        skew = 0.0
    began = alert.starts_at + skew
    return min(began, reading.at) if alert.starts_at > 0 and began > 0 else reading.at


def recalled(alert: Alert) -> RemoteLife:
    """Make the life of an alert that an earlier engine saw; its source has to repeat it."""
    return RemoteLife(
        RemoteAlert(
            fingerprint=alert.fingerprint,
            labels=alert.labels,
            annotations=alert.annotations,
            starts_at=alert.since,
            generator_url=alert.generator_url,
        ),
        since=alert.since,
        freshness=Freshness.UNCONFIRMED,
        seen_at=alert.seen_at,
    )


def _with_start(memory: SourceMemory, reading: SourceReading) -> SourceMemory:
    started = reading.started_at
    if not started:
        return memory
    if memory.started_at and started > memory.started_at + 1.0:
        memory = structs.replace(
            _marked(memory, Freshness.UNCONFIRMED),
            doubted_at=reading.at,
            present=frozenset() if not reading.unchanged else memory.present,
        )
    return structs.replace(memory, started_at=max(started, memory.started_at))


def _marked(memory: SourceMemory, freshness: Freshness) -> SourceMemory:
    lives = {
        key: life
        if life.freshness is freshness or life.state is AlertState.RESOLVED
        else structs.replace(life, freshness=freshness)
        for key, life in memory.lives.items()
    }
    return structs.replace(memory, lives=lives)


def _seen(
    life: RemoteLife, alert: RemoteAlert, memory: SourceMemory, reading: SourceReading
) -> RemoteLife:
    if alert.pending != (life.state is AlertState.PENDING):
        unsure = memory.doubted_at is not None or reading.state is ServiceState.DEGRADED
        if alert.pending and unsure:  # a server that starts finds out again what had fired
            return structs.replace(life, freshness=Freshness.UNCONFIRMED, absent=0, absent_at=0.0)
        return _begun(alert, reading)  # it fires now, or it ended and waits anew
    is_later = our_time(alert, reading) > life.since + SAME_EPISODE
    if is_later and alert.starts_at not in (0.0, life.alert.starts_at):  # 0: its source tells none
        return _begun(alert, reading)
    same = alert == life.alert or alert == structs.replace(life.alert, starts_at=alert.starts_at)
    if same and life.freshness is Freshness.LIVE and not life.absent:
        return life
    return structs.replace(
        life,
        alert=life.alert if same else alert,
        freshness=Freshness.LIVE,
        absent=0,
        absent_at=0.0,
        seen_at=reading.at,
    )


def _missed(life: RemoteLife, memory: SourceMemory, reading: SourceReading) -> RemoteLife:
    absent_at = life.absent_at or reading.at
    absent = life.absent + 1
    life = structs.replace(life, absent=absent, absent_at=absent_at)
    if memory.doubted_at is not None:
        waited = reading.at - memory.doubted_at > GRACE
        life = structs.replace(life, freshness=Freshness.UNCONFIRMED)
    elif reading.state is ServiceState.DEGRADED:
        waited = reading.at - absent_at > GRACE  # a member that is away may be the one that has it
    else:
        waited = True
    if absent < ABSENCES or not waited:
        return life
    return structs.replace(
        life, state=AlertState.RESOLVED, freshness=Freshness.LIVE, ended_at=reading.at
    )
