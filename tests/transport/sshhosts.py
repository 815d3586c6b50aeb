"""The hosts that real servers play, and the kinds of fixtures that make them."""

from collections.abc import Callable

from opsconsole.model.inventory import Host
from opsconsole.transport.ssh import SshTransport
from tests.realsshd import RealSshd

MakeSshd = Callable[..., RealSshd]
MakeTransport = Callable[..., SshTransport]


def host_of(server: RealSshd, name: str = "web01", **fields: object) -> Host:
    """The host that a real server plays."""
    settings: dict[str, object] = {
        "address": server.addresses[0],
        "port": server.port,
        "user": server.user,
        "identity": (str(server.client_key),),
        "known_hosts": (str(server.known_hosts),),
        "timeout": 4.0,
    }
    return Host(name, **(settings | fields))  # type: ignore[arg-type]
