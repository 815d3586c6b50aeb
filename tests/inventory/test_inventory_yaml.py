"""From our own YAML to hosts, services and checks."""

from collections.abc import Callable
from pathlib import Path

import pytest

from opsconsole.errors import ConfigError
from opsconsole.inventory.changes import ASK_ABOVE, changes
from opsconsole.inventory.draft import draft
from opsconsole.inventory.nodeset import unfold
from opsconsole.inventory.show import show
from opsconsole.inventory.sources import SourceSpec, load
from opsconsole.model.inventory import Host, Inventory

Yaml = Callable[[str], Inventory]
Write = Callable[[str, str], Path]


def by_name(inventory: Inventory) -> dict[str, Host]:
    return {host.name: host for host in inventory.hosts}


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("web[01-03]", ("web01", "web02", "web03")),
        ("web[1-5/2],db1", ("db1", "web1", "web3", "web5")),
        ("r[1-2]n[01-02]", ("r1n01", "r1n02", "r2n01", "r2n02")),
        ("b,a,b", ("b", "a")),
        (
            "web[08-11].example",
            ("web08.example", "web09.example", "web10.example", "web11.example"),
        ),
    ],
)
def test_ranges_unfold(pattern: str, names: tuple[str, ...]) -> None:
    assert unfold(pattern) == names


@pytest.mark.parametrize(
    "pattern",
    [
        "web[1",
        "web[5-1]",
        "web[a-b]",
        "web[1-999999999]",
        "a[1-200]b[1-200]",
        "x@group",
        "a b",
        "web[]",
        "@all",
        "*",
    ],
)
def test_a_set_that_makes_no_sense_or_no_end_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"set of hosts|range|backwards|more than|bracket"):
        unfold(pattern)


def test_hosts_get_what_they_say_then_defaults_then_the_usual(from_yaml: Yaml) -> None:
    inventory = from_yaml("""\
defaults: {user: ops, port: 2022, every: 4s, identity: ~/k, known_hosts: [a, b]}
hosts:
  - {name: "web[1-2]", labels: {rack: 01}}
  - {name: db1, address: 192.0.2.7, port: 22, user: pg, every: 20s, timeout: 15s, groups: [sql]}
""")

    web, db = by_name(inventory)["web2"], by_name(inventory)["db1"]
    assert (web.address, web.port, web.user, web.every, web.timeout) == ("web2", 2022, "ops", 4, 4)
    assert web.labels == {"rack": "01"}
    assert (db.address, db.port, db.user, db.every, db.timeout) == ("192.0.2.7", 22, "pg", 20, 15)
    assert db.groups == ("sql",)
    assert web.source.endswith("opsconsole.yaml:3")


def test_a_range_of_names_takes_a_range_of_addresses(from_yaml: Yaml) -> None:
    inventory = from_yaml('hosts: [{name: "web[1-3]", address: "192.0.2.[11-13]"}]')

    assert [host.address for host in inventory.hosts] == ["192.0.2.11", "192.0.2.12", "192.0.2.13"]


def test_without_word_of_them_known_hosts_are_the_accounts_and_the_machines(
    from_yaml: Yaml, home: Path
) -> None:
    (host,) = from_yaml("hosts: [web1]").hosts

    assert host.known_hosts == (str(home / ".ssh/known_hosts"), "/etc/ssh/ssh_known_hosts")


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("hosts: [web1, {name: 'web[1-2]'}]", "host web1 is given twice; first in"),
        ("hosts: [{name: 'web[1-3]', address: '192.0.2.[1-2]'}]", "3 names and 2 addresses"),
        ("hosts: [{name: 'web[1-3]', address: 192.0.2.1}]", "one address for 3 hosts"),
        ("hosts: [{name: 'web[3-1]'}]", "runs backwards"),
        ("hosts: [a]\nservices: [{name: s, http: 'http://x', on: b}]", "no host is called b"),
        ("hosts: [db-01]\nservices: [{name: s, http: 'http://x', on: [db-02]}]", "did you mean db-01"),
        ("hosts: [a]\nservices: [{name: s, http: 'http://x', on: {groups: web}}]", "no host is in group web"),
        ("hosts: [a]\nservices: [{name: s, exec: [x], via: c}]", "via: no host is called c"),
        ("hosts: [a]\nservices: [{name: s, prom: up}]", "none of the alert sources is a prometheus"),
        (
            "hosts: [a]\nservices: [{name: s, prom: up, source: prom-eo}]\n"
            "alert_sources: [{name: prom-eu, kind: prometheus, urls: ['http://x']}]",
            "no alert source of kind prometheus is called prom-eo, did you mean prom-eu",
        ),
        ("services: [{name: s, http: 'http://x'}, {name: s, tcp: 'x:1'}]", "service s is given twice"),
        ("services: [{name: s, checks: [{tcp: 'x:1'}, {tcp: 'y:1'}]}]", "check s/tcp is given twice"),
        ("hosts: [a]\nchecks: [{name: c, exec: [x], on: a}, {name: c, exec: [y], on: a}]", "a/c is given twice"),
        ("alert_sources: [{name: m, kind: alertmanager, urls: 'http://a'},"
         " {name: m, kind: alertmanager, urls: 'http://b'}]", "alert source m is given twice"),
        ("inventory: [{ssh_config: /nonexistent}]", "/nonexistent is not there"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_told(from_yaml: Yaml, text: str, mistake: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_yaml(text)

    assert mistake in str(caught.value)


def test_the_way_to_a_host_is_every_hop_in_order(from_yaml: Yaml) -> None:
    inventory = from_yaml("""\
hosts:
  - {name: outer, port: 2222}
  - {name: bastion, jump: outer}
  - {name: web1, jump: bastion}
  - {name: db1, jump: [bastion, inner]}
""")

    hosts = by_name(inventory)
    assert hosts["web1"].jump == ("outer", "bastion")
    assert hosts["db1"].jump == ("outer", "bastion", "inner")
    assert hosts["bastion"].polled
    assert not hosts["inner"].polled


def test_a_default_jump_is_not_a_way_to_itself(from_yaml: Yaml) -> None:
    hosts = by_name(from_yaml("defaults: {jump: bastion}\nhosts: [web1, web2]"))

    assert hosts["web1"].jump == ("bastion",)
    assert hosts["bastion"].jump == ()


@pytest.mark.parametrize(
    ("text", "loop"),
    [
        ("hosts: [{name: a, jump: a}]", "a > a"),
        ("hosts: [{name: a, jump: b}, {name: b, jump: c}, {name: c, jump: a}]", "a > b > c > a"),
        ("hosts: [{name: a, jump: [x, b]}, {name: x, jump: a}, {name: b}]", "a > x > a"),
    ],
)
def test_a11_a_jump_loop_is_refused_at_load(from_yaml: Yaml, text: str, loop: str) -> None:
    with pytest.raises(ConfigError, match=f"jump loop: {loop}"):
        from_yaml(text)


SERVICES = """\
hosts:
  - {name: "web[1-3]", labels: {role: web}, groups: [eu]}
  - {name: db1, labels: {role: db}, address: 192.0.2.9}
services:
  - {name: shop, http: "http://shop.example/", every: 5s, on: {role: web}}
  - {name: sql, on: [db1], checks: [{name: port, tcp: "db1:5432"}, {exec: [check_pg, -w, 10%], via: db1}]}
  - {name: both, tcp: "x:1", on: {role: [web, db], hosts: "*1"}}
checks:
  - {name: raid, exec: [/usr/lib/nagios/plugins/check_raid], on: {groups: eu}}
  - {name: ssh, tcp: "{address}:22", on: "db*"}
"""


def test_services_know_their_hosts_and_their_checks_are_named(from_yaml: Yaml) -> None:
    inventory = from_yaml(SERVICES)

    shop, sql, both = inventory.services
    assert shop.hosts == ("web1", "web2", "web3")
    assert [check.name for check in shop.checks] == ["shop"]
    assert (shop.checks[0].every, shop.checks[0].timeout, shop.checks[0].retry) == (5, 5, 5)
    assert [check.name for check in sql.checks] == ["sql/port", "sql/exec"]
    assert sql.checks[1].argv == ("check_pg", "-w", "10%")
    assert sql.checks[1].via == "db1"
    assert both.hosts == ("web1", "db1")


def test_a_check_of_hosts_is_one_for_each_and_runs_there(from_yaml: Yaml) -> None:
    checks = {check.name: check for check in from_yaml(SERVICES).checks}

    assert set(checks) == {"web1/raid", "web2/raid", "web3/raid", "db1/ssh"}
    assert checks["web2/raid"].via == checks["web2/raid"].host == "web2"
    assert checks["db1/ssh"].target == "192.0.2.9:22"


def test_a_reference_that_looks_like_a_slip_is_a_warning(from_yaml: Yaml) -> None:
    inventory = from_yaml(
        "hosts: [db-01, {name: a, depends_on: [host:db-1, host:switch-7, host:db-01]}]"
    )

    (warning,) = inventory.warnings
    assert "depends_on host:db-1 is not known here, did you mean db-01" in warning


def test_the_effective_configuration_reads_back_as_the_same(from_yaml: Yaml) -> None:
    first = from_yaml(
        SERVICES + "environment: prod\nengine: {linger: forever}\nrules: {FsSpace: {for: 1m}}\n"
    )

    second = from_yaml(show(first))

    assert second.services == first.services
    assert second.checks == first.checks
    assert second.settings == first.settings
    assert not changes(first, second).changed


def test_header_values_are_not_shown(from_yaml: Yaml) -> None:
    text = show(
        from_yaml("""\
secrets: {tok: "env:TOK"}
services: [{name: s, http: "http://x", headers: {X-Tenant: hunter2, Authorization: "secret:tok"}}]
""")
    )

    assert "hunter2" not in text
    assert "secret:tok" in text


def test_named_hosts_need_no_file_and_use_the_openssh_configuration(
    home: Path, write: Write
) -> None:
    write(".ssh/config", "Host web2\n  HostName 192.0.2.2\n  Port 2222\nHost *\n  User op1\n")

    inventory = load(SourceSpec(hosts="web[1-2], db1", home=home))

    hosts = by_name(inventory)
    assert list(hosts) == ["db1", "web1", "web2"]
    assert (hosts["web2"].address, hosts["web2"].port, hosts["web2"].user) == (
        "192.0.2.2",
        2222,
        "op1",
    )
    assert hosts["web1"].source == "--hosts"


@pytest.mark.parametrize("pattern", ["", " , ", "web[1-", "-oProxyCommand=x", "a;b", "a\nb"])
def test_a_wrong_set_on_the_command_line_is_a_mistake(home: Path, pattern: str) -> None:
    with pytest.raises(ConfigError, match="--hosts: "):
        load(SourceSpec(hosts=pattern, home=home))


def test_with_nothing_at_all_there_is_this_machine(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "empty"))

    (host,) = load(SourceSpec(home=home)).hosts

    assert host.transport == "local"
    assert host.polled


def test_the_users_own_file_is_found_without_being_named(
    home: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("c/opsconsole/opsconsole.yaml", "hosts: [web1]\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "c"))

    assert [host.name for host in load(SourceSpec(home=home)).hosts] == ["web1"]
    assert [host.name for host in load(SourceSpec(hosts="db1", home=home)).hosts] == ["db1"]


def test_s06_losing_many_hosts_at_once_needs_asking(from_yaml: Yaml) -> None:
    big = from_yaml("hosts: [{name: 'web[1-100]'}]\n")
    fewer = from_yaml("hosts: [{name: 'web[1-90]'}]\n")
    few = from_yaml(f"hosts: [{{name: 'web[1-{100 - ASK_ABOVE - 1}]'}}]\n")
    moved = from_yaml(
        "hosts: [{name: 'web[1-100]', port: 2022}]\nservices: [{name: s, tcp: 'a:1'}]\n"
    )

    assert not changes(big, fewer).needs_asking
    assert changes(big, few).needs_asking
    assert changes(from_yaml("hosts: [a, b, c]"), from_yaml("hosts: [c]")).needs_asking
    assert len(changes(big, moved).changed) == 100
    assert changes(big, moved).services == ("s",)
    assert changes(big, fewer).sentence == "10 hosts removed"
    assert changes(big, big).sentence == "nothing changed"


def test_the_first_draft_is_a_file_that_loads(home: Path, write: Write, from_yaml: Yaml) -> None:
    write(".ssh/config", "Host web1 db1\nHost *.example\n  User op1\n")
    write(
        ".ssh/known_hosts",
        "old.example ssh-ed25519 AAAA\n|1|abc= ssh-ed25519 AAAA\n@cert-authority * ssh-rsa AA\n",
    )
    write(".ssh/id_ed25519", "")
    asked: list[str] = []

    made = draft(home, lambda url: not asked.append(url))

    assert asked == ["http://localhost:9093/api/v2/status"]
    assert "2 hosts in ~/.ssh/config" in made.found
    assert "1 hosts in ~/.ssh/known_hosts" in made.found
    inventory = from_yaml(made.text.replace("~/.ssh", str(home / ".ssh")))
    assert {"web1", "db1"} < set(by_name(inventory))
    assert inventory.sources[0].urls == ("http://localhost:9093",)
    assert "#   - old.example" in made.text or "# - old.example" in made.text


def test_a_draft_of_an_empty_home_loads_too(home: Path, from_yaml: Yaml) -> None:
    inventory = from_yaml(draft(home, lambda _: False).text)

    assert [host.transport for host in inventory.hosts] == ["local"]
