"""Alert sources, secrets, checks and collectors that plugins bring, in a living engine."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from test_engine_plugins import HEAD, seen

from opsconsole.collect.credentials import Credentials
from opsconsole.inventory.sources import SourceSpec, load
from opsconsole.model.inventory import AlertSource, Check, Service
from opsconsole.model.states import ServiceState

MANIFEST = """api: 1
id: acme
version: 1.0.0
contributes:
  alert_sources: [{id: hub}]
  secrets: [{id: vault}]
  checks:
    - {id: ready, scope: service, params: {limit: {type: int, default: "3"}}}
    - {id: disk, run: [/bin/sh, -c, 'echo "DISK WARNING - full | used=91%;80;95"; exit 1'], protocol: nagios}
  notifiers: [{id: tell, on: [note]}]
"""
CODE = """
from opsconsole.actions.api import FoundAlert, Verdict

FIRES = [FoundAlert("k1", "DiskFull", {"host": "web01", "team": "x\\x1b[2J"}, "91 % used", "critical")]
TOLD = []


@plugin.alert_source("hub")
async def hub(ctx):
    return FIRES


@plugin.secret("vault")
async def vault(ctx, name):
    return f"s3cret-{name}"


@plugin.check("ready")
async def ready(ctx, target, params):
    said = f"{target.name} limit {params['limit']}"
    return Verdict.critical(said, queue=7.0) if params["limit"] > 3 else Verdict.ok(said)


@plugin.notifier("tell")
async def tell(ctx, event):
    TOLD.append(event.text)
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "plugins" / "acme"
    (folder / "actions").mkdir(parents=True)
    (folder / "opsconsole-plugin.yaml").write_text(MANIFEST)
    (folder / "actions" / "main.py").write_text(HEAD.format(id="acme") + CODE)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def with_services(world, *checks: Check) -> None:
    services = tuple(Service(check.name, (check,)) for check in checks)
    world.inventory = replace(world.inventory, services=services)


async def test_a_plugins_alert_source_fires_on_the_host_it_names(world, place: Path) -> None:
    world.use(plugins=(str(place),))
    source = AlertSource("hub", "plugin", ("plugin:acme.hub",), every=1.0)
    world.inventory = replace(world.inventory, sources=(source,))

    async with world.engine() as (_, client):
        await seen(client, lambda c: any(a.name == "DiskFull" for a in c.snapshot.alerts.values()))
        alert = next(a for a in client.snapshot.alerts.values() if a.name == "DiskFull")

        assert alert.on == "host:web01"
        assert alert.labels["team"] == "x␛[2J"
        assert client.snapshot.feeds["hub"].state is ServiceState.UP


@pytest.mark.parametrize(
    ("target", "told", "state", "words"),
    [
        ("acme.ready", {}, "up", ""),
        ("acme.ready", {"limit": "9"}, "down", "shop limit 9"),
        ("acme.ready", {"limit": "x"}, "unknown", "is not a whole number"),
        ("acme.disk", {}, "degraded", "DISK WARNING - full"),
        ("acme.nothing", {}, "unknown", "no plugin brings the check acme.nothing"),
    ],
)
async def test_a_plugins_check_is_a_check_of_a_service(
    world, place: Path, target: str, told: dict, state: str, words: str
) -> None:
    world.use(plugins=(str(place),))
    with_services(
        world, Check("shop", "plugin", target, service="shop", params=told, every=1.0, fails=1)
    )

    async with world.engine() as (_, client):
        await seen(client, lambda c: c.snapshot.services["shop"].checks[0].tried > 0)
        check = client.snapshot.services["shop"].checks[0]

        assert check.state == state
        assert words in check.reason


async def test_a_secret_comes_from_the_plugin_and_from_nowhere_else(world, place: Path) -> None:
    world.use(plugins=(str(place),))

    async with world.engine() as (engine, _):
        knows = Credentials(
            lambda: {"api": "plugin:acme.vault/api", "no": "plugin:acme.none/x"},
            engine._clock,
            plugin=engine._plugins.secret,
        )

        assert await knows.reveal("Bearer secret:api") == "Bearer s3cret-api"
        assert await knows.reveal("Bearer secret:no") == "Bearer "


CMDB = """
from opsconsole.actions.api import FoundHost, Plugin

plugin = Plugin("cmdb")


@plugin.inventory("hosts")
async def hosts(ctx):
    {body}
"""
FOUND = (
    'return [FoundHost("cmdb1", "192.0.2.9", labels={"role": "db"}), FoundHost("no good name!")]'
)


async def test_a_plugins_hosts_are_watched_and_stay_when_it_fails(world, tmp_path: Path) -> None:
    folder = tmp_path / "plugins" / "cmdb"
    (folder / "actions").mkdir(parents=True)
    (folder / "opsconsole-plugin.yaml").write_text(
        "api: 1\nid: cmdb\nversion: 1.0.0\ncontributes: {inventories: [{id: hosts, every: 1s}]}\n"
    )
    code = folder / "actions" / "main.py"
    code.write_text(CMDB.format(body=FOUND))
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    config = tmp_path / "ops.yaml"
    config.write_text(f"hosts: [{{name: web01, address: 192.0.2.1}}]\nplugins: [{folder}]\n")
    world.spec = replace(world.spec, sources=SourceSpec(config=config))
    world.inventory = load(world.spec.sources)

    async with world.engine() as (_, client):
        await seen(client, lambda c: set(c.snapshot.hosts) == {"web01", "cmdb1"})
        assert client.snapshot.hosts["cmdb1"].labels["role"] == "db"
        code.write_text(CMDB.format(body='raise RuntimeError("cmdb is away")'))
        await seen(
            client, lambda c: any("cmdb is away" in b.text for b in c.snapshot.banners.values())
        )
        assert set(client.snapshot.hosts) == {"web01", "cmdb1"}

    async with world.engine() as (_, client):
        await seen(client, lambda c: set(c.snapshot.hosts) == {"web01", "cmdb1"})
