"""The live state around a run: what its gates may look at, how many hosts stay healthy, who is fit to go back."""

from collections.abc import Collection, Mapping

from opsconsole.model.snapshot import Snapshot
from opsconsole.runs.board import Board
from opsconsole.runs.healthy import Capacity, capacity, is_healthy, members_of
from opsconsole.runs.looks import Scene
from opsconsole.runs.planned import Prepared
from opsconsole.runs.ports import Ports
from opsconsole.runs.targets import touched_hosts
from opsconsole.runs.verdict import BAD


class Surroundings:
    """Looks out of one run."""

    def __init__(self, prepared: Prepared, board: Board, ports: Ports) -> None:
        """Set up; the snapshot of now is what later ones are compared with."""
        self._prepared = prepared
        self._board = board
        self._ports = ports
        self._before = ports.snapshot()
        rollout = prepared.plan.rollout
        self._rule = None if rollout is None else rollout.min_healthy
        self._members = (
            ()
            if self._rule is None
            else members_of(self._rule, self._hosts(prepared.going), self._before)
        )

    @property
    def refs(self) -> tuple[str, ...]:
        """What is worth polling: the hosts touched so far, and the services around them."""
        scene = self.scene()
        hosts = (f"host:{name}" for name in scene.touched)
        return (*hosts, *(f"service:{name}" for name in scene.services))

    def scene(self) -> Scene:
        """Give what a gate may look at now."""
        now = self._ports.snapshot()
        touched: dict[str, float] = {}
        for target in self._board.targets.values():
            if target.ended is not None and target.started is not None:
                touched |= dict.fromkeys(self._hosts((target.name,)), target.ended)
        frozen = self._hosts(self._prepared.going)
        busy = self._hosts(
            [t.name for t in self._board.targets.values() if t.started and t.ended is None]
        )
        away = {*touched, *busy}
        return Scene(
            now=now,
            before=self._before,
            touched=touched,
            untouched=tuple(name for name in frozen if name not in away),
            services=self._services(touched, now),
        )

    def capacity(self, next_name: str, busy: Collection[str]) -> Capacity | None:
        """Count what stays healthy if one more target is begun; None: nothing is demanded."""
        if self._rule is None:
            return None
        bad = [name for name, target in self._board.targets.items() if target.state in BAD]
        return capacity(
            self._rule,
            self._members,
            self._ports.snapshot(),
            away=self._hosts([*busy, next_name]),
            bad=self._hosts(bad),
        )

    def is_fit(self, name: str) -> bool:
        """Tell whether a target's hosts were seen healthy since the run left them."""
        now = self._ports.snapshot()
        ended = self._board.targets[name].ended or now.now
        records = [now.hosts.get(host) for host in self._hosts((name,))]
        return all(
            record is not None and is_healthy(record, now.now) and record.at >= ended
            for record in records
        )

    def _hosts(self, names: Collection[str]) -> tuple[str, ...]:
        if self._prepared.action.spec.works_on != "service":
            return tuple(names)
        known = [name for name in names if name in self._before.services]
        return touched_hosts(known, "service", self._before)

    def _services(self, touched: Mapping[str, float], now: Snapshot) -> tuple[str, ...]:
        if self._prepared.action.spec.works_on == "service":
            return tuple(self._prepared.going)
        mine = set(touched)
        return tuple(name for name, record in now.services.items() if mine & set(record.hosts))
