"""The keys of `hosts:`, `defaults:`, `on:` and `inventory:`."""

from typing import Final

from opsconsole.config import kinds
from opsconsole.config.document import Defaults, HostEntry, Import, Selector
from opsconsole.config.fields import (
    Field,
    Kind,
    Values,
    list_of,
    map_of,
    record_of,
    table,
)
from opsconsole.config.loader import Map, Node, Scalar, Seq
from opsconsole.config.problems import Problems

INTERVAL: Final = kinds.duration(0.5, 86400, "a time from 500ms to 1d")
TIMEOUT: Final = kinds.duration(0.1, 3600, "a time from 100ms to 1h")
LABELS: Final = map_of(kinds.label, kinds.text())
_PORT: Final = kinds.integer(1, 65535)
_NAMES: Final = list_of(kinds.name, or_one=True)
_PATHS: Final = list_of(kinds.path(), or_one=True)
_TRANSPORT: Final = kinds.choice(("ssh", "local", "plain"))

USER = Field("user", kinds.user, "Account to log in with; without it the one that runs the engine.")
PORT = Field("port", _PORT, "Port of the SSH server.")
JUMP = Field("jump", _NAMES, "Host to go through, or several, first hop first.")
EVERY = Field("every", INTERVAL, "Interval between polls: 10s, 1m.")
TIMEOUT_FIELD = Field("timeout", TIMEOUT, "Longest wait for an answer; never more than `every`.")
IDENTITY = Field("identity", _PATHS, "Private key file, or several; without it the agent is asked.")
KNOWN_HOSTS = Field("known_hosts", _PATHS, "File, or several, with the keys of known hosts.")
SSH_CONFIG = Field("ssh_config", kinds.path(), "OpenSSH file that says what hosts do not say here.")

NAME = Field("name", kinds.node_set, "Name of a host, or a range: web[01-20].", required=True)
ADDRESS = Field("address", kinds.address, "Name or IP address to connect to; the name if not said.")
TRANSPORT = Field(
    "transport", _TRANSPORT,
    "`local` for the machine the engine runs on; `plain` behind a forced command.",
)  # fmt: skip
LABELS_FIELD = Field("labels", LABELS, "Words about it, to filter and select by: {role: web}.")
GROUPS = Field("groups", _NAMES, "Groups it belongs to.")
REFERENCES = list_of(kinds.reference, or_one=True)
DEPENDS_ON = Field("depends_on", REFERENCES, "What must work for it to work: [host:switch-1].")
KEY_ALIAS = Field("key_alias", kinds.name, "Name to look up in known_hosts instead of the address.")
ALIASES = Field("aliases", _NAMES, "Other names that alerts may use for it.")
POLLED = Field("polled", kinds.boolean(), "`false` for a jump host that is only a way to others.")

DEFAULTS: Final = table(
    "`defaults:`", USER, PORT, JUMP, EVERY, TIMEOUT_FIELD, IDENTITY, KNOWN_HOSTS, SSH_CONFIG,
    hints={"interval": "the word is every", "key": "the word is identity"},
)  # fmt: skip
HOST: Final = table(
    "a host",
    NAME, ADDRESS, PORT, USER, JUMP, TRANSPORT, LABELS_FIELD, GROUPS, DEPENDS_ON, EVERY,
    TIMEOUT_FIELD, IDENTITY, KNOWN_HOSTS, KEY_ALIAS, ALIASES, POLLED,
    hints={
        "hostname": "the word is address",
        "host": "the word is address",
        "ip": "the word is address",
        "interval": "the word is every",
        "proxy_jump": "the word is jump",
        "password": "passwords are not supported; use keys",
    },
)  # fmt: skip

_LABEL_VALUES: Final = list_of(kinds.text(), or_one=True)
_SELECTOR_WORDS: Final = ("hosts", "groups", "labels")
_PATTERNS: Final = list_of(kinds.host_pattern, or_one=True)
_LABEL_SETS: Final = map_of(kinds.label, _LABEL_VALUES)

IMPORT_SSH = Field("ssh_config", kinds.path(), "OpenSSH file; each concrete Host is a host.")
IMPORT_ANSIBLE = Field("ansible", kinds.path(), "Ansible inventory, INI or YAML.")
IMPORT: Final = table("an inventory source", IMPORT_SSH, IMPORT_ANSIBLE, LABELS_FIELD, GROUPS)


def _interval_holds(values: Values, problems: Problems) -> None:
    every, timeout = values.get(EVERY), values.get(TIMEOUT_FIELD)
    if every is not None and timeout is not None and timeout > every:
        problems.add(values.place(TIMEOUT_FIELD), "timeout is longer than every")


def _read_defaults(values: Values, problems: Problems) -> Defaults:
    _interval_holds(values, problems)
    return Defaults(
        user=values.get(USER),
        port=values.get(PORT),
        jump=values.get(JUMP),
        every=values.get(EVERY),
        timeout=values.get(TIMEOUT_FIELD),
        identity=values.get(IDENTITY),
        known_hosts=values.get(KNOWN_HOSTS),
        ssh_config=values.get(SSH_CONFIG),
    )


def _read_host(values: Values, problems: Problems) -> HostEntry | None:
    _interval_holds(values, problems)
    names = values.get(NAME)
    if names is None:
        return None
    return HostEntry(
        mark=values.place(NAME),
        names=names,
        address=values.get(ADDRESS),
        port=values.get(PORT),
        user=values.get(USER),
        jump=values.get(JUMP),
        transport=values.get(TRANSPORT),
        labels=values.value(LABELS_FIELD, {}),
        groups=values.value(GROUPS, ()),
        depends_on=values.value(DEPENDS_ON, ()),
        every=values.get(EVERY),
        timeout=values.get(TIMEOUT_FIELD),
        identity=values.get(IDENTITY),
        known_hosts=values.get(KNOWN_HOSTS),
        key_alias=values.get(KEY_ALIAS),
        aliases=values.value(ALIASES, ()),
        polled=values.value(POLLED, default=True),
    )


def _host() -> Kind[HostEntry]:
    full = record_of(HOST, _read_host)

    def read(node: Node, problems: Problems) -> HostEntry | None:
        if isinstance(node, Scalar) and node.value is not None:
            names = kinds.node_set.read(node, problems)
            return None if names is None else HostEntry(mark=node.mark, names=names)
        return full.read(node, problems)

    return Kind(read, {"anyOf": [kinds.node_set.schema, full.schema]})


def _read_selector(node: Node, problems: Problems) -> Selector | None:
    """Read `on:`: a pattern, a list of them, or labels; `hosts:` and `groups:` inside are themselves."""
    if isinstance(node, Scalar | Seq):
        patterns = _PATTERNS.read(node, problems)
        return None if patterns is None else Selector(node.mark, hosts=patterns)
    entries = {key: value for key, value in node.entries.items() if key not in _SELECTOR_WORDS}
    labels = dict(_LABEL_SETS.read(Map(entries, node.keys, node.mark), problems) or {})
    more = node.get("labels")
    if more is not None:
        labels |= _LABEL_SETS.read(more, problems) or {}
    hosts, groups = node.get("hosts"), node.get("groups")
    found = Selector(
        node.mark,
        hosts=(_PATTERNS.read(hosts, problems) or ()) if hosts else (),
        labels=labels,
        groups=(_NAMES.read(groups, problems) or ()) if groups else (),
    )
    if not (found.hosts or found.labels or found.groups):
        problems.add(node.mark, "`on:` selects nothing; say labels, `hosts:` or `groups:`")
        return None
    return found


def _read_import(values: Values, problems: Problems) -> Import | None:
    ssh, ansible = values.get(IMPORT_SSH), values.get(IMPORT_ANSIBLE)
    if (ssh is None) == (ansible is None):
        problems.add(
            values.mark, "an inventory source needs `ssh_config:` or `ansible:`, one of them"
        )
        return None
    return Import(
        mark=values.mark,
        kind="ssh_config" if ssh else "ansible",
        path=ssh or ansible or "",
        labels=values.value(LABELS_FIELD, {}),
        groups=values.value(GROUPS, ()),
    )


defaults: Final = record_of(DEFAULTS, _read_defaults)
hosts: Final = list_of(_host())
imports: Final = list_of(record_of(IMPORT, _read_import))
selector: Final = Kind(
    _read_selector,
    {
        "description": "labels, or `hosts:` and `groups:`; all that is said must hold",
        "anyOf": [{"type": "object"}, _PATTERNS.schema],
    },
)
