"""The slow and the lazy answer made into metrics and facts: pure."""

from collections.abc import Mapping
from typing import NamedTuple

from opsconsole.collect.section_reader import SectionReader
from opsconsole.model.text import LABEL_LIMIT, NAME_LIMIT, clean
from opsconsole.parsers.bonding import parse_bonds
from opsconsole.parsers.conntrack import parse_conntrack
from opsconsole.parsers.df import inode_metrics, parse_df, space_metrics
from opsconsole.parsers.edac import parse_edac
from opsconsole.parsers.links import parse_links
from opsconsole.parsers.mdstat import parse_mdstat
from opsconsole.parsers.mounts import parse_mounts
from opsconsole.parsers.ntp import parse_ntp
from opsconsole.parsers.os_release import parse_os_release, parse_reboot, parse_uname
from opsconsole.parsers.pids import parse_pids
from opsconsole.parsers.proc_stat import parse_states
from opsconsole.parsers.sections import split_sections
from opsconsole.parsers.systemd import parse_failed_units, parse_restarts
from opsconsole.parsers.temps import parse_temps
from opsconsole.parsers.who import parse_who


class TierReading(NamedTuple):
    """One answer, read."""

    metrics: Mapping[str, float]
    facts: Mapping[str, str]


def read_slow(answer: bytes) -> TierReading:
    """Read one answer of the slow tier.

    Raises:
        ParseError: The answer is cut.
    """
    reader = SectionReader(split_sections(answer))
    metrics: dict[str, float] = {}
    facts = {"units.failed": ""}
    mounts = reader.read("mounts", parse_mounts, {})
    metrics.update(space_metrics(reader.read("df", parse_df, ()), mounts))
    metrics.update(inode_metrics(reader.read("inodes", parse_df, ()), mounts))
    metrics.update(reader.read("mdstat", parse_mdstat, {}))
    metrics.update(reader.read("conntrack", parse_conntrack, {}))
    metrics.update(reader.read("links", parse_links, {}))
    metrics.update(reader.read("bonds", parse_bonds, {}))
    metrics.update(reader.read("pids", parse_pids, {}))
    metrics.update(reader.read("edac", parse_edac, {}))
    metrics.update(reader.read("temps", parse_temps, {}))
    metrics.update(reader.read("states", parse_states, {}))
    metrics.update(reader.read("ntp", parse_ntp, {}))
    metrics.update(reader.read("who", parse_who, {}))
    units = reader.read("units", parse_failed_units, None)
    if units is not None:
        metrics["units.failed"] = float(len(units))
        facts["units.failed"] = ", ".join(units)
    states = reader.sections.get("states", b"")
    facts["zombies"] = "not counted: too many processes" if states.startswith(b"skipped") else ""
    metrics.update(reader.read("restarts", parse_restarts, {}))
    facts["unreadable.slow"] = ", ".join(reader.unreadable)
    return TierReading(metrics, facts)


def read_lazy(answer: bytes) -> TierReading:
    """Read one answer of the lazy tier.

    Raises:
        ParseError: The answer is cut.
    """
    reader = SectionReader(split_sections(answer))
    facts: dict[str, str] = {}
    facts.update(reader.read("uname", parse_uname, {}))
    facts.update(reader.read("os", parse_os_release, {"os": facts.get("system", "")}))
    for name in ("hostname", "init", "boot_id"):
        facts[name] = clean(reader.sections.get(name, b"").strip(), NAME_LIMIT)
    tools = reader.sections.get("tools", b"").split()
    facts["tools"] = clean(b", ".join(tools), LABEL_LIMIT)
    metrics: dict[str, float] = {}
    reboot = reader.read("reboot", parse_reboot, None)
    if reboot is not None:
        metrics["reboot.pending"] = reboot[0]
        facts["reboot.why"] = reboot[1]
    return TierReading(metrics, facts)
