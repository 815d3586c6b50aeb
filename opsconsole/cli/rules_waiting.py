"""Which rules wait for a metric that no host of the running engine gives."""

from collections.abc import Mapping, Sequence

from opsconsole.alerting.compile import compiled
from opsconsole.cli.attach import running
from opsconsole.cli.options import Options
from opsconsole.errors import OpsConsoleError
from opsconsole.model.rules import RuleSpec
from opsconsole.model.snapshot import Snapshot

_NEVER_ASKED = ("unit.failed", "unit.restarts")
"""They are told of units in trouble only: a fleet that is well gives none."""


async def waiting(
    options: Options, specs: Sequence[RuleSpec]
) -> Mapping[str, tuple[str, ...]] | None:
    """Name the rules that wait, with the metrics they wait for; None when no engine runs to tell."""
    try:
        async with running(options) as client:
            return None if client is None else missing(specs, client.snapshot)
    except OpsConsoleError:
        return None


def missing(specs: Sequence[RuleSpec], shown: Snapshot) -> Mapping[str, tuple[str, ...]]:
    """Name the rules about hosts with the metrics that no host gives; none before a host answered."""
    given = {key.partition("{")[0] for host in shown.hosts.values() for key in host.metrics}
    if not given:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for spec in specs:
        if spec.off or spec.built_in:
            continue
        rule, shape = compiled(spec)
        lacking = tuple(sorted(shape.metrics - given - set(_NEVER_ASKED)))
        if rule.scope == "host" and lacking:
            found[spec.name] = lacking
    return found
