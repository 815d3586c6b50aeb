"""/proc/loadavg (proc_loadavg(5)): run queue means and task counts."""

from collections.abc import Mapping

from opsconsole.parsers.reading import finite, reads, whole_numbers


@reads("/proc/loadavg")
def parse_loadavg(text: bytes) -> Mapping[str, float]:
    """Read the file's one line.

    Returns:
        load.1m, load.5m, load.15m: runnable tasks, mean, not divided by cores; proc.running and
        proc.total where the fourth field is there.

    Raises:
        ParseError: The line does not begin with three numbers.
    """
    fields = text.split()
    one, five, fifteen = map(finite, fields[:3])
    metrics = {"load.1m": one, "load.5m": five, "load.15m": fifteen}
    if len(fields) > 3:
        running, total = whole_numbers(fields[3].split(b"/"))
        metrics["proc.running"] = float(running)
        metrics["proc.total"] = float(total)
    return metrics


@reads("/proc/uptime")
def parse_uptime(text: bytes) -> float:
    """Read /proc/uptime (proc_uptime(5)): seconds since boot, to a hundredth.

    Raises:
        ParseError: It does not begin with a number.
    """
    return finite(text.split()[0])
