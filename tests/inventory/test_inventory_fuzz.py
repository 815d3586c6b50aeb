"""S05: whatever is in a file, loading it gives an inventory or a ConfigError and nothing else."""

import random
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsconsole.config.kinds import is_name
from opsconsole.errors import ConfigError
from opsconsole.inventory.sources import SourceSpec, load
from opsconsole.model.inventory import Inventory

SEED_YAML = """\
version: 1
environment: prod
defaults: {user: ops, port: 22, every: 10s, jump: bastion}
include: [more.d/*.yaml]
hosts:
  - name: web[01-20]
    address: 192.0.2.[1-20]
    labels: &l {role: web, rack: r1}
  - {name: db-02, address: 192.0.2.7, port: 2222, jump: [bastion, b2], labels: *l, depends_on: [host:switch-1]}
services:
  - name: shop
    http: https://shop.example/health
    every: 30s
    must: [status == 200, 'body.$.db == "up"']
    should: ["latency < 500ms"]
    on: {role: web}
    headers: {Authorization: "secret:tok"}
  - {name: sql, checks: [{tcp: "db-02:5432"}, {exec: [check, -w, 10%], via: db-02}]}
checks: [{name: raid, exec: [check_raid], on: [db-02]}]
secrets: {tok: "env:TOK"}
rules: {FsSpace: {warning: 15%, for: 1m}}
alert_sources:
  - {name: main, kind: alertmanager, urls: ["http://am-1:9093"], target: {host: [instance]}}
"""
SEED_SSH = """\
Host a b*
  HostName %h.example
  Port 22
  ProxyJump x@j:2
Match user y
  IdentityFile ~/%u
Include c
"""
SEED_ANSIBLE = (
    "[web]\nw[01:03] ansible_host=192.0.2.1\n[web:vars]\nansible_user=x\n[s:children]\nweb\n"
)
BITS = (
    "[", "]", "{", "}", ":", "- ", "&a ", "*a", "<<: ", "!!int ", "'", '"', "\n", "\t", "\0", "\x1b", "#", "|",
    ">", "%", "~", "null", "true", "1e999", "-1", "99999999999999999999", "0x", "é", "\u202e", "\ud800",
    "..", "../", "@", "*", "?",
    "[1-99999999]", "[1:99999999]", "(" * 50, "not " * 30, "ſ", "²", "on", "hosts:", "jump: web01", "name:", "  ",
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, seed: str) -> str:
    text = seed
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(text)))
        end = min(len(text), at + draw(st.integers(0, 12)))
        middle = draw(
            st.sampled_from(BITS) | st.text(max_size=4) | st.sampled_from(text.split() or [""])
        )
        text = text[:at] + middle + text[end:]
    return text


def outcome(spec: SourceSpec) -> Inventory | ConfigError:
    try:
        return load(spec)
    except ConfigError as error:
        return error


def check(found: Inventory | ConfigError) -> None:
    if isinstance(found, ConfigError):
        assert found.mistakes
        assert all(char.isprintable() for mistake in found.mistakes for char in str(mistake))
    else:
        assert all(is_name(host.name) and not host.address.startswith("-") for host in found.hosts)
        assert all(
            hop in {host.name for host in found.hosts} for host in found.hosts for hop in host.jump
        )


FUZZ = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FUZZ
@given(mutated(SEED_YAML))
def test_s05_a_mutated_file_of_ours_never_breaks_the_reader(tmp_path: Path, text: str) -> None:
    path = tmp_path / "o.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))

    check(outcome(SourceSpec(config=path, home=tmp_path)))


@FUZZ
@given(mutated(SEED_SSH))
def test_s05_a_mutated_openssh_file_never_breaks_the_reader(tmp_path: Path, text: str) -> None:
    (tmp_path / ".ssh").mkdir(exist_ok=True)
    path = tmp_path / ".ssh/config"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))

    check(outcome(SourceSpec(ssh_config=path, home=tmp_path)))


@FUZZ
@given(mutated(SEED_ANSIBLE), st.sampled_from(["hosts", "hosts.yaml"]))
def test_s05_a_mutated_ansible_file_never_breaks_the_reader(
    tmp_path: Path, text: str, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8", "surrogatepass"))

    check(outcome(SourceSpec(ansible=path, home=tmp_path)))


@FUZZ
@given(st.binary(max_size=300), st.integers())
def test_s05_random_bytes_in_the_middle_never_break_the_reader(
    tmp_path: Path, noise: bytes, seed: int
) -> None:
    raw = SEED_YAML.encode()
    at = random.Random(seed).randrange(len(raw))
    path = tmp_path / "o.yaml"
    path.write_bytes(raw[:at] + noise + raw[at:])

    check(outcome(SourceSpec(config=path, home=tmp_path)))


@given(st.text(max_size=30))
@FUZZ
def test_s05_any_set_on_the_command_line_is_hosts_or_a_mistake(tmp_path: Path, text: str) -> None:
    check(outcome(SourceSpec(hosts=text, home=tmp_path)))
