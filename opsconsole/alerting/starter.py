"""The rules that are there without a line of configuration, and how settings bend them."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import structs

from opsconsole.alerting import summaries
from opsconsole.alerting.rules import (
    BLIND,
    CHECK_DOWN,
    HOST_KEY_CHANGED,
    HOST_UNREACHABLE,
    SERVICE_DOWN,
    SOURCE_UNREACHABLE,
    UNIT_FAILED,
    FindRunbook,
    HasAction,
    Rules,
    StateRule,
    Threshold,
)
from opsconsole.alerting.targets import index_of
from opsconsole.model.inventory import Inventory, RuleSettings

MINUTE: Final = 60.0
DAY: Final = 86_400.0

HOST_THRESHOLDS: Final = (
    Threshold(
        "FsSpace",
        "fs.available_ratio",
        summaries.fs_space,
        label="mount",
        below=True,
        warning=0.10,
        critical=0.05,
        margin=0.03,
        warning_hold=10 * MINUTE,
        critical_hold=10 * MINUTE,
        skip="fs.readonly",
    ),
    Threshold(
        "FsInodes",
        "fs.inodes_available_ratio",
        summaries.fs_inodes,
        label="mount",
        below=True,
        warning=0.10,
        critical=0.03,
        margin=0.03,
        warning_hold=10 * MINUTE,
        critical_hold=60 * MINUTE,
        skip="fs.readonly",
    ),
    Threshold(
        "MemAvailable",
        "mem.available_ratio",
        summaries.mem_available,
        below=True,
        warning=0.10,
        critical=0.05,
        margin=0.05,
        warning_hold=15 * MINUTE,
        critical_hold=5 * MINUTE,
        keep=30.0,
    ),
    Threshold(
        "LoadPerCore",
        "load.per_core",
        summaries.load_per_core,
        warning=2.0,
        margin=0.5,
        warning_hold=15 * MINUTE,
        keep=30.0,
    ),
    Threshold(
        "ClockOffset",
        "clock.offset",
        summaries.clock_offset,
        warning=0.05,
        critical=5.0,
        margin=0.025,
        warning_hold=10 * MINUTE,
        critical_hold=MINUTE,
        keep=30.0,
        signed=True,
        absent_is_clear=True,
    ),
)

CHECK_THRESHOLDS: Final = (
    Threshold(
        "CertExpiry",
        "cert.expires_in",
        lambda metrics, _instance, value: (
            f"certificate ends {summaries.day(metrics['at'] + value)}"
        ),
        below=True,
        warning=14 * DAY,
        critical=3 * DAY,
        margin=DAY,
    ),
)

STATE_RULES: Final = (
    StateRule(HOST_UNREACHABLE, hold=60.0),
    StateRule(HOST_KEY_CHANGED),
    StateRule(UNIT_FAILED, hold=5 * MINUTE),
    StateRule(SERVICE_DOWN),
    StateRule(CHECK_DOWN),
    StateRule(SOURCE_UNREACHABLE, hold=30.0),
    StateRule(BLIND),
)


def rules_for(
    inventory: Inventory,
    *,
    find_runbook: FindRunbook | None = None,
    has_action: HasAction | None = None,
) -> Rules:
    """Make the rules of an inventory.

    Args:
        inventory: Its settings bend the rules; its hosts, services and sources map remote alerts.
        find_runbook: Names the first offered action whose `match` takes an alert.
        has_action: Tells whether an action with this id is loaded.
    """
    said = inventory.settings.rules
    return Rules(
        host_thresholds=tuple(_thresholds(HOST_THRESHOLDS, said)),
        check_thresholds=tuple(_thresholds(CHECK_THRESHOLDS, said)),
        states={rule.name: rule for rule in _state_rules(said)},
        sources={source.name: source for source in inventory.sources},
        index=index_of(inventory),
        find_runbook=find_runbook,
        has_action=has_action,
    )


def _thresholds(
    rules: Iterable[Threshold], said: Mapping[str, RuleSettings]
) -> Iterable[Threshold]:
    for rule in rules:
        settings = said.get(rule.name, RuleSettings())
        if settings.off:
            continue
        warning = rule.warning if settings.warning is None else settings.warning
        margin = rule.margin
        if settings.clear is not None and warning is not None:
            margin = abs(settings.clear - warning)
        yield structs.replace(
            rule,
            warning=warning,
            critical=rule.critical if settings.critical is None else settings.critical,
            margin=margin,
            warning_hold=rule.warning_hold if settings.hold is None else settings.hold,
            critical_hold=rule.critical_hold if settings.hold is None else settings.hold,
        )


def _state_rules(said: Mapping[str, RuleSettings]) -> Iterable[StateRule]:
    for rule in STATE_RULES:
        settings = said.get(rule.name, RuleSettings())
        if not settings.off:
            hold = rule.hold if settings.hold is None else settings.hold
            yield structs.replace(rule, hold=hold)
