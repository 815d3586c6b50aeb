"""Which plugin a fault is counted against, and when it is not called any more."""

from collections.abc import Callable

import pytest

from opsconsole.actions.api import Host, Outcome
from opsconsole.actions.params import Values
from opsconsole.actions.protocol import ProtocolError
from opsconsole.actions.steps import Door, Impl, Target
from opsconsole.actions.wards import QuarantineError, WardedImpl, Wards
from opsconsole.errors import ActionError

Make = Callable[[], BaseException]


def refused() -> BaseException:
    return ValueError("no")


class Raises:
    """An implementation that fails in one way."""

    def __init__(self, make: Make) -> None:
        self._make = make

    async def run(self, door: Door, target: Target, values: Values) -> Outcome | None:
        raise self._make()


class Uses:
    """An implementation that only hands on to another one."""

    def __init__(self, inner: Impl) -> None:
        self._inner = inner

    async def run(self, door: Door, target: Target, values: Values) -> Outcome | None:
        return await self._inner.run(door, target, values)


async def run(impl: Impl) -> None:
    await impl.run(None, Host("web1"), Values({}))  # type: ignore[arg-type]  # nobody asks the door


@pytest.mark.parametrize(
    ("make", "kinds"),
    [
        (refused, ["error"]),
        (lambda: SystemExit(3), ["error"]),
        (lambda: ProtocolError("said what it should not"), ["protocol"]),
        (lambda: ActionError("restart", "exit 1", 1), []),
    ],
    ids=["raised", "left", "protocol", "seen-end"],
)
async def test_a_fault_is_counted_and_goes_on_to_the_bulkhead(make: Make, kinds: list[str]) -> None:
    wards = Wards(lambda: 1.0)

    with pytest.raises(type(make())):
        await run(WardedImpl(Raises(make), "acme", "acme.restart", wards))

    assert [fault.kind for fault in wards.faults("acme")] == kinds


async def test_a_fault_in_an_action_that_another_uses_is_its_own_plugins_alone() -> None:
    wards = Wards(lambda: 1.0)
    inner = WardedImpl(Raises(refused), "acme", "acme.inner", wards)
    outer = WardedImpl(Uses(inner), "mine", "mine.outer", wards)

    with pytest.raises(ValueError, match="no"):
        await run(outer)

    assert [fault.where for fault in wards.faults("acme")] == ["acme.inner"]
    assert wards.faults("mine") == ()


async def test_the_third_fault_in_five_minutes_closes_a_plugin_until_it_is_resumed() -> None:
    wards = Wards(lambda: 1.0)
    impl = WardedImpl(Raises(refused), "acme", "acme.restart", wards)
    for _ in range(3):
        with pytest.raises(ValueError, match="no"):
            await run(impl)

    with pytest.raises(QuarantineError, match="quarantine after 3 faults"):
        await run(impl)
    assert wards.resume("acme")
    with pytest.raises(ValueError, match="no"):
        await run(impl)
