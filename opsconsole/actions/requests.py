"""Makes one request of one step: references filled, each where it may stand, and nothing parsed again."""

from msgspec.structs import replace

from opsconsole.actions.argv import build_argv
from opsconsole.actions.file_steps import get_request, put_back_request, put_request
from opsconsole.actions.http_path import (
    build_body,
    build_path,
    build_query,
    http_request,
    quote_segment,
)
from opsconsole.actions.reference import Ref, Scope, Template, fill_slot, fill_text
from opsconsole.actions.runbook import Call, Exec, Get, JsonMap, Put, Step
from opsconsole.actions.secret import reveal
from opsconsole.actions.steps import Door, HttpCall, Request
from opsconsole.config.units import parse_duration
from opsconsole.errors import ActionError
from opsconsole.model.states import Effect


async def exec_request(
    step: Step, verb: Exec, door: Door, scope: Scope, *, ok: tuple[int, ...]
) -> Request:
    """Make the request of a command or a script."""
    try:
        argv = build_argv([fill_slot(each, scope) for each in verb.argv]) if verb.argv else ()
        args = build_argv(["--", *(fill_slot(each, scope) for each in verb.args)])[1:]
    except ValueError as error:
        raise ActionError(step.id, str(error)) from None
    return Request(
        step=step.id,
        effect=step.effect,
        argv=argv,
        script=verb.script,
        args=args,
        env={name: str(fill_slot(each, scope)) for name, each in verb.env},
        stdin=await _content(verb.stdin, door, scope),
        sudo=step.sudo,
        timeout=step.timeout,
        ok=ok,
        show=step.shows,
        on_console=step.place == "console",
        expect_disconnect=step.expect_disconnect,
        critical=_critical(step),
    )


def _critical(step: Step) -> str:
    return (step.title or step.id) if step.critical else ""


async def _content(template: Template | None, door: Door, scope: Scope) -> bytes:
    """Fill what goes into a program or a file: many lines, or a secret that stands alone."""
    if template is None:
        return b""
    name = _secret_name(template, scope)
    if name is not None:
        return reveal(await door.secret(name)).encode()
    return fill_text(template, scope).encode()


def _secret_name(template: Template, scope: Scope) -> str | None:
    """Give the name of the secret a lone reference means."""
    ref = _lone(template)
    if ref is None or ref.root != "params" or ref.path not in scope.secrets:
        return None
    return scope.values.slot(ref.path)


def _lone(template: Template) -> Ref | None:
    first = template.parts[0] if len(template.parts) == 1 else None
    return first if isinstance(first, Ref) else None


def call_request(step: Step, verb: Call, scope: Scope) -> Request:
    """Make the request of an HTTP call."""
    try:
        call = HttpCall(
            verb.client,
            verb.method,
            build_path(_path(verb.path, scope)),
            build_query({name: fill_slot(each, scope) for name, each in verb.query}),
            build_body(_filled(verb.body, scope)),
        )
    except ValueError as error:
        raise ActionError(step.id, str(error)) from None
    request = http_request(step.id, call, verb.ok, step.timeout, show=step.shows)
    effect = request.effect if step.effect is Effect.READ else step.effect
    return replace(request, effect=effect, critical=_critical(step))


def _path(template: Template, scope: Scope) -> str:
    """A value is one part of the path, whatever is in it."""
    return "".join(
        part if isinstance(part, str) else quote_segment(scope.look_up(part))
        for part in template.parts
    )


def _filled(tree: object, scope: Scope) -> object:
    match tree:
        case JsonMap():
            return {name: _filled(each, scope) for name, each in tree.items}
        case tuple():
            return [_filled(each, scope) for each in tree]
        case Template():
            return _leaf(tree, scope)
        case _:
            return tree


def _leaf(template: Template, scope: Scope) -> object:
    """A leaf that is one parameter keeps its type: a number stays a number."""
    ref = _lone(template)
    if ref is not None and ref.root == "params" and ref.path in scope.values:
        value = scope.values.value(ref.path)
        if isinstance(value, int | float | tuple):
            return value
    return str(fill_slot(template, scope))


async def put_request_for(
    step: Step, verb: Put, door: Door, scope: Scope
) -> tuple[Request, Request]:
    """Make the request that replaces a file, and the one that gives the prior one back."""
    content = verb.content if verb.text is None else await _content(verb.text, door, scope)
    path = str(fill_slot(verb.dest, scope))
    try:
        request = put_request(step.id, content, path, verb.mode, door.run_id, step.sudo)
    except ValueError as error:
        raise ActionError(step.id, f"{path[:80]!r} {error}") from None
    request = replace(request, timeout=step.timeout, critical=_critical(step))
    return request, put_back_request(step.id, path, door.run_id, step.sudo)


def get_request_for(step: Step, verb: Get, scope: Scope) -> Request:
    """Make the request that fetches a file."""
    path = str(fill_slot(verb.src, scope))
    try:
        return get_request(step.id, path, step.sudo)
    except ValueError as error:
        raise ActionError(step.id, f"{path[:80]!r} {error}") from None


def seconds(template: Template, scope: Scope) -> float:
    """Read a duration, written out or a parameter (whose text is seconds)."""
    ref = _lone(template)
    if ref is not None:
        value = scope.values.value(ref.path) if ref.root == "params" else None
        if isinstance(value, int | float):
            return float(value)
    try:
        return parse_duration(fill_text(template, scope))
    except ValueError as error:
        raise ActionError("duration", str(error)) from None
