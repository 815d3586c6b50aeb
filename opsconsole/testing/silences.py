"""The silences of the fleet's Alertmanager: made, extended and ended as its API v2 does it."""

import uuid
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from opsconsole.collect.silence_list import read_silences, write_silence
from opsconsole.errors import ParseError
from opsconsole.model.silence import Matcher, Silence, SilenceDraft
from opsconsole.query.matchers import matches
from opsconsole.testing.http_server import Reply

LIST: Final = "/api/v2/silences"
_ONE: Final = "/api/v2/silence/"
_JSON: Final = "application/json"


class FakeSilences:
    """One cluster's silences; every member has the same."""

    def __init__(self) -> None:
        self._kept: dict[str, Silence] = {}

    def make(self, labels: Mapping[str, str], author: str, comment: str, ends: float) -> None:
        """Silence what has these labels, from long ago on."""
        matchers = tuple(Matcher(name, "=", value) for name, value in labels.items())
        self._put(Silence(self._name(), "", matchers, 0.0, ends, author, comment))

    def hiding(self, labels: Mapping[str, str], now: float) -> list[str]:
        """Name the silences that hide an alert with these labels."""
        return [
            each.id
            for each in self._kept.values()
            if each.starts <= now < each.ends and matches(each.matchers, labels)
        ]

    def answer(self, now: float) -> Reply:
        """Give the list."""
        return Reply(200, msgspec.json.encode([_shown(s, now) for s in self._kept.values()]), _JSON)

    def change(self, method: str, path: str, body: bytes, now: float) -> Reply:
        """Answer a POST of one, or a DELETE."""
        if method == "DELETE" and path.startswith(_ONE):
            return self._end(path.removeprefix(_ONE), now)
        if method != "POST" or path != LIST:
            return Reply(405, b'"method not allowed"\n', _JSON)
        try:
            told = msgspec.json.decode(body, type=dict[str, object])
            old = self._kept.get(str(told.get("id", "")))
            told["id"] = self._name()
            (new,) = read_silences(msgspec.json.encode([told]), "")
        except (msgspec.DecodeError, ParseError):
            return Reply(400, b'"cannot be read"\n', _JSON)
        if new.ends <= now:
            return Reply(400, b'"invalid silence: end time can\'t be in the past"\n', _JSON)
        if old is not None and old.ends > now and old.matchers == new.matchers:
            new = replace(new, id=old.id)
        elif old is not None:
            self._end(old.id, now)
        self._put(new)
        return Reply(200, msgspec.json.encode({"silenceID": new.id}), _JSON)

    def _put(self, silence: Silence) -> None:
        self._kept[silence.id] = silence

    def _end(self, id: str, now: float) -> Reply:
        if id not in self._kept:
            return Reply(404, b'"silence not found"\n', _JSON)
        self._put(replace(self._kept[id], ends=min(now, self._kept[id].ends)))
        return Reply(200, b"", _JSON)

    def _name(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"silence {len(self._kept)}"))


def _shown(silence: Silence, now: float) -> object:
    draft = SilenceDraft("", silence.matchers, 0.0, silence.comment)
    written = write_silence(
        draft, author=silence.author, starts=silence.starts, ends=silence.ends, id=silence.id
    )
    state = "expired" if silence.ends <= now else "pending" if silence.starts > now else "active"
    told = msgspec.json.decode(written, type=dict[str, object])
    return {**told, "updatedAt": told["startsAt"], "status": {"state": state}}
