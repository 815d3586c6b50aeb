"""`init`: look at what is there and write a first, commented configuration."""

from pathlib import Path

import click

from opsconsole.cli.exits import Exit
from opsconsole.cli.options import Options


@click.command()
@click.option("--print", "only_print", is_flag=True, help="Print it, write nothing.")
@click.option("--force", is_flag=True, help="Write over a file that exists.")
@click.pass_obj
def init(options: Options, /, only_print: bool, force: bool) -> int:
    """Write a first opsconsole.yaml from ssh config, known_hosts and a local Alertmanager."""
    from opsconsole.cli.attach import finish
    from opsconsole.config.paths import config_file

    text, found = finish(_draft())
    if only_print:
        print(text, end="")
        return Exit.DONE
    path = options.config or config_file()
    if path.exists() and not force:
        print(f"{path} exists: look at it, or use --print or --force")
        return Exit.REFUSED
    _write(path, text)
    for sentence in found:
        print(f"found: {sentence}")
    print(f"wrote {path}; check it with: opsconsole config check")
    return Exit.DONE


async def _draft() -> tuple[str, tuple[str, ...]]:
    import asyncio

    from opsconsole.clock import SystemClock
    from opsconsole.inventory.draft import draft
    from opsconsole.transport.http import Endpoint, HttpClient

    http = HttpClient(SystemClock())
    loop = asyncio.get_running_loop()

    def answers(url: str) -> bool:
        asked = asyncio.run_coroutine_threadsafe(http.fetch(Endpoint(url, timeout=2.0)), loop)
        return asked.result(5.0).status == 200

    try:
        made = await asyncio.to_thread(draft, Path.home(), answers)
    finally:
        await http.close()
    return made.text, made.found


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".new")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
