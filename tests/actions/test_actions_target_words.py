"""Words that name targets: what is half written means nobody, never everybody."""

import pytest

from opsconsole.actions.target_words import resolve_targets
from opsconsole.errors import RefusedError
from opsconsole.model.snapshot import HostRecord, Snapshot
from opsconsole.model.states import Effect

SHOWN = Snapshot(
    hosts={
        "web1": HostRecord("web1", labels={"role": "web"}),
        "db1": HostRecord("db1", labels={"role": "db"}),
    }
)


def test_a_filter_names_the_hosts_that_pass() -> None:
    assert tuple(resolve_targets(("role:web",), "host", Effect.READ, SHOWN)) == ("web1",)


@pytest.mark.parametrize("word", ["role:", "load>", "!role:"])
@pytest.mark.parametrize("scope", ["host", "service"])
def test_half_a_filter_names_nobody(word: str, scope: str) -> None:
    with pytest.raises(RefusedError, match="ends before its value"):
        resolve_targets((word,), scope, Effect.READ, SHOWN)
