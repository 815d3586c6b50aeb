"""Our own file: what it says, and everything that is wrong with it at once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from opsconsole.config.reader import read
from opsconsole.config.schema import schema
from opsconsole.errors import ConfigError
from opsconsole.model.inventory import RuleSettings
from opsconsole.model.states import Severity

Mistakes = Callable[[str], list[str]]
Write = Callable[..., Path]

FIRST_SHAPE = """\
version: 1
environment: prod                 # names the frame; prod is LOCKED by default
defaults: {user: ops, port: 22, every: 10s, identity: ~/.ssh/id_ed25519, known_hosts: ~/.ssh/known_hosts}
hosts:
  - name: web[01-20]              # address defaults to the name
    labels: {role: web, rack: r1}
  - {name: db-02, address: 192.0.2.7, port: 2222, jump: bastion, labels: {role: db}, depends_on: [host:switch-1]}
services:
  - name: shop-api
    http: https://shop.example/health
    every: 30s
    must: [status == 200, body.$.db == "up"]
    should: [latency < 500ms, cert.expires_in > 21d]
    on: {role: web}               # the hosts that carry it
    depends_on: [service:edge-lb]
    runbook: core.unit-restart
alert_sources:
  - {name: main, kind: alertmanager, urls: [http://am-1:9093, http://am-2:9093]}    # one HA cluster
"""


def test_the_first_shape_of_the_file_is_understood(write: Write) -> None:
    document = read(write(FIRST_SHAPE))

    assert document.settings.environment == "prod"
    assert document.settings.locked
    assert document.defaults.identity == (str(Path("~/.ssh/id_ed25519").expanduser()),)
    assert [host.names for host in document.hosts] == ["web[01-20]", "db-02"]
    assert document.hosts[1].jump == ("bastion",)
    service = document.services[0]
    assert service.checks[0].must == ("status == 200", 'body.$.db == "up"')
    assert service.on is not None
    assert service.on.labels == {"role": ("web",)}
    assert document.sources[0].source.urls == ("http://am-1:9093", "http://am-2:9093")


def test_everything_settable_is_read(write: Write, tmp_path: Path) -> None:
    document = read(
        write("""\
environment: staging
locked: true
engine: {linger: forever, keepalive: 5s, handshakes: 4, handshakes_per_jump: 2, journal_to_syslog: false}
theme: light
themes: my-themes
plugins: [plug]
ack_within: 2m
rules:
  FsSpace: {warning: 15%, critical: 8%, clear: 20%, for: 1m}
  LoadPerCore: {off: true}
keymap: {view.help: f1}
secrets: {token: "env:TOKEN", other: "file:/run/secrets/x"}
alert_sources:
  - name: eu
    kind: alertmanager
    urls: http://am.example:9093
    every: 5s
    timeout: 2s
    target: {host: [box], service: app}
    drop_labels: [pod]
    severity_label: level
    severities: {page: critical}
    headers: {Authorization: "secret:token"}
    ca: ca.pem
""")
    )

    settings, source = document.settings, document.sources[0].source
    assert settings.locked
    assert settings.linger is None
    assert (settings.keepalive, settings.handshakes, settings.handshakes_per_jump) == (5, 4, 2)
    assert not settings.journal_to_syslog
    assert settings.themes == (str(tmp_path / "my-themes"),)
    assert settings.plugins == (str(tmp_path / "plug"),)
    assert settings.rules["FsSpace"] == RuleSettings(0.15, 0.08, 0.2, 60)
    assert settings.rules["LoadPerCore"].off
    assert settings.secrets == {"token": "env:TOKEN", "other": "file:/run/secrets/x"}
    assert (source.host_labels, source.service_labels) == (("box",), ("app",))
    assert source.severities == {"page": Severity.CRITICAL}
    assert (source.every, source.timeout, source.ca) == (5, 2, str(tmp_path / "ca.pem"))


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("hots: []", "opsconsole.yaml:1:1: unknown key hots in the configuration, did you mean hosts"),
        ("version: 2", "1:10: must be a whole number from 1 to 1, not '2'"),
        ("hosts: web1", "1:8: must be a list, not 'web1'; write [ ... ]"),
        ("hosts: [{address: x}]", "1:9: a host needs `name:`"),
        ("hosts: [{name: -oProxyCommand=x}]", "is not a host name or a range"),
        ("hosts: [{name: a b}]", "is not a host name or a range"),
        ("hosts: [{name: a, prot: 22}]", "1:19: unknown key prot in a host, did you mean port"),
        ("hosts: [{name: a, hostname: b}]", "the word is address"),
        ("hosts: [{name: a, password: b}]", "passwords are not supported"),
        ("hosts: [{name: a, port: 70000}]", "from 1 to 65535"),
        ("hosts: [{name: a, port: yes}]", "from 1 to 65535, not 'yes'"),
        ("hosts: [{name: a, every: 10}]", "a unit is missing, 10s?"),
        ("hosts: [{name: a, every: 1ms}]", "it must be a time from 500ms to 1d"),
        ("hosts: [{name: a, every: 5s, timeout: 6s}]", "timeout is longer than every"),
        ("hosts: [{name: a, user: 'a;touch X'}]", "is not a user name"),
        ("hosts: [{name: a, address: 'h:22'}]", "the port is a key of its own"),
        ("hosts: [{name: a, depends_on: [switch-1]}]", "is not a reference like host:db-02"),
        ("hosts: [{name: a, polled: no}]", "must be true or false, not 'no'"),
        ("hosts: [{name: a, transport: sssh}]", "is none of ssh, local, plain, did you mean ssh"),
        ("services: [{name: s}]", "a service needs a check: one of http, tcp, tls, dns, icmp"),
        ("services: [{name: s, every: 3s}]", "every belongs to a check"),
        ("services: [{name: s, http: 'ftp://x'}]", "is not an http:// or https:// URL"),
        ("services: [{name: s, http: 'http://u:p@x/'}]", "no user or password in a URL"),
        ("services: [{name: s, http: 'http:///x'}]", "names no host"),
        ("services: [{name: s, http: 'http://x', tcp: 'x:1'}]", "a check has http and tcp; split it"),
        ("services: [{name: s, tcp: 'x'}]", "is not host:port"),
        ("services: [{name: s, tcp: 'x:0'}]", "port 0 is out of range"),
        ("services: [{name: s, exec: 'check_disk -w 10%'}]", "a command is a list of words"),
        ("services: [{name: s, heartbeat: 1h, via: h}]", "via is for http, tcp, tls, dns, icmp, ssh, exec checks"),
        ("services: [{name: s, tls: 'x:443', ca: a.pem, via: h}]", "ca is a file of this machine"),
        ("services: [{name: s, dns: a.example, record: AX}]", "'AX' is none of A, AAAA"),
        ("services: [{name: s, tcp: 'x:1', record: A}]", "record is for dns checks"),
        ("services: [{name: s, heartbeat: soon}]", "'soon': "),
        ("services: [{name: s, http: 'https://x', key: k.pem}]", "key is the key of a `cert:`, which is missing"),
        ("services: [{name: s, http: 'https://x', must: ['[STATU] == 200']}]", "[STATU], did you mean STATUS?"),
        ("alert_sources: [{name: a, kind: webhook}]", "a webhook needs `listen:`"),
        ("alert_sources: [{name: a, kind: webhook, listen: '0.0.0.0:9'}]", "a loopback address with a port"),
        ("alert_sources: [{name: a, kind: prometheus}]", "an alert source needs `urls:`"),
        ("alert_sources: [{name: a, kind: prometheus, urls: 'http://x', bearer: abc}]", "secret:NAME"),
        ("services: [{name: s, http: 'http://x', on: {}}]", "selects nothing"),
        ("services: [{name: s, http: 'http://x', headers: {Authorization: abc}}]", "is a credential"),
        ("services: [{name: s, http: 'http://x', headers: {X-A: 'secret:tok'}}]", "secret tok is not named"),
        ("http: {lb: {url: 'http://x', bearer: 'secret:tok'}}", "secret tok is not named"),
        ("http: {lb: {url: 'http://x', basic: {user: op1, password: 'secret:tok'}}}", "secret tok is not named"),
        ("notify: [{name: n, kind: webhook, url: 'secret:tok'}]", "secret tok is not named"),
        ("secrets: {tok: hunter2}", "never the secret itself"),
        ("checks: [{exec: [x]}]", "a check needs `name:`"),
        ("checks: [{name: c, exec: [x], on: a, runbook_url: 'http://x'}]", "for checks that stand alone"),
        ("alert_sources: [{name: m, kind: alertmanager, urls: []}]", "urls is empty"),
        ("alert_sources: [{name: m, kind: pagerduty, urls: ['http://x']}]", "is none of alertmanager"),
        ("alert_sources: [{name: m, kind: alertmanager, url: 'http://x'}]", "the word is urls"),
        ("rules: {FsSpace: {warn: 1%}}", "unknown key warn in a rule's settings, did you mean warning"),
        ("rules: {FsSpce: {off: true}}", "did you mean FsSpace"),
        ("environment: ''", "is not a name"),
        ("inventory: [{ssh_config: a, ansible: b}]", "one of them"),
        ("- a\n- b", "the configuration is a mapping"),
    ],
)  # fmt: skip
def test_a_mistake_says_where_what_and_what_was_meant(
    mistakes: Mistakes, text: str, mistake: str
) -> None:
    assert any(mistake in line for line in mistakes(text)), mistakes(text)


def test_a_wrong_assertion_points_at_its_character(mistakes: Mistakes) -> None:
    text = "services:\n  - name: s\n    http: http://x\n    must: [status == 200, 'latenzy < 5s']\n"

    (line,) = mistakes(text)

    assert line.startswith("opsconsole.yaml:4:28: latenzy < 5s: ")
    assert "latency" in line


def test_an_expression_cut_at_its_comma_gets_a_hint(mistakes: Mistakes) -> None:
    lines = mistakes("services: [{name: s, http: 'http://x', must: [status in (200, 204)]}]")

    assert "put quotes around" in lines[0]


def test_all_mistakes_come_at_once_in_file_order(mistakes: Mistakes) -> None:
    text = "hosts:\n  - {name: a, prot: 1}\n  - {name: b, every: 1}\nthme: dark\nhosts: []\n"

    places = [line.split(": ")[0] for line in mistakes(text)]

    assert places == [
        "opsconsole.yaml:2:15",
        "opsconsole.yaml:3:22",
        "opsconsole.yaml:4:1",
        "opsconsole.yaml:5:1",
    ]


def test_a_mistake_never_carries_control_characters(mistakes: Mistakes) -> None:
    lines = mistakes('"\\e]52;c;x\\a": 1\n')

    assert all(char.isprintable() for char in lines[0])


def test_included_files_add_up(write: Write, tmp_path: Path) -> None:
    write("hosts: [b]\nrules: {FsSpace: {off: true}}\n", "conf.d/10.yaml")
    write("hosts: [c]\nplugins: [p]\n", "conf.d/20.yaml")

    document = read(
        write("include: conf.d/*.yaml\nhosts: [a]\nrules: {LoadPerCore: {off: true}}\n")
    )

    assert [host.names for host in document.hosts] == ["a", "b", "c"]
    assert set(document.settings.rules) == {"FsSpace", "LoadPerCore"}
    assert document.settings.plugins == (str(tmp_path / "conf.d/p"),)
    assert document.files == tuple(
        str(tmp_path / name) for name in ("opsconsole.yaml", "conf.d/10.yaml", "conf.d/20.yaml")
    )


def test_files_that_include_each_other_are_read_once(write: Write) -> None:
    write("include: opsconsole.yaml\nhosts: [b]\n", "more.yaml")

    document = read(write("include: [more.yaml]\nhosts: [a]\n"))

    assert [host.names for host in document.hosts] == ["a", "b"]


def test_one_environment_is_said_in_one_file(write: Write) -> None:
    write("environment: test\n", "more.yaml")

    with pytest.raises(
        ConfigError, match=r"more\.yaml:1:1: environment was already said in .*yaml:2"
    ):
        read(write("include: [more.yaml]\nenvironment: prod\n"))


def test_a_missing_include_is_a_mistake(write: Write) -> None:
    with pytest.raises(ConfigError, match=r"gone\.yaml: cannot be read"):
        read(write("include: [gone.yaml]\n"))


@pytest.mark.parametrize(
    ("environment", "locked"),
    [("prod", True), ("production", True), ("staging", False), ("demo", False)],
)
def test_production_is_locked_by_default(write: Write, environment: str, locked: bool) -> None:
    assert read(write(f"environment: {environment}\n")).settings.locked is locked


def test_the_schema_names_every_key_that_the_reader_takes() -> None:
    properties = schema()["properties"]

    assert isinstance(properties, dict)
    assert {"hosts", "services", "alert_sources", "defaults", "include", "environment"} <= set(
        properties
    )
    assert all(entry["description"] for entry in properties.values())


def test_a_rule_that_does_not_exist_is_a_mistake_with_a_suggestion(write: Write) -> None:
    with pytest.raises(ConfigError, match=r"FsSpce.*did you mean .?FsSpace"):
        read(write("hosts: [a]\nrules: {FsSpce: {off: true}}\n"))
