"""`trust`: accept the key a host shows, after a person has seen its fingerprint."""

import click

from opsconsole.cli import complete
from opsconsole.cli.exits import Exit
from opsconsole.cli.options import Options
from opsconsole.model.calls import Done, HostKey, ScanHostKey, TrustHostKey


@click.command()
@click.argument("host", shell_complete=complete.targets)
@click.option("--fingerprint", metavar="SHA256:...", help="Accept this key and no other.")
@click.option("--replace", is_flag=True, help="Remove another key that is on file.")
@click.option("--yes", is_flag=True, help="Do not ask (needs --fingerprint).")
@click.pass_obj
def trust(options: Options, /, host: str, fingerprint: str | None, replace: bool, yes: bool) -> int:
    """Write a host's key to known_hosts, after showing its fingerprint."""
    from opsconsole.cli.attach import attached, finish

    if yes and not fingerprint:
        raise click.UsageError("--yes needs --fingerprint: nobody else looks at the key")

    async def ask() -> int:
        async with attached(options) as client:
            key = await client.call(ScanHostKey(host), HostKey)
            if key.known == "known" and fingerprint in (None, key.fingerprint):
                print(f"{_shown(key)}: nothing to write")
                return Exit.DONE
            if not _is_agreed(key, fingerprint, yes=yes):
                return Exit.REFUSED
            call = TrustHostKey(host, key.fingerprint, replace)
            print((await client.call(call, Done)).text)
            return Exit.DONE

    return finish(ask())


def _shown(key: HostKey) -> str:
    return f"{key.host} shows {key.kind} {key.fingerprint} ({key.known})"


def _is_agreed(key: HostKey, fingerprint: str | None, *, yes: bool) -> bool:
    print(_shown(key))
    if fingerprint is not None and fingerprint != key.fingerprint:
        print(f"that is not {fingerprint}: nothing was written")
        return False
    return yes or click.confirm("Trust this key?", default=False)
