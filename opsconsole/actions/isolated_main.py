"""The process of an isolated plugin: one invocation, from hello to outcome."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import msgspec

from opsconsole.actions.api import API, Host, Outcome, Service
from opsconsole.actions.argv import Given
from opsconsole.actions.grammars import Parsed
from opsconsole.actions.isolated import Pipe, PlanStop
from opsconsole.actions.isolated_ctx import PipeCtx
from opsconsole.actions.loader import contain
from opsconsole.actions.manifest import MANIFEST, Manifest, read_manifest
from opsconsole.actions.params import Values
from opsconsole.actions.python_action import make_action
from opsconsole.actions.python_plugin import Code, PythonCode
from opsconsole.actions.steps import Target
from opsconsole.errors import OpsConsoleError


def main() -> None:
    """Serve one invocation; whatever the plugin prints goes to stderr, which is a log."""
    folder, module = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    pipe = Pipe(sys.stdin.buffer, out)
    manifest = read_manifest((folder / MANIFEST).read_text(), str(folder / MANIFEST))
    pipe.hear()
    pipe.say(op="hello", api=API, plugin=manifest.id, version=manifest.version)
    invoke = pipe.hear()
    pipe.say(
        op="outcome", id=invoke["id"], **asyncio.run(_serve(pipe, invoke, manifest, folder, module))
    )


async def _serve(
    pipe: Pipe, invoke: dict[str, Any], manifest: Manifest, folder: Path, module: str
) -> dict[str, object]:
    code = _code(manifest, folder, module)
    try:
        answer = await _call(pipe, invoke, manifest, code)
    except PlanStop as stop:
        return {"state": "cannot-tell", "from": stop.call}
    except OpsConsoleError as error:
        if pipe.failed is not None and pipe.failed[1] is error:
            return {"state": "failed", "from": pipe.failed[0], "summary": str(error)}
        return {"state": "failed", "summary": str(error)}
    kind = invoke.get("kind", "action")
    if kind == "action":
        outcome = answer if isinstance(answer, Outcome) else Outcome("done")
        return {"state": outcome.state, "summary": outcome.summary}
    data: Any = msgspec.to_builtins(answer, enc_hook=str)
    if kind in ("check", "gate"):
        said = {"state": data["state"], "summary": data["summary"]}
        return {**said, "data": data["perfdata"]}
    key = {"inventory": "hosts", "alert_source": "alerts"}.get(kind, "")
    return {"state": "done", "data": {key: data} if key else data}


async def _call(pipe: Pipe, invoke: dict[str, Any], manifest: Manifest, code: Code) -> object:
    ctx, target = PipeCtx(pipe, invoke), _target(invoke["target"])
    name, params = invoke["action"].partition(".")[2], invoke.get("params", {})
    kind = invoke.get("kind", "action")
    if kind == "action":
        action = make_action(code.actions[name], manifest.id, "", b"")
        values = Values({key: Parsed(str(value), _given(value)) for key, value in params.items()})
        door: Any = ctx
        return await action.impl.run(door, target, values)
    function: Any = code.others[kind, name].function
    match kind:
        case "collector":
            return await function(ctx, target)
        case "check" | "gate":
            return await function(ctx, target, params)
        case "notifier" | "secret":
            return await function(ctx, params.get("given"))
        case _:
            return await function(ctx)


def _given(value: Any) -> Any:  # noqa: ANN401 - a parameter of any type
    if isinstance(value, list):
        return tuple(value)
    return Given(value) if isinstance(value, str) else value


def _target(told: dict[str, Any]) -> Target:
    labels = {key: Given(value) for key, value in told.get("labels", {}).items()}
    if told.get("kind") == "service":
        hosts = tuple(Host(name) for name in told.get("hosts", ()))
        return Service(told["name"], labels, hosts)
    facts = {key: Given(value) for key, value in told.get("facts", {}).items()}
    return Host(told["name"], told.get("address", ""), labels, facts)


def _code(manifest: Manifest, folder: Path, module: str) -> Code:
    """Run the code here and now: the engine's own time limit ends this process."""
    paths = [] if module else sorted(folder.glob("actions/*.py"))
    files = [(path, path.read_bytes()) for path in paths if path.name != "__init__.py"]
    return PythonCode(manifest.id, files, module, contain).load()


if __name__ == "__main__":
    main()
