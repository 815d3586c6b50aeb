"""`ctx.http`: what an author says becomes one request a call."""

from collections.abc import Mapping, Sequence
from typing import TypedDict, Unpack

from opsconsole.actions.doors import Result
from opsconsole.actions.http_path import build_body, build_path, build_query, http_request
from opsconsole.actions.steps import Door, HttpCall
from opsconsole.errors import ActionError
from opsconsole.model.text import NAME_LIMIT, clean

Path = str | Sequence[str | int]


class Told(TypedDict, total=False):
    """What every verb takes beside its path; see `actions.doors.HttpClient`."""

    query: Mapping[str, str | int] | None
    step: str
    ok: Sequence[int]
    timeout: float | None
    show: bool


class HttpDoor:
    """`ctx.http`."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def __getattr__(self, name: str) -> "ClientDoor":
        if name.startswith("__"):
            raise AttributeError(name)
        return ClientDoor(self._door, name)

    def __getitem__(self, name: str) -> "ClientDoor":
        return ClientDoor(self._door, name)


class ClientDoor:
    """`ctx.http.<client>`: `get` asks, every other verb changes something."""

    def __init__(self, door: Door, client: str) -> None:
        self._door = door
        self._client = client

    async def get(self, path: Path, **told: Unpack[Told]) -> Result:
        """Ask."""
        return await self._send("GET", path, None, **told)

    async def post(self, path: Path, *, json: object = None, **told: Unpack[Told]) -> Result:
        """Change something."""
        return await self._send("POST", path, json, **told)

    async def put(self, path: Path, *, json: object = None, **told: Unpack[Told]) -> Result:
        """Change something."""
        return await self._send("PUT", path, json, **told)

    async def patch(self, path: Path, *, json: object = None, **told: Unpack[Told]) -> Result:
        """Change something."""
        return await self._send("PATCH", path, json, **told)

    async def delete(self, path: Path, **told: Unpack[Told]) -> Result:
        """Change something."""
        return await self._send("DELETE", path, None, **told)

    async def _send(
        self,
        method: str,
        path: Path,
        json: object,
        *,
        query: Mapping[str, str | int] | None = None,
        step: str = "",
        ok: Sequence[int] = (),
        timeout: float | None = None,
        show: bool = False,
    ) -> Result:
        name = clean(step or f"{method.lower()}-{self._client}", NAME_LIMIT)
        try:
            call = HttpCall(
                self._client, method, build_path(path), build_query(query), build_body(json)
            )
        except ValueError as error:
            raise ActionError(name, str(error)) from None
        return await self._door.execute(http_request(name, call, ok, timeout, show=show))
