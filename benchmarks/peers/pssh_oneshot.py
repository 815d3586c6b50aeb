"""parallel-ssh, one command on every host, from a cold start; prints its CPU seconds and wall time."""

import json
import resource
import sys
import time
from pathlib import Path


def main() -> None:
    """Run: hosts file, port, key, parallelism, command."""
    from pssh.clients import ParallelSSHClient

    hosts = Path(sys.argv[1]).read_text().split()
    client = ParallelSSHClient(
        hosts,
        port=int(sys.argv[2]),
        pkey=sys.argv[3],
        pool_size=int(sys.argv[4]),
        user="root",
        num_retries=1,
    )
    began = time.perf_counter()
    output = client.run_command(sys.argv[5], stop_on_errors=False)
    client.join(output)
    good = sum(1 for host in output if host.exit_code == 0 and list(host.stdout or ()))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "good": good,
                "wall": time.perf_counter() - began,
                "cpu": usage.ru_utime + usage.ru_stime,
            }
        )
    )


if __name__ == "__main__":
    main()
