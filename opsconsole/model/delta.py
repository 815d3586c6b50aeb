"""What changed between two snapshots, and how to put it back: pure, for the engine's and the client's side."""

from collections.abc import Mapping

from msgspec import structs

from opsconsole.model.snapshot import TABLES, Delta, Snapshot

_ALL_BUT_TIME = (*TABLES, "access", "engine", "on_call")
_Key = str | int
_Table = Mapping[_Key, object]


def diff(old: Snapshot, new: Snapshot) -> Delta:
    """Tell what leads from `old` to `new`.

    Unchanged records are known by their identity, so the cost is one look a record in the tables
    that changed, and nothing for the others.
    """
    changed: dict[str, _Table] = {}
    removed: dict[str, tuple[_Key, ...]] = {}
    for name in TABLES:
        before: _Table = getattr(old, name)
        after: _Table = getattr(new, name)
        if before is after:
            continue
        if set_ := {key: value for key, value in after.items() if before.get(key) is not value}:
            changed[name] = set_
        if len(after) != len(before) + sum(key not in before for key in set_):
            removed[name] = tuple(key for key in before if key not in after)
    return structs.replace(
        Delta(base=old.revision, revision=new.revision, now=new.now, removed=removed),
        **changed,
        access=new.access if new.access is not old.access else None,
        engine=new.engine if new.engine is not old.engine else None,
        on_call=new.on_call if new.on_call is not old.on_call else None,
        ack_within=new.ack_within if new.ack_within != old.ack_within else None,
    )


def only_time_passed(old: Snapshot, new: Snapshot) -> bool:
    """Tell whether two snapshots differ in nothing but their time and revision, by identity."""
    return all(getattr(old, name) is getattr(new, name) for name in _ALL_BUT_TIME)


def apply(snapshot: Snapshot, delta: Delta) -> Snapshot:
    """Make the newer snapshot; tables the delta does not name keep their identity.

    Raises:
        ValueError: The delta starts from another revision: the mirror must be sent anew.
    """
    if delta.base != snapshot.revision:
        raise ValueError(f"a delta from revision {delta.base} on revision {snapshot.revision}")
    tables: dict[str, _Table] = {}
    for name in TABLES:
        changed: _Table = getattr(delta, name)
        gone = delta.removed.get(name, ())
        if changed or gone:
            table = {**getattr(snapshot, name), **changed}
            for key in gone:
                table.pop(key, None)
            tables[name] = table
    return structs.replace(
        snapshot, revision=delta.revision, now=delta.now, **tables, **_scalars(delta)
    )


def merge(first: Delta, second: Delta) -> Delta:
    """Join two deltas that follow each other into one with the effect of both.

    Raises:
        ValueError: The second does not start where the first ends.
    """
    if second.base != first.revision:
        raise ValueError(f"a delta from revision {second.base} after revision {first.revision}")
    tables: dict[str, _Table] = {}
    removed: dict[str, tuple[_Key, ...]] = {}
    for name in TABLES:
        later: _Table = getattr(second, name)
        gone = dict.fromkeys((*first.removed.get(name, ()), *second.removed.get(name, ())))
        dropped = frozenset(second.removed.get(name, ()))
        kept = {k: v for k, v in getattr(first, name).items() if k not in dropped}
        tables[name] = {**kept, **later}
        if still := tuple(key for key in gone if key not in tables[name]):
            removed[name] = still
    return structs.replace(
        second,
        base=first.base,
        removed=removed,
        **tables,
        **{**_scalars(first), **_scalars(second)},
    )


def _scalars(delta: Delta) -> dict[str, object]:
    names = ("access", "engine", "ack_within", "on_call")
    return {name: value for name in names if (value := getattr(delta, name)) is not None}
