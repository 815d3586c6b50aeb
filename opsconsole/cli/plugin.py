"""`plugin`: what is loaded and how it fares, and the workbench of those who write one."""

import click

from opsconsole.cli.lazy import LazyGroup

_VERBS = {
    "docs": "opsconsole.cli.plugin_docs:docs",
    "doctor": "opsconsole.cli.plugin_doctor:doctor",
    "keys": "opsconsole.cli.plugin_keys:keys",
    "lint": "opsconsole.cli.plugin_lint:lint",
    "list": "opsconsole.cli.plugin_list:list_plugins",
    "new": "opsconsole.cli.plugin_new:new",
    "pane": "opsconsole.cli.plugin_list:pane",
    "reload": "opsconsole.cli.plugin_list:reload",
    "resume": "opsconsole.cli.plugin_list:resume",
    "test": "opsconsole.cli.plugin_test:test",
}


@click.group(cls=LazyGroup, verbs=_VERBS)
def plugin() -> None:
    """List, write, check and mend plugins."""
