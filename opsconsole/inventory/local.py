"""This very machine as a host, for those who have configured nothing yet."""

import socket

from opsconsole.config.kinds import is_name
from opsconsole.model.inventory import Host


def this_machine() -> Host:
    """Describe the machine the program runs on, asked without SSH."""
    name = socket.gethostname().partition(".")[0]
    return Host(
        name=name if is_name(name) else "localhost",
        address="127.0.0.1",
        transport="local",
        aliases=("localhost",),
        source="this machine",
    )
