"""Ansible inventories, INI and YAML."""

from collections.abc import Callable
from pathlib import Path

import pytest

from opsconsole.errors import ConfigError
from opsconsole.inventory.ansible import unfold
from opsconsole.inventory.sources import SourceSpec, load
from opsconsole.model.inventory import Host, Inventory

Write = Callable[[str, str], Path]

INI = """\
# loose ones first
lonely.example ansible_host=192.0.2.1 ansible_port=2200
[web]
web[01:03].example   # three of them
[db]
db1 ansible_host=192.0.2.7 ansible_user=pg   # the first
db2:2222
[db:vars]
ansible_user=postgres
ansible_ssh_common_args='-o ProxyJump=op1@bastion:22 -C'
[site:children]
web
db
[site:vars]
ansible_user=deploy
ansible_ssh_private_key_file=~/.ssh/deploy
"""
YAML = """\
all:
  vars: {ansible_user: deploy}
  hosts:
    lonely.example: {ansible_host: 192.0.2.1, ansible_port: 2200}
  children:
    site:
      vars: {ansible_ssh_private_key_file: ~/.ssh/deploy}
      children:
        web:
          hosts:
            web[01:03].example:
        db:
          vars:
            ansible_user: postgres
            ansible_ssh_common_args: -o ProxyCommand="ssh -W %h:%p -q bastion"
            secret: !vault |
              $ANSIBLE_VAULT;1.1;AES256
          hosts:
            db1: {ansible_host: 192.0.2.7, ansible_user: pg}
            db2: {ansible_port: 2222}
    local:
      hosts:
        here: {ansible_connection: local}
"""


@pytest.fixture
def from_ansible(home: Path, write: Write) -> Callable[[str], Inventory]:
    return lambda text: load(SourceSpec(ansible=write("hosts", text), home=home))


def by_name(inventory: Inventory) -> dict[str, Host]:
    return {host.name: host for host in inventory.hosts}


@pytest.mark.parametrize("text", [INI, YAML], ids=["ini", "yaml"])
def test_both_formats_say_the_same(from_ansible: Callable[[str], Inventory], text: str) -> None:
    hosts = by_name(from_ansible(text))

    web, db1, db2, lonely = (
        hosts["web02.example"],
        hosts["db1"],
        hosts["db2"],
        hosts["lonely.example"],
    )
    assert {"web01.example", "web03.example"} < set(hosts)
    assert (web.user, web.groups) == ("deploy", ("web", "site") if text == INI else ("site", "web"))
    assert web.identity == (str(Path("~/.ssh/deploy").expanduser()),)
    assert (db1.address, db1.user, db1.jump) == ("192.0.2.7", "pg", ("bastion",))
    assert (db2.address, db2.port, db2.user) == ("db2", 2222, "postgres")
    assert (lonely.address, lonely.port) == ("192.0.2.1", 2200)
    assert not hosts["bastion"].polled


def test_a_local_connection_is_no_ssh(from_ansible: Callable[[str], Inventory]) -> None:
    assert by_name(from_ansible(YAML))["here"].transport == "local"


def test_folders_of_variables_beside_it_are_read(
    from_ansible: Callable[[str], Inventory], write: Write
) -> None:
    write("group_vars/web.yml", "ansible_user: webuser\n")
    write("host_vars/web1/main.yml", "ansible_port: 2022\n")

    hosts = by_name(from_ansible("[web]\nweb1\nweb2\n"))

    assert (hosts["web1"].user, hosts["web1"].port) == ("webuser", 2022)
    assert (hosts["web2"].user, hosts["web2"].port) == ("webuser", 22)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("web[1:3]", ("web1", "web2", "web3")),
        ("web[08:10]", ("web08", "web09", "web10")),
        ("n[1:9:4]", ("n1", "n5", "n9")),
        ("db-[a:c].x", ("db-a.x", "db-b.x", "db-c.x")),
        ("r[1:2]n[1:2]", ("r1n1", "r1n2", "r2n1", "r2n2")),
        ("plain", ("plain",)),
    ],
)
def test_ansibles_ranges_unfold(pattern: str, names: tuple[str, ...]) -> None:
    assert unfold(pattern) == names


@pytest.mark.parametrize(
    "pattern", ["a[3:1]", "a[1:c]", "a[1:999999]", "a[1:200]b[1:200]", "-x", "a b"]
)
def test_a_range_that_makes_no_sense_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"not a range|more than|not a host name"):
        unfold(pattern)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("[web\nweb1\n", "hosts:1:1: '[web' is no section"),
        ("[web]\nweb1 port 22\n", "hosts:2:1: 'port' after web1: a variable is written name=value"),
        ("[web]\nweb1 ansible_port=many\n", "hosts:2:1: ansible_port 'many' is not a port"),
        ("[web]\nweb1 ansible_host='{{ ip }}'\n", "ansible_host is a template"),
        ("[web]\nweb1 ansible_host='a;b'\n", "is not a host name or IP address"),
        ("[web]\nweb1 'open\n", "No closing quotation"),
        ("[a:children]\nb\n[b:children]\na\n[a]\nh\n", "groups contain each other"),
        ("web1 ansible_ssh_common_args='-J -oX'\n", "is not the name of a jump host"),
        ("all:\n  host: {a: }\n", "unknown key host in group all, did you mean hosts"),
        ("all:\n  hosts: [a]\n", "hosts must be a mapping"),
        ("#!/bin/sh\necho\n", "is a program"),
        ("[x:vars]\nnovalue\n", "a variable is written name=value"),
    ],
)
def test_mistakes_have_their_line(
    from_ansible: Callable[[str], Inventory], text: str, mistake: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        from_ansible(text)

    assert mistake in str(caught.value)


def test_the_child_group_wins_over_the_parent_and_the_host_over_both(
    from_ansible: Callable[[str], Inventory],
) -> None:
    groups = "[child]\nh1\nh2 ansible_user=own\n[p:children]\nchild\n"
    text = f"{groups}[p:vars]\nansible_user=p\n[child:vars]\nansible_user=c\n"

    hosts = by_name(from_ansible(text))

    assert (hosts["h1"].user, hosts["h2"].user) == ("c", "own")
