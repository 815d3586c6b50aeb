"""Plugins that misbehave in a living engine: each costs only itself, and is named with what it did."""

import asyncio
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from opsconsole.engine.watchdog import Block, Watchdog, owner_of
from opsconsole.model.calls import Done, ReadPane, ResumePlugin
from opsconsole.model.pane import PaneData
from opsconsole.rpc.client import Client

MANIFEST = """api: 1
id: {id}
version: 1.0.0
contributes:
  panes:
    - {{id: bad, title: Bad, timeout: 1s, every: 1s}}
    - {{id: good, title: Good, timeout: 5s, every: 1s}}
"""
GOOD = """
@plugin.pane("good")
async def good(ctx):
    return Table(["A", "B"], [["1", "critical:down"]])
"""
HEAD = """
import asyncio
import sys
import time
from opsconsole.actions.api import Plugin, Table, Text

plugin = Plugin("{id}")
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def one(body: str, *, id: str = "acme", manifest: str = MANIFEST) -> Path:
        place = tmp_path / "plugins" / id
        (place / "actions").mkdir(parents=True)
        (place / "opsconsole-plugin.yaml").write_text(manifest.format(id=id))
        (place / "actions" / "main.py").write_text(HEAD.format(id=id) + body)
        for path in (place, *place.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        return place

    return one


async def ask(client: Client, pane: str) -> PaneData:
    return await client.call(ReadPane(pane), PaneData)


async def seen(client: Client, holds: Callable[[Client], bool]) -> None:
    """Wait until the mirror shows something; bounded by the test's own time limit."""
    while not holds(client):
        await client.wait_change()


def faults(client: Client, plugin: str = "acme") -> list[str]:
    return [each.kind for each in client.snapshot.plugins[plugin].faults]


BAD = {
    "raises": ("async def bad(ctx):\n    raise ValueError('boom')", "ValueError: boom", "error"),
    "exits": ("async def bad(ctx):\n    sys.exit(3)", "SystemExit: 3", "error"),
    "never returns": ("async def bad(ctx):\n    await asyncio.Event().wait()", "no answer in 1 s", "deadline"),
    "gives nonsense": ("async def bad(ctx):\n    return 7", "gave no Text", "protocol"),
    "crooked rows": (
        "async def bad(ctx):\n    return Table(['A'], [['1', '2']])",
        "a row has 1 cells",
        "protocol",
    ),
    "writes": (
        "async def bad(ctx):\n    await ctx.ssh.write(['rm', '-rf', '/'])",
        "only an action may change something",
        "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
async def test_a_pane_that_misbehaves_is_one_named_row_and_the_others_go_on(
    world, write, name: str
) -> None:
    body, said, kind = BAD[name]
    place = write(f'{GOOD}\n@plugin.pane("bad")\n{body}\n')
    world.use(plugins=(str(place),))

    async with world.engine() as (_, client):
        bad, good = await ask(client, "acme.bad"), await ask(client, "acme.good")
        if kind:
            await seen(client, lambda c: bool(faults(c)))

        assert said in bad.error
        assert good.error == ""
        assert [[cell.text for cell in row] for row in good.rows] == [["1", "down"]]
        assert good.rows[0][1].tone == "critical"
        assert faults(client) == ([kind] if kind else [])


async def test_code_that_cannot_be_imported_is_a_fault_of_that_name(world, write) -> None:
    place = write("raise RuntimeError('rotten')")
    world.use(plugins=(str(place),))

    async with world.engine() as (_, client):
        bad = await ask(client, "acme.bad")
        await seen(client, lambda c: bool(faults(c)))

        assert "rotten" in bad.error
        assert faults(client) == ["import"]


async def test_a_pane_that_prints_without_end_is_cut_off_by_its_process_alone(
    world, write, tmp_path: Path
) -> None:
    manifest = MANIFEST.replace("title: Bad", "title: Bad, run: [bin/flood]")
    place = write(GOOD, manifest=manifest)
    (place / "bin").mkdir(mode=0o755)
    (place / "bin" / "flood").write_text(
        '#!/bin/sh\necho \'{"op":"hello","api":1,"plugin":"acme"}\'\n'
        'yes \'{"op":"log","text":"x"}\' | head -c 100000000\n'
    )
    (place / "bin" / "flood").chmod(0o755)
    world.use(plugins=(str(place),))

    async with world.engine() as (_, client):
        bad, good = await ask(client, "acme.bad"), await ask(client, "acme.good")

        assert bad.error
        assert good.error == ""


async def test_a_plugin_that_raises_on_import_is_a_fault_of_its_own_and_no_other_plugin_s(
    world, write, tmp_path: Path
) -> None:
    write("raise RuntimeError('no licence')\n", id="broken")
    write(GOOD)
    world.use(plugins=(str(tmp_path / "plugins"),))

    async with world.engine() as (_, client):
        bad, good = await ask(client, "broken.bad"), await ask(client, "acme.good")

        assert "RuntimeError: no licence" in bad.error
        assert good.error == ""


async def test_a_plugin_whose_import_never_ends_holds_nobody_up(world, write) -> None:
    write("import threading\nthreading.Event().wait(30)\n", id="broken")
    place = write(GOOD)
    world.use(plugins=(str(place.parent),))

    async with world.engine() as (_, client):
        first = asyncio.create_task(ask(client, "broken.bad"))
        good = await ask(client, "acme.good")
        bad = await first

        assert good.error == ""
        assert "takes longer than 2 s" in bad.error or "no answer in 1 s" in bad.error


BLOCKS = """
import threading

HELD = threading.Event()


@plugin.pane("bad")
async def bad(ctx):
    HELD.wait(60)
    return Text(["late"])
"""


async def test_code_that_blocks_holds_up_its_own_plugin_and_nothing_else(world, write) -> None:
    write(BLOCKS, id="stuck")
    place = write(GOOD)
    world.use(plugins=(str(place.parent),))

    async with world.engine() as (_, client):
        blocked = asyncio.create_task(ask(client, "stuck.bad"))
        bad = await blocked
        good = await ask(client, "acme.good")
        await seen(client, lambda c: bool(faults(c, "stuck")))
        sys.modules["opsconsole_plugins.stuck.main"].HELD.set()

        assert bad.error == "no answer in 1 s"
        assert faults(client, "stuck") == ["deadline"]
        assert good.error == ""
        assert faults(client) == []


async def test_whoever_blocks_the_engines_own_loop_is_named_with_its_line() -> None:
    told: list[Block] = []
    watchdog = Watchdog(lambda: {f"{Path(__file__).parent}/": "acme"}, told.append)
    watching = asyncio.create_task(watchdog.run())
    while not told:
        await asyncio.sleep(0)
        threading.Event().wait(0.6)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)

    assert told[0].plugin == "acme"
    assert Path(__file__).name in told[0].where


async def test_three_faults_close_a_plugin_until_a_person_resumes_it(world, write) -> None:
    body = 'async def bad(ctx):\n    raise ValueError("boom")\n'
    place = write(f'{GOOD}\n@plugin.pane("bad")\n{body}')
    world.use(plugins=(str(place),))

    async with world.engine() as (_, client):
        for _ in range(3):
            await ask(client, "acme.bad")
        closed = await ask(client, "acme.good")
        await seen(client, lambda c: "plugin acme" in c.snapshot.banners)
        quarantined = client.snapshot.plugins["acme"].quarantined
        done = await client.call(ResumePlugin("acme"), Done)
        opened = await ask(client, "acme.good")
        await seen(client, lambda c: not c.snapshot.plugins["acme"].quarantined)

        assert "in quarantine after 3 faults" in closed.error
        assert quarantined > 0
        assert done.text == "acme is called again"
        assert opened.error == ""
        assert client.snapshot.banners.get("plugin acme") is None


def test_a_stack_without_a_plugins_file_is_nobodys() -> None:
    assert owner_of(sys._getframe(), {"/srv/plugins/acme/": "acme"}) is None


async def test_a_changed_file_is_taken_over_and_one_that_would_break_is_not(world, write) -> None:
    place = write(GOOD)
    world.use(plugins=(str(place),))

    async with world.engine() as (_, client):
        await seen(client, lambda c: "acme" in c.snapshot.plugins)
        manifest = place / "opsconsole-plugin.yaml"
        manifest.write_text(MANIFEST.format(id="acme").replace("1.0.0", "1.1.0"))
        await seen(client, lambda c: c.snapshot.plugins["acme"].version == "1.1.0")
        manifest.write_text("api: 7\nid: acme\nversion: 1.2.0\n")
        await seen(client, lambda c: "plugins" in c.snapshot.banners)

        assert "the old one stays" in client.snapshot.banners["plugins"].text
        assert client.snapshot.plugins["acme"].version == "1.1.0"
        assert client.snapshot.plugins["acme"].error == ""
