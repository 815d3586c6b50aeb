"""Reads how an author, a file or a person wants a rollout: words become the record, mistakes name their key."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from opsconsole.config.units import parse_duration
from opsconsole.errors import OpsConsoleError
from opsconsole.model.rollout import Budget, Canary, Gate, MinHealthy, Rollout, Size
from opsconsole.model.text import LABEL_LIMIT, clean

PARALLEL_LIMIT: Final = 32
UNSAID: Final = 0
"""`max_parallel` of a rollout that was declared in Python without one; the action's holds, see `spec`."""
GATE_LIMIT: Final = 3_600.0
"""Seconds a gate or a bake may take at most."""
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "mode": ("barrier", "rolling"),
    "spread": ("one_domain", "share"),
    "between": ("auto", "ask_after_canary", "ask_always"),
    "rollback": ("offer", "auto"),
    "on_halt": ("wait", "stop"),
    "on_operator_loss": ("", "pause-after-batch", "continue", "stop"),
}
"""The closed sets, by key."""
KEYS: Final = (
    *WORDS, "canary", "batches", "max_parallel", "spread_by", "max_failures", "min_healthy", "gate",
)  # fmt: skip
PICKS: Final = ("healthy", "least_loaded", "spread_by")
_T = TypeVar("_T")


class RolloutError(OpsConsoleError):
    """A rollout is said wrongly; `key` is the key at fault, `canary.bake` for one below another."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(f"rollout: {key}: {text}")
        self.key = key


def read_rollout(told: Mapping[str, object]) -> Rollout:
    """Make the record of plain words.

    Args:
        told: By the names in KEYS. A size is `3` or `10%`; a canary a size or `{count|percent, bake, pick}`;
            max_failures a size or `{count, percent, consecutive, unreachable}`; min_healthy a size or
            `{count|percent, of}`; gate a list of `{check, with, every, for, stable}`.

    Raises:
        RolloutError: A key or a value is wrong.
    """
    _only(told, KEYS, "")
    fields: dict[str, object] = {
        key: _word(key, told[key], allowed) for key, allowed in WORDS.items() if key in told
    }
    if told.get("canary") is not None:
        fields["canary"] = _canary(told["canary"])
    if "batches" in told:
        sizes = _list(told["batches"], "batches")
        fields["batches"] = tuple(read_size(each, "batches") for each in sizes)
    if "max_parallel" in told:
        count = _whole(told["max_parallel"], "max_parallel", least=1)
        fields["max_parallel"] = min(count, PARALLEL_LIMIT)
    if "spread_by" in told:
        fields["spread_by"] = clean(str(told["spread_by"]), LABEL_LIMIT)
    if told.get("max_failures") is not None:
        fields["budget"] = _budget(told["max_failures"])
    if told.get("min_healthy") is not None:
        fields["min_healthy"] = _min_healthy(told["min_healthy"])
    if "gate" in told:
        gates = _list(told["gate"], "gate")
        fields["gates"] = tuple(_gate(each, number) for number, each in enumerate(gates, 1))
    make: Callable[..., Rollout] = Rollout
    return make(**fields)


def say_rollout(rollout: Rollout) -> Mapping[str, object]:
    """Write a record as an author would, so that `read_rollout` gives it back; what is as usual is left out."""
    told = _unlike(rollout, Rollout(), (*WORDS, "max_parallel", "spread_by"))
    if (canary := rollout.canary) is not None:
        more = {"bake": canary.bake} if canary.bake else {}
        told["canary"] = {**_said(canary.size), **more, "pick": canary.pick}
    if rollout.batches:
        told["batches"] = [
            f"{size.percent:g}%" if size.count is None else size.count for size in rollout.batches
        ]
    if rollout.budget != Budget():
        told["max_failures"] = _unlike(
            rollout.budget, Budget(), ("count", "percent", "consecutive", "unreachable")
        )
    if (floor := rollout.min_healthy) is not None:
        told["min_healthy"] = {**_said(floor.size), "of": floor.of}
    if rollout.gates:
        told["gate"] = [
            {"id": gate.id, "check": gate.check, "with": gate.params, "every": gate.every,
             "for": gate.hold, "stable": gate.stable}
            for gate in rollout.gates
        ]  # fmt: skip
    return told


def _unlike(record: object, usual: object, fields: Sequence[str]) -> dict[str, object]:
    return {
        field: getattr(record, field)
        for field in fields
        if getattr(record, field) != getattr(usual, field)
    }


def _said(size: Size) -> Mapping[str, object]:
    return {"percent": size.percent} if size.count is None else {"count": size.count}


def read_size(told: object, key: str) -> Size:
    """Read `3` or `10%`.

    Raises:
        RolloutError: It is neither, or not above 0.
    """
    if isinstance(told, Size):
        return told
    text = str(told).strip()
    if text.endswith("%"):
        return Size(percent=_percent(text.removesuffix("%"), key, least=0.01))
    return Size(count=_whole(told, key, least=1))


def _canary(told: object) -> Canary:
    if not isinstance(told, Mapping):
        return Canary(read_size(told, "canary"))
    _only(told, ("count", "percent", "bake", "pick"), "canary.")
    pick = told.get("pick", ("healthy",))
    picks = tuple(str(each) for each in ([pick] if isinstance(pick, str) else _list(pick, "pick")))
    for each in picks:
        _word("canary.pick", each, PICKS)
    bake = _seconds(told.get("bake", 0.0), "canary.bake", least=0.0)
    return Canary(_sized(told, "canary", Size(count=1)), bake, picks)


def _sized(told: Mapping[str, object], key: str, default: Size | None = None) -> Size:
    if told.get("count") is not None and told.get("percent") is not None:
        raise RolloutError(key, "count and percent are two ways to say one thing")
    if told.get("count") is not None:
        return Size(count=_whole(told["count"], f"{key}.count", least=1))
    if told.get("percent") is not None:
        return Size(percent=_percent(told["percent"], f"{key}.percent", least=0.01))
    if default is None:
        raise RolloutError(key, "count or percent is needed")
    return default


def _budget(told: object) -> Budget:
    if not isinstance(told, Mapping):
        text = str(told).strip()
        if text.endswith("%"):
            return Budget(percent=_percent(text.removesuffix("%"), "max_failures"))
        return Budget(count=_whole(told, "max_failures"))
    _only(told, ("count", "percent", "consecutive", "unreachable"), "max_failures.")
    key = "max_failures."
    return Budget(
        count=_given(told, "count", lambda value: _whole(value, f"{key}count")),
        percent=_given(told, "percent", lambda value: _percent(value, f"{key}percent")),
        consecutive=_given(told, "consecutive", lambda value: _whole(value, f"{key}consecutive")),
        unreachable=_word(
            f"{key}unreachable", told.get("unreachable", "count"), ("count", "ignore")
        ),
    )


def _given(told: Mapping[str, object], key: str, read: Callable[[object], _T]) -> _T | None:
    value = told.get(key)
    return None if value is None else read(value)


def _min_healthy(told: object) -> MinHealthy:
    if not isinstance(told, Mapping):
        return MinHealthy(read_size(told, "min_healthy"))
    _only(told, ("count", "percent", "of"), "min_healthy.")
    of = clean(str(told.get("of", "service.hosts")), LABEL_LIMIT)
    return MinHealthy(_sized(told, "min_healthy"), of)


def _gate(told: object, number: int) -> Gate:
    if isinstance(told, str):
        told = {"check": told}
    if not isinstance(told, Mapping):
        raise RolloutError("gate", "each gate is {check, with, every, for, stable}")
    _only(told, ("id", "check", "with", "every", "for", "stable"), "gate.")
    check = clean(str(told.get("check", "")), LABEL_LIMIT)
    if not check:
        raise RolloutError("gate", "a gate needs a check")
    params = told.get("with") or {}
    if not isinstance(params, Mapping):
        raise RolloutError("gate.with", "is a mapping")
    return Gate(
        id=clean(str(told.get("id") or f"{number}-{check.rpartition('.')[2]}"), LABEL_LIMIT),
        check=check,
        params={str(name): _param(value) for name, value in params.items()},
        every=_seconds(told.get("every", 5.0), "gate.every", least=0.1),
        hold=_seconds(told.get("for", 60.0), "gate.for", least=0.1),
        stable=_whole(told.get("stable", 1), "gate.stable", least=1),
    )


def _param(value: object) -> str:
    if isinstance(value, list | tuple):
        return ",".join(str(each) for each in value)
    return str(value)


def _seconds(told: object, key: str, *, least: float) -> float:
    try:
        seconds = parse_duration(told) if isinstance(told, str) else float(str(told))
    except ValueError as error:
        raise RolloutError(key, str(error)) from None
    if not least <= seconds <= GATE_LIMIT:
        raise RolloutError(key, f"must be between {least:g} s and 1 h")
    return seconds


def _whole(told: object, key: str, *, least: int = 0) -> int:
    try:
        number = int(str(told).strip())
    except ValueError:
        raise RolloutError(key, f"{str(told)[:40]!r} is no whole number") from None
    if isinstance(told, bool) or number < least:
        raise RolloutError(key, f"must be at least {least}")
    return number


def _percent(told: object, key: str, *, least: float = 0.0) -> float:
    try:
        number = float(str(told).strip().removesuffix("%"))
    except ValueError:
        raise RolloutError(key, f"{str(told)[:40]!r} is no percentage") from None
    if not least <= number <= 100:
        raise RolloutError(key, f"must be between {least:g}% and 100%")
    return number


def _word(key: str, told: object, allowed: Sequence[str]) -> str:
    if told not in allowed:
        raise RolloutError(key, f"must be one of {', '.join(word for word in allowed if word)}")
    return str(told)


def _list(told: object, key: str) -> Sequence[object]:
    if isinstance(told, str) or not isinstance(told, Sequence):
        raise RolloutError(key, "is a list")
    return told


def _only(told: Mapping[str, object], known: Sequence[str], above: str) -> None:
    for key in told:
        if key not in known:
            raise RolloutError(f"{above}{key}", f"is not one of {', '.join(known)}")
