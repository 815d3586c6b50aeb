"""Acks that an Alertmanager hears of too: one short silence each, extended with the ack, never without it."""

from typing import Any

import pytest
from msgspec.structs import replace

from opsconsole.engine.mirrors import MOST, Mirrors
from opsconsole.errors import RefusedError, TransportError
from opsconsole.model.alert import Alert
from opsconsole.model.silence import Silence, SilenceDraft
from opsconsole.model.states import AlertState, Reach, Severity
from opsconsole.state.store import Store

T0 = 1_800_000_000.0
MINUTE = 60.0


class FakeClock:
    def __init__(self) -> None:
        self.at = T0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


class Managers:
    """Alertmanagers by name, as `Silences` hands on to them; extends in place from a silence's own end."""

    def __init__(self, store: Store, clock: FakeClock, *names: str) -> None:
        self._store = store
        self._clock = clock
        self.managers = names
        self.silences: dict[str, Silence] = {}
        self.away: set[str] = set()
        self.asked = 0
        self.authors: list[str] = []

    def _ask(self, source: str) -> None:
        self.asked += 1
        if source in self.away:
            raise TransportError(source, Reach.NO_ANSWER, "no answer")

    async def put(self, draft: SilenceDraft, actor: str, old: Silence | None) -> str:
        self._ask(draft.source)
        now = self._clock.now()
        if old is not None and old.matchers == draft.matchers and old.comment == draft.comment:
            made = replace(old, ends=old.ends + draft.seconds)
        else:
            name = f"{draft.source}-{len(self.silences) + 1}"
            made = Silence(
                name, draft.source, draft.matchers, now, now + draft.seconds, actor, draft.comment
            )
        self.silences[made.id] = made
        return made.id

    async def end(self, source: str, id: str) -> None:
        self._ask(source)
        self.expire(id)

    def expire(self, id: str) -> None:
        self.silences[id] = replace(self.silences[id], state="expired", ends=self._clock.now())

    async def look(self) -> None:
        now = self._clock.now()
        for each in tuple(self.silences.values()):
            if each.ends <= now:
                self.silences[each.id] = replace(each, state="expired")
        self._store.put_silences(self.silences.values())

    @property
    def live(self) -> list[Silence]:
        now = self._clock.now()
        return [s for s in self.silences.values() if s.state == "active" and s.ends > now]


class Stage:
    """A store with fires, Alertmanagers, and the mirrors between them."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = Store(self.clock)
        self.managers = Managers(self.store, self.clock, "main", "other")
        self.kept: dict[str, bytes] = {}
        self.mirrors = self.begin()

    def begin(self) -> Mirrors:
        async def keep(name: str, data: bytes) -> None:
            self.kept[name] = data

        self.mirrors = Mirrors(self.store, self.managers, keep, self.clock)
        self.mirrors.restore(self.kept)
        return self.mirrors

    def burn(self, *alerts: Alert) -> None:
        self.store.put_alerts({each.episode: each for each in alerts})

    async def ack(self, alert: Alert, note: str = "", until: float | None = None) -> None:
        await self.store.ack([alert.episode], "op1", note, until, mirror=True)

    async def step(self, after: float = 0.0) -> Any:
        self.clock.at += after
        self.store.tick(self.clock.at)
        await self.managers.look()
        return await self.mirrors.step()

    def shown(self, alert: Alert) -> Alert:
        return self.store.snapshot.alerts[alert.episode]


def fire(name: str = "HighLoad", source: str = "main", **fields: Any) -> Alert:
    return Alert(
        f"{name}{source}", f"{name}-1", name, Severity.CRITICAL, "critical", AlertState.FIRING, T0, "host:db1",
        source, {"alertname": name, "instance": "db1:9100"}, **fields,
    )  # fmt: skip


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def test_a_mirrored_ack_silences_that_alert_and_no_other_for_a_quarter_of_an_hour(
    stage: Stage,
) -> None:
    stage.burn(fire())
    await stage.ack(fire(), "cleaning wal")

    await stage.step()

    (made,) = stage.managers.live
    assert {(m.name, m.op, m.value) for m in made.matchers} == {
        ("alertname", "=", "HighLoad"),
        ("instance", "=", "db1:9100"),
    }
    assert (made.author, made.ends - T0) == ("op1", 15 * MINUTE)
    assert made.comment == "ACK op1 2027-01-15T08:00:00.000Z: cleaning wal"
    assert stage.shown(fire()).ack == replace(
        stage.shown(fire()).ack, mirror=True, silences=(made.id,)
    )


async def test_an_ack_without_it_makes_no_silence(stage: Stage) -> None:
    stage.burn(fire())
    await stage.store.ack([fire().episode], "op1")

    await stage.step()

    assert stage.managers.asked == 0


async def test_what_mirrors_an_ack_does_not_hide_the_fire_here(stage: Stage) -> None:
    stage.burn(fire())
    await stage.ack(fire())
    await stage.step()
    (made,) = stage.managers.live

    stage.burn(fire(suppressed_by=(f"silence:{made.id}", "inhibited:abc")))

    assert stage.shown(fire()).suppressed_by == ("inhibited:abc",)


async def test_it_is_extended_in_place_while_the_ack_holds(stage: Stage) -> None:
    stage.burn(fire())
    await stage.ack(fire())
    for _ in range(240):
        await stage.step(15.0)
        assert len(stage.managers.live) == 1

    assert len(stage.managers.silences) == 1
    assert stage.managers.asked < 15  # an hour: once in five minutes, not with every look


@pytest.mark.parametrize("end", ["dropped", "over", "resolved", "gone", "acked anew without"])
async def test_it_ends_with_its_ack(stage: Stage, end: str) -> None:
    stage.burn(fire())
    await stage.ack(fire(), until=T0 + 5 * MINUTE)
    await stage.step()

    if end == "dropped":
        await stage.store.unack([fire().episode], "op1")
    elif end == "over":
        stage.clock.at = T0 + 5 * MINUTE
    elif end == "resolved":
        stage.burn(replace(fire(), state=AlertState.RESOLVED, since=T0 + 60))
    elif end == "gone":
        stage.burn()
    else:
        await stage.store.ack([fire().episode], "op2")
    await stage.step(1.0)

    assert stage.managers.live == []


async def test_it_never_outlasts_the_end_of_its_ack_nor_eight_hours(stage: Stage) -> None:
    stage.burn(fire())
    await stage.ack(fire(), until=T0 + 5 * MINUTE)
    await stage.step()
    assert stage.managers.live[0].ends == T0 + 5 * MINUTE

    await stage.ack(fire())
    latest = 0.0
    for _ in range(110):
        await stage.step(5 * MINUTE)
        latest = max([latest, *(each.ends for each in stage.managers.silences.values())])
    assert latest <= T0 + 8 * 3600.0 + 1.0
    assert stage.managers.live == []
    ack = stage.shown(fire()).ack
    assert ack is not None
    assert (ack.mirror, ack.silences) == (False, ())
    assert "8 h" in [e.text for e in stage.store.snapshot.events.values()][-1]


async def test_each_cluster_that_tells_of_it_gets_one(stage: Stage) -> None:
    stage.burn(fire(source="main,prom,other"))
    await stage.ack(fire())

    for _ in range(3):
        await stage.step(15.0)

    assert sorted(each.source for each in stage.managers.live) == ["main", "other"]


async def test_a_cluster_that_is_away_is_asked_once_a_look_and_said_and_gets_it_later(
    stage: Stage,
) -> None:
    stage.managers.away = {"main"}
    alerts = [fire("A"), fire("B"), fire("C", "other")]
    stage.burn(*alerts)
    for each in alerts:
        await stage.ack(each)

    problems = await stage.step()

    assert list(problems) == ["main"]
    assert stage.managers.asked == 2
    assert "main" in stage.store.snapshot.banners["mirrors"].text
    assert [each.source for each in stage.managers.live] == ["other"]
    stage.managers.away = set()
    assert await stage.step(15.0) == {}
    assert len(stage.managers.live) == 3
    assert "mirrors" not in stage.store.snapshot.banners


async def test_one_that_could_not_be_ended_is_ended_by_the_next_engine(stage: Stage) -> None:
    stage.burn(fire())
    await stage.ack(fire())
    await stage.step()
    stage.managers.away = {"main"}
    await stage.store.unack([fire().episode], "op1")
    await stage.step(15.0)
    assert len(stage.managers.live) == 1

    stage.managers.away = set()
    stage.begin()
    await stage.step(15.0)

    assert stage.managers.live == []


async def test_an_engine_that_died_before_it_noted_one_makes_no_second(stage: Stage) -> None:
    stage.burn(fire())
    await stage.ack(fire())
    await stage.step()

    stage.kept.clear()
    stage.begin()
    await stage.step(15.0)

    assert len(stage.managers.silences) == 1


async def test_who_ends_the_silence_by_hand_is_not_contradicted_and_the_ack_stays(
    stage: Stage,
) -> None:
    stage.burn(fire())
    await stage.ack(fire())
    await stage.step()
    stage.managers.expire(stage.managers.live[0].id)

    for _ in range(3):
        await stage.step(15.0)

    ack = stage.shown(fire()).ack
    assert ack is not None
    assert not ack.mirror
    assert stage.managers.live == []
    assert "somebody ended" in [e.text for e in stage.store.snapshot.events.values()][-1]


async def test_one_that_lapsed_while_nobody_was_here_is_made_again(stage: Stage) -> None:
    stage.burn(fire())
    await stage.ack(fire())
    await stage.step()

    stage.begin()
    await stage.step(2 * 3600.0)

    assert len(stage.managers.live) == 1
    assert len(stage.managers.silences) == 2


@pytest.mark.parametrize("source", ["rules", "prom"])
def test_what_no_alertmanager_tells_of_is_refused(stage: Stage, source: str) -> None:
    stage.burn(fire(source=source))

    with pytest.raises(RefusedError, match="no Alertmanager tells of HighLoad"):
        stage.mirrors.check([fire().episode])


def test_many_at_once_are_a_case_for_one_silence(stage: Stage) -> None:
    with pytest.raises(RefusedError, match="one silence with matchers"):
        stage.mirrors.check([f"e{n}" for n in range(MOST + 1)])
