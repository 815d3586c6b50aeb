"""Serves an executable's files: fetched from the target, put onto it, kept with the run."""

import base64
import binascii
from collections.abc import Mapping
from typing import Final

from opsconsole.actions.api import Result
from opsconsole.actions.file_steps import get_request
from opsconsole.actions.protocol import Answer, Call, Data, ProtocolError, Serve, Tell, fit_text
from opsconsole.actions.secret import Secret
from opsconsole.actions.settlement import Settlement, Slots
from opsconsole.actions.steps import Door
from opsconsole.actions.wishes import ArtifactWish, GetWish, PutWish, read_wish
from opsconsole.errors import ActionError
from opsconsole.model.text import clean

_PIECE: Final = 384 * 1024
"""Bytes of a file in one line; base64 makes four of three."""
_FORMS: Final = ("text", "base64", "none")


class ServedFiles:
    """`ssh.get`, `ssh.put`, `artifact`."""

    def __init__(self, door: Door, slots: Slots, settled: Settlement) -> None:
        self._door = door
        self._slots = slots
        self._settled = settled
        self.calls: Mapping[str, Serve] = {
            "ssh.get": self._get,
            "ssh.put": self._put,
            "artifact": self._artifact,
        }

    async def _get(self, call: Call, tell: Tell) -> Answer:
        told = read_wish(call, GetWish)
        step, path = told.step or "get", self._slots.text(told.path)
        if told.form not in _FORMS:
            raise ProtocolError(f"ssh.get: as is {', '.join(_FORMS)}, not {clean(told.form, 40)!r}")

        async def fetch() -> Answer:
            try:
                request = get_request(step, path, told.sudo)
            except ValueError as error:
                raise ActionError(step, f"{clean(path, 80)!r} {error}") from None
            result = await self._door.execute(request)
            answer = self._settled.planned_or(call, result, lambda got: _fetched(got, told.form))
            if told.form == "base64" and answer["state"] == "done":
                await _tell_pieces(call, result.data, tell)
            return answer

        return await self._settled.of(call, fetch(), dict, may_fail=told.may_fail)

    async def _put(self, call: Call, _: Tell) -> Answer:
        told = read_wish(call, PutWish)
        path, content = self._slots.text(told.path), await self._content(told)
        done = self._door.ssh.put(content, path, mode=told.mode, step=told.step, sudo=told.sudo)
        return await self._settled.of_command(call, done, may_fail=told.may_fail)

    async def _content(self, told: PutWish) -> bytes | Secret:
        _one_of("ssh.put", told.text, told.base64, told.file, told.secret)
        if told.secret is not None:
            return await self._door.secret(told.secret)
        if told.file is None:
            return _bytes("ssh.put", told.text, told.base64)
        found = self._door.action.files.get(f"files/{told.file}")
        if found is None:
            raise ActionError(told.step or "put", f"the plugin has no files/{clean(told.file, 60)}")
        return found

    async def _artifact(self, call: Call, _: Tell) -> Answer:
        told = read_wish(call, ArtifactWish)
        _one_of("artifact", told.text, told.base64, told.of)
        if told.of is None:
            content = _bytes("artifact", told.text, told.base64)
        elif told.of in self._settled.answers:
            content = self._settled.answers[told.of].data
        else:
            raise ProtocolError("artifact: from names no call that was answered")
        kept = self._door.artifact(clean(told.name, 80), content)
        return await self._settled.of(
            call, kept, lambda _: {"state": "done", "size": len(content)}, may_fail=told.may_fail
        )


def _fetched(result: Result, form: str) -> Answer:
    """Say what was fetched; text that is none, or is too much for a line, is a failure and not a part of it."""
    said: Answer = {"state": "done", "size": len(result.data)}
    if form != "text":
        return said
    try:
        text, cut = fit_text(result.data.decode())
    except UnicodeDecodeError:
        raise ActionError("get", "is no UTF-8; say as: base64") from None
    if cut:
        raise ActionError("get", f"is {len(result.data)} bytes; say as: base64")
    return {**said, "text": text}


async def _tell_pieces(call: Call, data: bytes, tell: Tell) -> None:
    for start in range(0, len(data), _PIECE):
        piece = base64.b64encode(data[start : start + _PIECE]).decode()
        await tell(Data(call.id, piece))


def _one_of(what: str, *given: object) -> None:
    if sum(each is not None for each in given) != 1:
        raise ProtocolError(f"{what} takes exactly one content")


def _bytes(what: str, text: str | None, encoded: str | None) -> bytes:
    if text is not None:
        return text.encode()
    try:
        return base64.b64decode(encoded or "", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProtocolError(f"{what}: base64: {error}") from None
