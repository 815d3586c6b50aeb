"""The rollout a plan gets: the action's own or the house's, stricter where a person wishes; and its batches."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from opsconsole.actions.rollout_form import RolloutError, read_rollout
from opsconsole.errors import RefusedError
from opsconsole.model.action import ActionSpec
from opsconsole.model.rollout import Budget, Canary, Rollout
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import Effect, HostState, ServiceState
from opsconsole.runs.batches import Standing, cut_batches, has_canary
from opsconsole.runs.budget import Meter
from opsconsole.runs.healthy import check_rule, is_healthy

WISHES: Final = (
    "canary", "batches", "bake", "max_failures", "max_parallel", "on_halt", "on_operator_loss", "between",
)  # fmt: skip
"""What a person may say otherwise than the action; never laxer."""
_ASKS: Final = ("auto", "ask_after_canary", "ask_always")
_LOSS: Final = ("continue", "pause-after-batch", "stop")


class Strategy(Struct, frozen=True):
    """How one plan goes over its targets."""

    rollout: Rollout
    batches: tuple[tuple[str, ...], ...]
    overshoot: int
    """How many more than the budget can go bad at worst."""


def decide(
    spec: ActionSpec, wishes: Mapping[str, str], names: Sequence[str], snapshot: Snapshot
) -> Strategy:
    """Decide how a plan goes over its targets.

    Args:
        spec: Its rollout; a change on more than one target without one gets a canary of 1.
        wishes: By the names in WISHES, as typed.
        names: Targets that are worked on.
        snapshot: Who is healthy, how loaded, in which failure domain.

    Raises:
        RefusedError: param: a wish is wrong, or laxer than the action says.
    """
    own = _own(spec, len(names))
    if wrong := "" if own.min_healthy is None else check_rule(own.min_healthy):
        raise RefusedError("param", f"min_healthy: {wrong}")
    wished = _wished(own, wishes)
    standings = _standings(names, spec.works_on, wished, snapshot)
    batches = cut_batches(wished, names, standings)
    _check_stricter(own, wished, cut_batches(own, names, standings), batches)
    limit = Meter(wished.budget, len(names)).limit
    window = min(wished.max_parallel, _widest(wished, batches))
    return Strategy(wished, batches, max(0, min(window, len(names) - limit)))


def check_wishes(wishes: Mapping[str, str]) -> None:
    """Check words of a rollout by themselves, without an action.

    Raises:
        RefusedError: param.
    """
    _wished(Rollout(canary=Canary()), wishes)


def tightened(
    spec: ActionSpec, rules: Sequence[Mapping[str, str]], names: Sequence[str], snapshot: Snapshot
) -> ActionSpec:
    """Give an action with a rollout at least as strict as rules say; where it is stricter, that stays.

    A word that does not fit this action (a bake where there is no canary) changes nothing.
    """
    for key, text in (pair for rule in rules for pair in rule.items()):
        try:
            spec = replace(spec, rollout=decide(spec, {key: text}, names, snapshot).rollout)
        except RefusedError:
            continue
    return spec


def _widest(rollout: Rollout, batches: Sequence[Sequence[str]]) -> int:
    """Count how many could be in flight at once: a rolling window reaches over batches, a barrier does not."""
    if rollout.mode == "rolling":
        trial = len(batches[0]) if has_canary(rollout, batches) else 0
        return max(trial, sum(map(len, batches)) - trial)
    return max(map(len, batches), default=0)


def _own(spec: ActionSpec, count: int) -> Rollout:
    """Take the action's rollout; without one, changes try one target first, and go on as the action says."""
    if spec.rollout is not None:
        wished = spec.rollout.max_parallel or spec.max_parallel  # 0: the rollout does not say
        parallel = min(wished, spec.max_parallel)
        return replace(spec.rollout, max_parallel=parallel)
    return Rollout(
        canary=Canary() if spec.effect is not Effect.READ and count > 1 else None,
        budget=Budget(count=0) if spec.stop_on_failure else Budget(percent=100),
        max_parallel=spec.max_parallel,
    )


def _wished(own: Rollout, wishes: Mapping[str, str]) -> Rollout:
    told: dict[str, object] = {}
    for key, text in wishes.items():
        if key not in WISHES:
            raise RefusedError("param", f"rollout: {key} is none of {', '.join(WISHES)}")
        told[key] = [word.strip() for word in text.split(",")] if key == "batches" else text
    bake = told.pop("bake", None)
    try:
        read = read_rollout(told)
        if bake is not None:
            read = replace(read, canary=_baked(read.canary or own.canary, str(bake)))
    except RolloutError as error:
        raise RefusedError("param", str(error)) from None
    given = {*told, *(("canary",) if bake is not None else ())}
    fields = {("budget" if key == "max_failures" else key) for key in given}
    if "canary" in fields and bake is None and own.canary is not None and read.canary is not None:
        read = replace(read, canary=replace(own.canary, size=read.canary.size))
    if "budget" in fields:
        read = replace(read, budget=_tightened(own.budget, read.budget))
    changed: Mapping[str, object] = {field: getattr(read, field) for field in fields}
    return replace(own, **changed)


def _tightened(own: Budget, wished: Budget) -> Budget:
    """What a person does not speak of stays as the action says."""
    count = own.count if wished.count is None else wished.count
    percent = own.percent if wished.percent is None else wished.percent
    return replace(own, count=count, percent=percent)


def _baked(canary: Canary | None, text: str) -> Canary:
    if canary is None:
        raise RolloutError("bake", "there is no canary to bake")
    read = read_rollout({"canary": {"bake": text}}).canary
    assert read is not None
    return replace(canary, bake=read.bake)


def _check_stricter(
    own: Rollout,
    wished: Rollout,
    before: Sequence[Sequence[str]],
    after: Sequence[Sequence[str]],
) -> None:
    """Refuse what would touch more, wait less or bear more than the action says."""
    total = sum(map(len, before))
    laxer = [
        ("batches", any(more > less for more, less in zip(_reach(after), _reach(before), strict=False))),
        ("bake", _bake(wished) < _bake(own)),
        ("max_failures", Meter(wished.budget, total).limit > Meter(own.budget, total).limit),
        ("max_parallel", wished.max_parallel > own.max_parallel),
        ("between", _ASKS.index(wished.between) < _ASKS.index(own.between)),
        ("on_operator_loss", _is_laxer_loss(own, wished)),
    ]  # fmt: skip
    for key, is_laxer in laxer:
        if is_laxer:
            raise RefusedError("param", f"rollout: {key} may only be stricter than the action says")


def _reach(batches: Sequence[Sequence[str]]) -> list[int]:
    """Count how many targets are touched after each batch."""
    reached, counts = 0, []
    for batch in batches:
        reached += len(batch)
        counts.append(reached)
    return counts


def _bake(rollout: Rollout) -> float:
    return 0.0 if rollout.canary is None else rollout.canary.bake


def _is_laxer_loss(own: Rollout, wished: Rollout) -> bool:
    """The default pauses; going on without anybody is the action's to say."""
    default = "pause-after-batch"
    ranks = [_LOSS.index(each.on_operator_loss or default) for each in (wished, own)]
    return ranks[0] < ranks[1]


def _standings(
    names: Sequence[str], scope: str, rollout: Rollout, snapshot: Snapshot
) -> Mapping[str, Standing]:
    label = rollout.spread_by
    look: Callable[[str], Standing] = lambda name: (  # noqa: E731 - one of two ways to look
        _service_standing(name, label, snapshot)
        if scope == "service"
        else _host_standing(name, label, snapshot)
    )
    return {name: look(name) for name in names}


def _host_standing(name: str, label: str, snapshot: Snapshot) -> Standing:
    record = snapshot.hosts.get(name)
    if record is None:
        return Standing()
    return Standing(
        is_healthy=is_healthy(record, snapshot.now)
        and record.state is HostState.OK
        and not record.alerts,
        load=record.metrics.get("load.1m", 0.0),
        domain=record.labels.get(label, "") if label else "",
    )


def _service_standing(name: str, label: str, snapshot: Snapshot) -> Standing:
    record = snapshot.services.get(name)
    if record is None:
        return Standing()
    is_up = record.state is ServiceState.UP and not record.alerts
    return Standing(is_healthy=is_up, domain=record.labels.get(label, "") if label else "")
