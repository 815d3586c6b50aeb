"""The command line's root: with no verb it opens the console, or prints `status` where there is no screen."""

from pathlib import Path

import click

from opsconsole import __version__
from opsconsole.cli.lazy import RootGroup
from opsconsole.cli.options import Options
from opsconsole.cli.screen import has_screen

_VERBS = {
    "ack": "opsconsole.cli.fires:ack",
    "actions": "opsconsole.cli.actions:actions",
    "approve": "opsconsole.cli.approve:approve",
    "blast": "opsconsole.cli.blast:blast",
    "alerts": "opsconsole.cli.alerts:alerts",
    "capacity": "opsconsole.cli.capacity:capacity",
    "completion": "opsconsole.cli.completion:completion",
    "config": "opsconsole.cli.config:config",
    "demo": "opsconsole.cli.demo:demo",
    "doctor": "opsconsole.cli.doctor:doctor",
    "engine": "opsconsole.cli.engine:engine",
    "event": "opsconsole.cli.events:event",
    "events": "opsconsole.cli.events:events",
    "expiring": "opsconsole.cli.expiring:expiring",
    "freeze": "opsconsole.cli.access:freeze",
    "handoff": "opsconsole.cli.handoff:handoff",
    "heartbeat": "opsconsole.cli.heartbeat:heartbeat",
    "incident": "opsconsole.cli.incident:incident",
    "init": "opsconsole.cli.init:init",
    "journal": "opsconsole.cli.journal:journal",
    "lock": "opsconsole.cli.access:lock",
    "maintenance": "opsconsole.cli.maintenance:maintenance",
    "note": "opsconsole.cli.fires:note",
    "notify": "opsconsole.cli.notify:notify",
    "oncall": "opsconsole.cli.oncall:oncall",
    "odd": "opsconsole.cli.odd:odd",
    "plugin": "opsconsole.cli.plugin:plugin",
    "policy": "opsconsole.cli.policy:policy",
    "poll": "opsconsole.cli.poll:poll",
    "resolve": "opsconsole.cli.resolve:resolve",
    "rules": "opsconsole.cli.rules:rules",
    "run": "opsconsole.cli.run:run",
    "runs": "opsconsole.cli.runs:runs",
    "silence": "opsconsole.cli.silence:silence",
    "slo": "opsconsole.cli.slo:slo",
    "status": "opsconsole.cli.status:status",
    "sudoers": "opsconsole.cli.sudoers:sudoers",
    "take": "opsconsole.cli.fires:take",
    "thaw": "opsconsole.cli.access:thaw",
    "trust": "opsconsole.cli.trust:trust",
    "unlock": "opsconsole.cli.access:unlock",
}
_FILE = click.Path(path_type=Path, dir_okay=False)
_ANY = click.Path(path_type=Path)


@click.group(
    cls=RootGroup,
    verbs=_VERBS,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="opsconsole")
@click.option("-c", "--config", type=_FILE, metavar="FILE", help="Read this configuration.")
@click.option("--hosts", metavar="SET", help="Watch these hosts: web[01-20],db1.")
@click.option("--ssh-config", type=_FILE, metavar="FILE", help="Watch the hosts of an ssh config.")
@click.option("--ansible", type=_ANY, metavar="FILE", help="Watch an Ansible inventory.")
@click.option("-E", "--engine", metavar="NAME", help="Use the engine of this name.")
@click.option("--solo", is_flag=True, help="One process: no engine stays behind.")
@click.option("--read-only", is_flag=True, help="Only look: the engine refuses you every change.")
@click.option("--ascii", is_flag=True, help="Draw with ASCII only.")
@click.pass_context
def cli(ctx: click.Context, /, **given: object) -> int:
    """Live hosts, services and alerts in one terminal, with runbooks from the keyboard.

    Without a verb it opens the console.
    """
    ctx.obj = Options(**given)  # type: ignore[arg-type]  # click hands in what the options above declare
    if ctx.invoked_subcommand is not None:
        return 0
    if not has_screen():
        from opsconsole.cli.status import print_status

        return print_status(ctx.obj)
    from opsconsole.cli.console import open_console

    return open_console(ctx.obj)
