"""The command of a shell on a host: everything spelled out, nothing that could be read as an option."""

import pytest

from opsconsole.model.snapshot import HostRecord
from opsconsole.ui.shell import UnfitNameError, shell_argv


def test_a_shell_goes_the_way_the_engine_goes() -> None:
    bastion = HostRecord("bastion", "192.0.2.1", user="ops")
    host = HostRecord(
        "db-02",
        "192.0.2.7",
        port=2222,
        user="op1",
        jump=("bastion",),
        identity=("/home/op1/.ssh/id_50%",),
        known_hosts=("/etc/ops/known hosts", "/home/op1/.ssh/known_hosts"),
        key_alias="db-02.example",
    )

    assert shell_argv(host, {"bastion": bastion}) == (
        "ssh", "-p", "2222", "-l", "op1", "-J", "ops@192.0.2.1:22",
        "-i", "/home/op1/.ssh/id_50%%",
        "-o", 'UserKnownHostsFile="/etc/ops/known hosts" "/home/op1/.ssh/known_hosts"',
        "-o", "HostKeyAlias=db-02.example",
        "--", "192.0.2.7",
    )  # fmt: skip


def test_a_host_with_nothing_said_leaves_it_to_ssh() -> None:
    assert shell_argv(HostRecord("web-01"), {}) == ("ssh", "-p", "22", "--", "web-01")


def test_this_machine_needs_no_ssh() -> None:
    host = HostRecord("here", transport="local")

    assert shell_argv(host, {}, {"SHELL": "/bin/zsh"}) == ("/bin/zsh",)


@pytest.mark.parametrize(
    "host",
    [
        HostRecord("-oProxyCommand=x"),
        HostRecord("web", user="-l"),
        HostRecord("web", known_hosts=('/tmp/a" /tmp/b',)),
        HostRecord("web", identity=("relative",)),
        HostRecord("web", key_alias="a b"),
        HostRecord("web", jump=("x,-oProxyCommand=y",)),
    ],
)
def test_what_a_command_line_could_read_otherwise_is_refused(host: HostRecord) -> None:
    with pytest.raises(UnfitNameError):
        shell_argv(host, {})
