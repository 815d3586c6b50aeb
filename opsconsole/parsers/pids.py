"""/proc/sys/kernel/{pid_max,threads-max} (proc_sys_kernel(5)) and /proc/loadavg: how many ids are left."""

from collections.abc import Mapping

from opsconsole.parsers.reading import reads, whole_numbers


@reads("/proc/sys/kernel/pid_max")
def parse_pids(text: bytes) -> Mapping[str, float]:
    """Read the share of process ids in use: tasks by the smaller of both limits; empty where a file is missing.

    Raises:
        ParseError: It is not two numbers and a load average.
    """
    lines = text.split(b"\n")
    if len([line for line in lines if line.strip()]) < 3:
        return {}
    ids, threads = whole_numbers(lines[:2])
    _running, tasks = whole_numbers(lines[2].split()[3].split(b"/"))
    least = min(ids, threads)
    return {"proc.used_ratio": tasks / least} if least else {}
