"""parallel-ssh over kept connections, polls back to back; prints CPU seconds per poll."""

import json
import resource
import sys
from pathlib import Path


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Run: hosts file, port, key, rounds, command."""
    from pssh.clients import ParallelSSHClient

    hosts = Path(sys.argv[1]).read_text().split()
    client = ParallelSSHClient(
        hosts,
        port=int(sys.argv[2]),
        pkey=sys.argv[3],
        pool_size=len(hosts),
        user="root",
        num_retries=1,
    )
    rounds = int(sys.argv[4])
    client.join(client.run_command(sys.argv[5]))
    began = _cpu()
    good = 0
    for _ in range(rounds):
        output = client.run_command(sys.argv[5])
        client.join(output)
        good += sum(1 for host in output if list(host.stdout or ()))
    print(json.dumps({"polls": good, "cpu_per_poll": (_cpu() - began) / max(1, good)}))


if __name__ == "__main__":
    main()
