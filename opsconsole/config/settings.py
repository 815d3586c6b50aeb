"""The keys that are neither hosts nor services: environment, engine, rules, secrets, keys."""

from typing import Final

from opsconsole.config import kinds
from opsconsole.config.fields import Field, Kind, Values, list_of, map_of, record_of, table
from opsconsole.config.http_clients import HTTP, PLUGIN_CONFIG
from opsconsole.config.loader import Node, Scalar
from opsconsole.config.maintenance import windows
from opsconsole.config.oncall import ESCALATE, NOTIFY, ON_CALL
from opsconsole.config.problems import Problems
from opsconsole.config.sudo_table import row_problem
from opsconsole.config.triggers import triggers
from opsconsole.model.inventory import Settings
from opsconsole.model.oncall import Schedule

_PROD: Final = ("prod", "production", "prd", "live")


def _linger() -> Kind[float]:
    time = kinds.duration(0, 86400 * 365, "a time up to 365d, or forever")

    def read(node: Node, problems: Problems) -> float | None:
        if isinstance(node, Scalar) and node.text == "forever":
            return float("inf")
        return time.read(node, problems)

    return Kind(read, {"anyOf": [{"const": "forever"}, time.schema]})


LINGER = Field("linger", _linger(), "How long the engine stays without a client: 30m, or forever.")
KEEPALIVE = Field(
    "keepalive", kinds.duration(1, 3600, "a time from 1s to 1h"), "Interval of SSH keepalives."
)
HANDSHAKES = Field("handshakes", kinds.integer(1, 1000), "SSH logins under way at once.")
PER_JUMP = Field("handshakes_per_jump", kinds.integer(1, 1000), "The same, through one jump host.")
SYSLOG = Field("journal_to_syslog", kinds.boolean(), "`false`: runs are not told to syslog.")
ENGINE: Final = table("`engine:`", LINGER, KEEPALIVE, HANDSHAKES, PER_JUMP, SYSLOG)

ENVIRONMENT = Field(
    "environment", kinds.name, "Name of the fleet, shown in the frame; prod is locked."
)
LOCKED = Field(
    "locked", kinds.boolean(), "Whether changes need an unlock; the default is: in prod."
)
ENGINE_FIELD = Field("engine", record_of(ENGINE, lambda values, _: values), "How the engine runs.")
THEME = Field("theme", kinds.name, "Name of a theme: dark, light, high-contrast, mono, ansi.")
THEMES = Field("themes", list_of(kinds.path(), or_one=True), "Folders with more themes.")
PLUGINS = Field("plugins", list_of(kinds.path(), or_one=True), "Folders with more plugins.")
ACK_WITHIN = Field(
    "ack_within",
    kinds.duration(0, 86400, "a time up to 1d"),
    "A critical nobody took for so long is shown as NEW!.",
)
KEYMAP = Field(
    "keymap", map_of(kinds.action, kinds.text(100)), "Keys of commands, by the command's id."
)
SECRETS = Field(
    "secrets",
    map_of(kinds.name, kinds.secret),
    "Names of secrets and where each is: env:NAME or file:PATH.",
)


def _row() -> Kind[tuple[str, ...]]:
    words = list_of(kinds.text(200))

    def read(node: Node, problems: Problems) -> tuple[str, ...] | None:
        row = words.read(node, problems)
        if row is not None and (wrong := row_problem(row)):
            problems.add(node.mark, wrong)
            return None
        return row

    return Kind(read, words.schema)


ALLOW = Field(
    "allow", list_of(_row()), 'Argument lists: [systemctl, restart, --, "<unit>"].', required=True
)
SUDO_PROFILE: Final = table("a sudo profile", ALLOW)
SUDO = Field(
    "sudo",
    map_of(kinds.name, record_of(SUDO_PROFILE, lambda values, _: values.value(ALLOW, ()))),
    "What each sudo profile covers; the engine refuses anything else.",
)
POLICY = Field(
    "policy", kinds.path(), "A file that says who may run what; the machine's own holds as well."
)
TRIGGERS = Field("triggers", triggers, "Runs that start by themselves; in shadow unless live.")
MAINTENANCE = Field("maintenance", windows, "Agreed times in which trouble is expected.")
DESKTOP = Field("desktop", kinds.boolean(), "`true`: a notification on the desktop where it rings.")
FIELDS: Final = (
    ENVIRONMENT, LOCKED, ENGINE_FIELD, THEME, THEMES, PLUGINS, ACK_WITHIN, KEYMAP, SUDO, SECRETS, POLICY,
    MAINTENANCE, ON_CALL, ESCALATE, NOTIFY, DESKTOP, TRIGGERS, HTTP, PLUGIN_CONFIG,
)  # fmt: skip


def read_settings(values: Values) -> Settings:
    """Make the settings from the top-level mapping."""
    usual = Settings()
    environment = values.value(ENVIRONMENT, usual.environment)
    engine = values.get(ENGINE_FIELD)
    linger = engine.value(LINGER, usual.linger or 0.0) if engine else usual.linger
    return Settings(
        environment=environment,
        locked=values.value(LOCKED, default=environment.lower() in _PROD),
        linger=None if linger == float("inf") else linger,
        theme=values.get(THEME),
        themes=values.value(THEMES, ()),
        plugins=values.value(PLUGINS, ()),
        ack_within=values.value(ACK_WITHIN, usual.ack_within),
        handshakes=engine.value(HANDSHAKES, usual.handshakes) if engine else usual.handshakes,
        handshakes_per_jump=(
            engine.value(PER_JUMP, usual.handshakes_per_jump)
            if engine
            else usual.handshakes_per_jump
        ),
        keepalive=engine.value(KEEPALIVE, usual.keepalive) if engine else usual.keepalive,
        keymap=values.value(KEYMAP, {}),
        journal_to_syslog=engine.value(SYSLOG, usual.journal_to_syslog)
        if engine
        else usual.journal_to_syslog,
        policy=values.value(POLICY, ""),
        sudo=values.value(SUDO, {}),
        secrets=values.value(SECRETS, {}),
        maintenance=values.value(MAINTENANCE, ()),
        on_call=values.value(ON_CALL, Schedule()),
        escalate=tuple(sorted(values.value(ESCALATE, ()), key=lambda step: step.after)),
        notify=values.value(NOTIFY, ()),
        desktop=values.value(DESKTOP, default=False),
        triggers=values.value(TRIGGERS, ()),
        http=values.value(HTTP, {}),
        plugin_config=values.value(PLUGIN_CONFIG, {}),
    )
