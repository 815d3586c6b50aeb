"""When we cannot see many hosts for one reason: one alert about our view instead of one for each host."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from opsconsole.alerting.life_cycle import Life, Seen, Sight
from opsconsole.alerting.look_rules import key_of
from opsconsole.alerting.rules import BLIND, HOST_UNREACHABLE
from opsconsole.alerting.summaries import REACH_WORDS
from opsconsole.model.snapshot import HostRecord
from opsconsole.model.states import Reach

SHARE: Final = 0.30
"""More than this share of all hosts failing alike, in one cycle, is not the hosts' fault."""
LEAST: Final = 5
"""Fewer hosts than this are told one by one."""
_THROUGH_JUMP: Final = (Reach.VIA_DOWN, Reach.SILENT, Reach.NO_ANSWER, Reach.DROPPED_US)

Hosts = Mapping[str, HostRecord]


class Blindness(NamedTuple):
    """Hosts that cannot be seen for one reason."""

    key: str
    on: str
    labels: Mapping[str, str]
    members: frozenset[str]
    """Keys of their own HostUnreachable."""
    why: str


def blindnesses(hosts: Hosts, lives: Iterable[Life], before: frozenset[str]) -> list[Blindness]:
    """Group what is unreachable.

    Args:
        hosts: All polled hosts.
        lives: Everything that lives; only the unreachable count.
        before: Keys of groups that existed at the last look: those end later than they begin.
    """
    away = {
        life.on.removeprefix("host:"): life
        for life in lives
        if life.rule == HOST_UNREACHABLE
        and life.critical.since is not None
        and life.critical.clear is None
    }
    if not away:
        return []
    found = list(_behind_jumps(hosts, away))
    told = frozenset(key for group in found for key in group.members)
    rest = {name: life for name, life in away.items() if life.key not in told}
    return [*found, *_alike(hosts, rest, before)]


def seen_blind(group: Blindness, lives: Mapping[str, Life]) -> Seen:
    """Say what a group looks like: it fires with the first of its members, and ends with the group."""
    on = any(lives[key].critical.on is not None for key in group.members if key in lives)
    return Seen(
        group.key,
        BLIND,
        group.on,
        group.labels,
        critical=Sight(on or None),
        summary=f"we cannot see {len(group.members)} hosts {group.why}",
        value=float(len(group.members)),
        no_data=True,
    )


def _behind_jumps(hosts: Hosts, away: Mapping[str, Life]) -> Iterator[Blindness]:
    groups: dict[str, set[str]] = defaultdict(set)
    for name, life in away.items():
        if (record := hosts.get(name)) and (jump := _jump_to_blame(record, hosts)):
            groups[jump].add(life.key)
    for jump, keys in sorted(groups.items()):
        if jump in away:
            keys.add(away[jump].key)
        own = hosts.get(jump)
        reach = own.reach if own is not None and own.failed else None
        why = f": {REACH_WORDS[reach]}" if reach else ""
        on = f"host:{jump}"
        labels = {"host": jump}
        yield Blindness(key_of(BLIND, on), on, labels, frozenset(keys), f"behind {jump}{why}")


def _jump_to_blame(record: HostRecord, hosts: Hosts) -> str | None:
    if not record.jump or record.reach not in _THROUGH_JUMP:
        return None
    for jump in record.jump:
        if (own := hosts.get(jump)) is not None and own.failed:
            return jump
    return record.jump[0] if record.reach is Reach.VIA_DOWN else None


def _alike(hosts: Hosts, away: Mapping[str, Life], before: frozenset[str]) -> Iterator[Blindness]:
    alike: dict[Reach, list[Life]] = defaultdict(list)
    for name, life in away.items():
        if (record := hosts.get(name)) and record.reach is not None:
            alike[record.reach].append(life)
    for reach, lives in sorted(alike.items()):
        key = key_of(BLIND, "feed:ssh", reach)
        counted = lives if key in before else _in_one_cycle(lives, hosts)
        if _too_many(len(counted), len(hosts), again=key in before):
            labels = {"feed": "ssh", "reach": str(reach)}
            members = frozenset(life.key for life in counted)
            why = f"at once: {REACH_WORDS[reach]}; is it this machine's network?"
            yield Blindness(key, "feed:ssh", labels, members, why)


def _in_one_cycle(lives: list[Life], hosts: Hosts) -> list[Life]:
    """Keep those that began to fail together with the newest one, within two polls."""
    newest = max(life.active_at for life in lives)
    every = max(hosts[life.on.removeprefix("host:")].every for life in lives)
    return [life for life in lives if life.active_at >= newest - 2 * every - LEAST]


def _too_many(count: int, total: int, *, again: bool) -> bool:
    share = SHARE / 2 if again else SHARE
    return count >= LEAST and count > share * total
