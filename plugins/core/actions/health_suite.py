"""All checks of a service, asked now: the whole answer in one place."""

from opsconsole.actions.api import CheckResult, Ctx, Outcome, Plugin, Service, ServiceState

plugin = Plugin("core")


@plugin.action(
    "health-suite",
    title="Run every check now",
    scope="service",
    effect="read",
    idempotent=True,
    match='alert.name in ["CheckDown"] or service or host',
    needs=["checks"],
    max_parallel=4,
    timeout="60s",
    keys="h",
    output="table",
)
async def health_suite(ctx: Ctx, service: Service) -> Outcome:
    """Ask and show; one that is down fails it, one that cannot be told does too."""
    results = await ctx.checks()
    if not results:
        return Outcome.unchanged("it has no checks")
    ctx.table([_row(result) for result in results], ("CHECK", "STATE", "TOOK", "WHY"))
    bad = [result for result in results if result.state is not ServiceState.UP]
    if bad:
        words = f"{len(bad)} of {len(results)} not up"
        return Outcome.failed(f"{words}: {bad[0].check} is {bad[0].state}")
    return Outcome.unchanged(f"{len(results)} of {len(results)} up")


def _row(result: CheckResult) -> tuple[str, str, str, str]:
    return result.check, str(result.state), f"{result.took * 1000:.0f} ms", result.reason
