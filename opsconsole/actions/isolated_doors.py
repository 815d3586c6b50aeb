"""The doors of `ctx` over the pipe of an isolated plugin: hosts, HTTP clients, the jump host, the cache."""

import base64
from collections.abc import Sequence

from opsconsole.actions.isolated import Answered, Following, Pipe, PlanStop, Told
from opsconsole.actions.secret import Secret, reveal

Argv = Sequence[str | int]


def _words(argv: Argv) -> list[str | int]:
    if isinstance(argv, str | bytes):
        raise TypeError("a command is a list of arguments, never a line")
    return [*argv]


def _stdin(given: object) -> str:
    if isinstance(given, Secret):
        return reveal(given)
    return given.decode("utf-8", "surrogateescape") if isinstance(given, bytes) else ""


class PipeSsh:
    """`ctx.ssh`."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self.critical = ""
        """Why an interrupt waits for the writes that follow; empty: it does not."""

    async def read(self, argv: Argv, **told: object) -> Answered:
        """Run a command that changes nothing; see `actions.api.Ssh`."""
        return await self._run("ssh.read", argv, told)

    async def write(self, argv: Argv, **told: object) -> Answered:
        """Run a command that changes something; see `actions.api.Ssh`."""
        return await self._run("ssh.write", argv, {**told, "critical": self.critical})

    async def _run(self, method: str, argv: Argv, told: Told) -> Answered:
        words = _words(argv)
        p = {**told, "argv": words, "stdin": _stdin(told.get("stdin"))}
        return Answered(*await self._pipe.call(method, p, str(told.get("step") or words[0])))

    async def script(self, name: str, args: Argv = (), **told: object) -> Answered:
        """Run a file of the plugin's `scripts/`; see `actions.api.Ssh`."""
        p = {**told, "name": name, "args": _words(args)}
        return Answered(*await self._pipe.call("ssh.script", p, str(told.get("step") or name)))

    def stream(self, argv: Argv, **told: object) -> Following:
        """Run a reading command and give its lines as they come; see `actions.api.Ssh`."""
        words = _words(argv)
        step = str(told.get("step") or words[0])
        return self._pipe.follow("ssh.stream", {**told, "argv": words}, step)

    async def get(self, path: str, *, step: str = "", sudo: str | None = None) -> bytes:
        """Read a file; see `actions.api.Ssh`."""
        p: Told = {"path": path, "step": step, "sudo": sudo, "as": "base64"}
        call, told = await self._pipe.call("ssh.get", p, step or "get")
        if told["state"] == "planned":
            raise PlanStop(call)
        pieces = told.get("pieces")
        return b"".join(base64.b64decode(str(each)) for each in _list(pieces))

    async def put(
        self,
        content: str | bytes | Secret,
        path: str,
        *,
        mode: str = "0644",
        step: str = "",
        sudo: str | None = None,
    ) -> Answered:
        """Replace a file as a whole, 700 KiB at most; see `actions.api.Ssh`."""
        p: Told = {"path": path, "mode": mode, "step": step, "sudo": sudo}
        if isinstance(content, Secret):
            p["secret"] = content.name
        else:
            p |= as_base64(content.encode() if isinstance(content, str) else content)
        return Answered(*await self._pipe.call("ssh.put", p, step or "put"))


def as_base64(content: bytes) -> Told:
    """Say bytes in a line."""
    return {"base64": base64.b64encode(content).decode()}


def _list(given: object) -> Sequence[object]:
    return given if isinstance(given, list) else ()


class PipeLocal:
    """`ctx.local`."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    async def run(self, argv: Argv, **told: object) -> Answered:
        """Run a command on the machine of the engine; see `actions.api.Local`."""
        words = _words(argv)
        p = {**told, "argv": words, "stdin": _stdin(told.get("stdin"))}
        return Answered(*await self._pipe.call("local.run", p, str(told.get("step") or words[0])))


class PipeHttp:
    """`ctx.http`."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def __getattr__(self, name: str) -> "PipeClient":
        if name.startswith("__"):
            raise AttributeError(name)
        return PipeClient(self._pipe, name)

    def __getitem__(self, name: str) -> "PipeClient":
        return PipeClient(self._pipe, name)


class PipeClient:
    """`ctx.http.<client>`."""

    def __init__(self, pipe: Pipe, client: str) -> None:
        self._pipe = pipe
        self._client = client

    async def get(self, path: str | Argv, **told: object) -> Answered:
        """Ask; see `actions.api.HttpClient`."""
        return await self._send("get", path, told)

    async def post(self, path: str | Argv, **told: object) -> Answered:
        """Change something."""
        return await self._send("post", path, told)

    async def put(self, path: str | Argv, **told: object) -> Answered:
        """Change something."""
        return await self._send("put", path, told)

    async def patch(self, path: str | Argv, **told: object) -> Answered:
        """Change something."""
        return await self._send("patch", path, told)

    async def delete(self, path: str | Argv, **told: object) -> Answered:
        """Change something."""
        return await self._send("delete", path, told)

    async def _send(self, verb: str, path: str | Argv, told: Told) -> Answered:
        p = {**told, "path": path if isinstance(path, str) else [*path]}
        step = str(told.get("step") or f"{verb}-{self._client}")
        return Answered(*await self._pipe.call(f"http.{self._client}.{verb}", p, step))


class PipeCache:
    """`ctx.cache`."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    async def get(self, key: str) -> object:
        """Give a value; None: there is none."""
        return (await self._pipe.call("cache.get", {"key": key}))[1].get("value")

    async def put(self, key: str, value: object) -> None:
        """Keep a value; None forgets it."""
        await self._pipe.call("cache.put", {"key": key, "value": value})
