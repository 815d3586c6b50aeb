"""Doctor's look at the configuration: mistakes, keys, known hosts, plugins, ssh options we do not honour."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from opsconsole.cli.findings import Finding, bad, note, ok, warning
from opsconsole.cli.options import Options
from opsconsole.errors import ConfigError
from opsconsole.model.inventory import Inventory


def look_at_fleet(options: Options) -> Iterator[Finding]:
    """Read the configuration as the engine would, and look at what it names."""
    from opsconsole.inventory.sources import load

    try:
        inventory = load(options.sources())
    except ConfigError as error:
        for mistake in error.mistakes:
            yield bad("configuration", str(mistake), "opsconsole config check")
        return
    files = ", ".join(inventory.files) or "no file: this machine is shown"
    yield ok(
        "configuration",
        f"{len(inventory.hosts)} hosts, {len(inventory.services)} services: {files}",
    )
    for sentence in inventory.warnings:
        yield note("configuration", sentence)
    yield from _files(inventory)
    yield from _keys(inventory)
    yield from _known_hosts(inventory)
    yield from _plugins(inventory)


def _files(inventory: Inventory) -> Iterator[Finding]:
    for name in inventory.files:
        path = Path(name)
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o022:
            yield warning("file modes", f"others may write {path}", f"chmod go-w {path}")


def _keys(inventory: Inventory) -> Iterator[Finding]:
    for name in sorted({key for host in inventory.hosts for key in host.identity}):
        path = Path(name)
        if not path.exists():
            yield warning(
                "keys", f"{path} is not there", "ssh-keygen -t ed25519, or mend identity:"
            )
        elif not os.access(path, os.R_OK):
            yield bad("keys", f"{path} cannot be read", f"chmod u+r {path}")
        elif stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield warning("keys", f"others may read {path}", f"chmod 600 {path}")
        else:
            yield ok("keys", str(path))


def _known_hosts(inventory: Inventory) -> Iterator[Finding]:
    names = sorted({file for host in inventory.hosts for file in host.known_hosts})
    for name in names:
        path = Path(name)
        if not path.exists():
            text = f"{path} is not there: every host is key-unknown"
            yield warning("known_hosts", text, "opsconsole trust HOST")
        elif not os.access(path, os.R_OK):
            yield bad("known_hosts", f"{path} cannot be read", f"chmod u+r {path}")
        else:
            yield ok("known_hosts", str(path))


def _plugins(inventory: Inventory) -> Iterator[Finding]:
    from opsconsole.engine.catalogue import load_catalogue

    registry = load_catalogue(inventory.settings)
    yield ok("plugins", f"{len(registry.specs)} actions in {len(registry.plugins)} plugins")
    for plugin in registry.plugins.values():
        if plugin.error:
            yield bad("plugins", f"{plugin.id}: {plugin.error}", f"mend {plugin.source}")
