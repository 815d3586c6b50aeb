"""OpenSSH client configuration: what ssh would do, as far as we promise it."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from opsconsole.errors import ConfigError
from opsconsole.inventory.sources import SourceSpec, load
from opsconsole.model.inventory import Host, Inventory

Write = Callable[[str, str], Path]


@pytest.fixture
def from_ssh(home: Path, write: Write) -> Callable[[str], Inventory]:
    return lambda text: load(SourceSpec(ssh_config=write(".ssh/config", text), home=home))


def by_name(inventory: Inventory) -> dict[str, Host]:
    return {host.name: host for host in inventory.hosts}


CONFIG = """\
# everything we read
Host web1 web2
    HostName %h.example
    Port 2222
    IdentityFile ~/.ssh/web_%h
Host db1 database
    HostName 192.0.2.7
    HostKeyAlias db.example
    UserKnownHostsFile ~/.ssh/kh1 /etc/kh2
    ProxyJump op2@bastion:2200,inner
Host *.lab !bad.lab
    User lab
Host x.lab bad.lab
Match host 192.0.2.*
    User matched
Host=quoted
    User = "the user"
    User other
Host *
    User op1
    IdentityFile=~/.ssh/id_ed25519
"""


def test_every_concrete_host_is_read_with_what_holds_for_it(
    from_ssh: Callable[[str], Inventory], home: Path
) -> None:
    hosts = by_name(from_ssh(CONFIG))

    assert list(hosts) == ["web1", "web2", "db1", "x.lab", "bad.lab", "quoted", "bastion", "inner"]
    web, db = hosts["web2"], hosts["db1"]
    assert (web.address, web.port, web.user) == ("web2.example", 2222, "op1")
    assert web.identity == (str(home / ".ssh/web_web2.example"), str(home / ".ssh/id_ed25519"))
    assert (db.address, db.user, db.aliases, db.key_alias) == (
        "192.0.2.7",
        "matched",
        ("database",),
        "db.example",
    )
    assert db.known_hosts == (str(home / ".ssh/kh1"), "/etc/kh2")
    assert db.jump == ("bastion", "inner")
    assert (hosts["bastion"].user, hosts["bastion"].port, hosts["bastion"].polled) == (
        "op2",
        2200,
        False,
    )
    assert hosts["x.lab"].user == "lab"
    assert hosts["bad.lab"].user == "op1"


def test_includes_are_read_where_they_stand(
    from_ssh: Callable[[str], Inventory], write: Write
) -> None:
    write(".ssh/conf.d/a.conf", "Host a\n  Port 1\nHost *\n  Port 9\n")
    write(".ssh/conf.d/b.conf", "Host b\n  User bob\n")

    inventory = from_ssh("Include conf.d/*.conf\nHost a b c\n  Port 2\n  User root\n")

    hosts = by_name(inventory)
    assert {name: (host.port, host.user) for name, host in hosts.items()} == {
        "a": (1, "root"), "b": (9, "bob"), "c": (9, "root"),
    }  # fmt: skip
    assert len(inventory.files) == 3


def test_an_include_inside_a_block_counts_for_that_block_only(
    from_ssh: Callable[[str], Inventory], write: Write
) -> None:
    write(".ssh/only-a", "Port 7\n")

    hosts = by_name(from_ssh("Host a\n  Include only-a\n  User ua\nHost b\n  User ub\n"))

    assert (hosts["a"].port, hosts["a"].user) == (7, "ua")
    assert (hosts["b"].port, hosts["b"].user) == (22, "ub")


def test_files_that_include_each_other_end(from_ssh: Callable[[str], Inventory]) -> None:
    inventory = from_ssh("Include config\nHost a\n")

    assert "a" in by_name(inventory)
    assert any("too deep" in warning for warning in inventory.warnings)


@pytest.mark.parametrize(
    ("line", "warning"),
    [
        ("Port 10s", "config:4: Port '10s' is not a port; it concerns bad"),
        ("Port 0", "is not a port"),
        ('User "open', "No closing quotation; it concerns bad"),
        ("HostName a;b", "HostName 'a;b' is not an address; ignored for bad"),
        ("ProxyJump -oX", "ProxyJump '-oX' is not understood"),
        ("ProxyCommand nc %h %p", "config:4: ProxyCommand is not honoured"),
        ("!!!", "'!!!' is not understood"),
    ],
)
def test_a08_a_wrong_line_touches_only_the_hosts_it_is_for(
    from_ssh: Callable[[str], Inventory], line: str, warning: str
) -> None:
    inventory = from_ssh(f"Host good\n  Port 2222\nHost bad\n  {line}\n  User op2\n")

    hosts = by_name(inventory)
    assert (hosts["good"].port, hosts["good"].user) == (2222, None)
    assert hosts["bad"].user == "op2"
    assert any(warning in told for told in inventory.warnings), inventory.warnings


def test_options_that_are_not_honoured_are_listed_with_their_place(
    from_ssh: Callable[[str], Inventory],
) -> None:
    inventory = from_ssh(
        "Host a\n  RevokedHostKeys /x\n  ServerAliveInterval 5\n  KnownHostsCommand /y\nMatch exec true\n"
    )

    told = "\n".join(inventory.warnings)
    assert "config:2: RevokedHostKeys is not honoured" in told
    assert "config:4: KnownHostsCommand is not honoured" in told
    assert "Match exec is not honoured" in told
    assert "ServerAliveInterval" not in told


def test_a11_a_proxy_jump_to_itself_is_refused(from_ssh: Callable[[str], Inventory]) -> None:
    with pytest.raises(ConfigError, match="jump loop: a > a"):
        from_ssh("Host a\n  ProxyJump a\n")


def test_a_wildcard_jump_spares_the_jump_host(from_ssh: Callable[[str], Inventory]) -> None:
    hosts = by_name(
        from_ssh("Host bastion\n  ProxyJump none\nHost a b\nHost *\n  ProxyJump bastion\n")
    )

    assert hosts["a"].jump == ("bastion",)
    assert hosts["bastion"].jump == ()


def test_our_own_file_wins_and_imports_fill_in(home: Path, write: Write) -> None:
    write(
        ".ssh/config", "Host web1\n  HostName 192.0.2.1\n  Port 2222\n  User sshuser\nHost web2\n"
    )
    config = write("o.yaml", """\
hosts: [{name: web1, user: yamluser, labels: {role: web}}]
inventory: [{ssh_config: .ssh/config, labels: {from: ssh}, groups: [imported]}]
""")  # fmt: skip

    hosts = by_name(load(SourceSpec(config=config, home=home)))

    assert (hosts["web1"].address, hosts["web1"].port, hosts["web1"].user) == (
        "192.0.2.1",
        2222,
        "yamluser",
    )
    assert hosts["web1"].labels == {"role": "web", "from": "ssh"}
    assert hosts["web2"].groups == ("imported",)


def test_five_thousand_hosts_are_looked_up_by_name_not_by_search(
    from_ssh: Callable[[str], Inventory],
) -> None:
    text = "".join(f"Host h{n}\n  Port {n + 1}\n" for n in range(5000)) + "Host *\n  User op1\n"

    hosts = by_name(from_ssh(text))

    assert len(hosts) == 5000
    assert (hosts["h4999"].port, hosts["h4999"].user) == (5000, "op1")


def test_doctor_hears_of_options_that_concern_our_hosts_and_of_no_others(
    home: Path, write: Write
) -> None:
    write(".ssh/config", "Host web*\n  RevokedHostKeys /x\nHost private\n  KnownHostsCommand /y\n")

    inventory = load(SourceSpec(hosts="web[1-3]", home=home))

    (warning,) = inventory.warnings
    assert "config:2: RevokedHostKeys is not honoured" in warning


@pytest.mark.real
@pytest.mark.parametrize("name", ["web1", "web2", "db1", "x.lab", "bad.lab"])
def test_openssh_itself_reads_the_same(
    name: str, home: Path, write: Write, require_program: Callable[[str, str], str]
) -> None:
    ssh = require_program("ssh", "openssh-client")
    config = CONFIG.replace('User = "the user"\n', "")
    path = write(".ssh/config", config)

    answer = subprocess.run(
        [ssh, "-G", "-F", str(path), name],
        capture_output=True,
        text=True,
        timeout=10,
        check=True,
        stdin=subprocess.DEVNULL,
    ).stdout

    said = dict(line.split(" ", 1) for line in answer.splitlines() if " " in line)
    host = by_name(load(SourceSpec(ssh_config=path, home=home)))[name]
    assert (host.address, str(host.port), host.user) == (
        said["hostname"],
        said["port"],
        said["user"],
    )


@pytest.fixture
def require_program() -> Callable[[str, str], str]:
    import os

    def require(program: str, package: str) -> str:
        found = shutil.which(program)
        if found is None and os.environ.get("OPSCONSOLE_REQUIRE_REAL") == "1":
            pytest.fail(f"{program} is missing: apt install {package}")
        if found is None:
            pytest.skip(f"{program} is missing: apt install {package}")
        return str(found)

    return require
