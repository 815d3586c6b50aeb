"""What a host is: os-release(5), uname(1), and what is left of a pending reboot."""

from collections.abc import Mapping

from opsconsole.model.text import NAME_LIMIT, clean
from opsconsole.parsers.reading import reads


@reads("/etc/os-release")
def parse_os_release(text: bytes) -> Mapping[str, str]:
    """Read the system's name: PRETTY_NAME, or NAME and VERSION_ID.

    Raises:
        ParseError: A line is no assignment.
    """
    values: dict[bytes, bytes] = {}
    for line in text.splitlines():
        name, equals, value = line.partition(b"=")
        if not equals:
            raise ValueError("no assignment")
        values[name] = value.strip().strip(b"\"'")
    pretty = values.get(b"PRETTY_NAME") or b" ".join(
        value for value in (values.get(b"NAME", b""), values.get(b"VERSION_ID", b"")) if value
    )
    return {"os": clean(pretty, NAME_LIMIT)} if pretty else {}


@reads("uname")
def parse_uname(text: bytes) -> Mapping[str, str]:
    """Read `uname -s -r -m`: `Linux 6.1.0-18-amd64 x86_64`.

    Returns:
        system, kernel (the release) and arch.

    Raises:
        ParseError: It is not three words.
    """
    system, release, machine = text.split()
    return {
        "system": clean(system, NAME_LIMIT),
        "kernel": clean(release, NAME_LIMIT),
        "arch": clean(machine, NAME_LIMIT),
    }


@reads("reboot")
def parse_reboot(text: bytes) -> tuple[float, str]:
    """Read the reboot section: `asked`, and when one is wanted `required` and who wants it.

    Returns:
        1 when a reboot is wanted, else 0; and the packages or the cause, joined by commas.

    Raises:
        ParseError: The host was not asked.
    """
    asked, *rest = [line.strip() for line in text.splitlines()]
    if asked != b"asked":
        raise ValueError("not asked")
    if not rest or rest[0] != b"required":
        return 0.0, ""
    why = sorted({clean(line, NAME_LIMIT) for line in rest[1:] if line})
    return 1.0, ", ".join(why)
