"""Files put onto a host and fetched from it, as constant scripts: whole or not at all, and with a way back."""

from typing import Final

from opsconsole.actions.argv import build_argv
from opsconsole.actions.grammars import check_path
from opsconsole.actions.steps import Request
from opsconsole.model.states import Effect

FETCH_LIMIT: Final = 8 << 20
"""Bytes of a file that is fetched."""
PUT: Final = """\
to=${OPSC_ROOT:-}$1
umask 077
new=$(mktemp "$(dirname -- "$to")/.opsc.XXXXXXXX") || exit 73
trap 'rm -f -- "$new"' EXIT
cat >"$new" || exit 74
if [ -h "$to" ]; then echo "$1 is a symbolic link" >&2; exit 73; fi
if [ -e "$to" ]; then
  cp -p -- "$to" "$to$3" || exit 74
  chown --reference="$to" -- "$new" 2>/dev/null
else
  : >"$to$3-none" || exit 74
fi
chmod -- "$2" "$new" || exit 74
sync -- "$new" 2>/dev/null || sync
mv -f -- "$new" "$to" || exit 74
sync -- "$(dirname -- "$to")" 2>/dev/null || :
"""
"""Arguments: where, mode, what the prior version is called behind its name. Content on stdin."""
PUT_BACK: Final = """\
to=${OPSC_ROOT:-}$1
if [ -e "$to$2" ]; then mv -f -- "$to$2" "$to"
elif [ -e "$to$2-none" ]; then rm -f -- "$to" "$to$2-none"
else echo "nothing was put"
fi
"""
"""Arguments: where, what the prior version is called behind its name."""
GET: Final = 'exec cat -- "${OPSC_ROOT:-}$1"\n'


def prior_suffix(run_id: str, step: str) -> str:
    """Name what the prior version is called, behind the file's own name; one for each step of a run."""
    return f".opsc-{run_id}-{step.replace('/', '-')}"


def put_request(
    step: str, content: bytes, path: str, mode: str, run_id: str, sudo: str | None
) -> Request:
    """Make the request that replaces a file.

    Raises:
        ValueError: The path is not absolute, or the mode is none.
    """
    path = check_path(path)
    if not (len(mode) in (3, 4) and all(digit in "01234567" for digit in mode)):
        raise ValueError(f"{mode!r} is no file mode such as 0644")
    return Request(
        step,
        Effect.WRITE,
        script=PUT,
        args=build_argv(["put", path, mode, prior_suffix(run_id, step)])[1:],
        stdin=content,
        sudo=sudo,
        shown=f"put {len(content)} bytes to {path}, mode {mode}",
    )


def put_back_request(step: str, path: str, run_id: str, sudo: str | None) -> Request:
    """Make the request that gives a file its prior version back, or removes one that was not there."""
    return Request(
        f"{step}-back",
        Effect.WRITE,
        script=PUT_BACK,
        args=(str(path), prior_suffix(run_id, step)),
        sudo=sudo,
        shown=f"put {path} back as it was",
    )


def get_request(step: str, path: str, sudo: str | None) -> Request:
    """Make the request that reads a file.

    Raises:
        ValueError: The path is not absolute.
    """
    return Request(
        step, Effect.READ, script=GET, args=(check_path(path),), sudo=sudo, max_output=FETCH_LIMIT,
        shown=f"read {path}",
    )  # fmt: skip
