"""`heartbeat` tells that a job ran: its check is down when nobody tells for too long."""

import time

import click

from opsconsole.cli.options import Options


@click.command()
@click.argument("name")
@click.pass_obj
def heartbeat(options: Options, /, name: str) -> int:
    """Tell that the job of heartbeat check NAME ran.

    Put it behind the job: `backup && opsconsole heartbeat NAME`. Starts
    no engine: without one the heartbeat is put down in a file, and counts when an engine starts.
    """
    from opsconsole.cli.attach import finish, tell_running
    from opsconsole.collect.heartbeats import write
    from opsconsole.engine.heartbeats import KIND
    from opsconsole.model.calls import AddEvent

    done = finish(tell_running(options, AddEvent(name, KIND, f"check:{name}")))
    if done is None:
        write(options.place().heartbeats, name, at=time.time())
        print(f"no engine runs: heartbeat of {name} put down for the next one")
    else:
        print(done.text)
    return 0
