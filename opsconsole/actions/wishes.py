"""What each call of an executable plugin takes; anything else in it is refused by name."""

from typing import TypeVar

import msgspec

from opsconsole.actions.protocol import Call, ProtocolError
from opsconsole.model.states import Effect
from opsconsole.model.text import clean

Slot = str | int | dict[str, str]
"""`{"param": name}` is filled with that parameter, `{"answer": id}` with what a person answered to that call."""
T = TypeVar("T")


class _Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What they have in common."""

    step: str = ""
    """Its name in the journal; by default the program's."""
    may_fail: bool = False
    """A bad end of it is no failure of the action."""


class Wish(_Wish, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A call that takes nothing of its own."""


class ReadWish(_Wish, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`ssh.read`; fields as of `ctx.ssh.read`."""

    argv: list[Slot]
    sudo: str | None = None
    stdin: str = ""
    timeout: float | None = None
    ok: tuple[int, ...] = (0,)
    cwd: str = ""
    env: dict[str, Slot] = {}
    retries: int = 0
    show: bool | None = None
    max_output: int | None = None


class WriteWish(ReadWish, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`ssh.write`."""

    expect_disconnect: bool = False
    critical: str = ""
    """Why an interrupt must wait until it is over."""


class ScriptWish(_Wish, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`ssh.script`: a file of the plugin's `scripts/`."""

    name: str
    args: list[Slot] = []
    effect: Effect = Effect.WRITE
    sudo: str | None = None
    timeout: float | None = None
    ok: tuple[int, ...] = (0,)
    show: bool = True


class StreamWish(_Wish, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`ssh.stream`: a reading command whose lines come as they are said."""

    argv: list[Slot]
    sudo: str | None = None
    timeout: float | None = None
    ok: tuple[int, ...] = (0,)
    max_output: int | None = None


class GetWish(_Wish, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`ssh.get`: a file of the target."""

    path: Slot
    sudo: str | None = None
    form: str = msgspec.field(default="text", name="as")
    """text: UTF-8, in the result; base64: any bytes, in lines before it; none: only kept, for an artifact."""


class PutWish(_Wish, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`ssh.put`: replace a file of the target; exactly one of text, base64, file and secret."""

    path: Slot
    text: str | None = None
    base64: str | None = None
    file: str | None = None
    """One of the plugin's `files/`."""
    secret: str | None = None
    """The name of a declared one."""
    mode: str = "0644"
    sudo: str | None = None


class LocalWish(_Wish, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`local.run`: a command on the jump host; one that changes something, unless it says otherwise."""

    argv: list[Slot]
    effect: Effect = Effect.WRITE
    stdin: str = ""
    timeout: float | None = None
    ok: tuple[int, ...] = (0,)
    show: bool | None = None
    max_output: int | None = None


class HttpWish(_Wish, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`http.<client>.<verb>`."""

    path: str | list[Slot]
    """As the author wrote it, or its segments, each made safe."""
    query: dict[str, str | int] | None = None
    json: object = None
    ok: tuple[int, ...] = ()
    timeout: float | None = None
    show: bool = False


class AskWish(_Wish, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`ask`, `choose` and `confirm`: a person's word."""

    text: str
    type: str = "str"
    choices: list[str] = []
    default: str | None = None
    timeout: float = 900.0


class ArtifactWish(_Wish, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`artifact`: a file kept with the run; exactly one of text, base64 and from."""

    name: str
    text: str | None = None
    base64: str | None = None
    of: str | int | None = msgspec.field(default=None, name="from")
    """A call, whose output is kept."""


class AboutWish(_Wish, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`health`, `peers`, `history`: what the console knows."""

    target: str = ""
    action: str = ""


class KeyWish(_Wish, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`lock`, `cache.get`, `cache.put`."""

    key: str
    value: object = None


class SecretWish(_Wish, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`secret.get`."""

    name: str


class WaitWish(_Wish, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`wait`."""

    seconds: float


class TableWish(_Wish, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`table`."""

    rows: list[list[str | int | float]]
    header: list[str] = []


def read_wish(call: Call, kind: type[T]) -> T:
    """Read what a call takes.

    Raises:
        ProtocolError: It is something else.
    """
    try:
        return msgspec.convert(call.p, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ProtocolError(f"{clean(call.m, 60)}: {clean(str(error), 200)}") from None
