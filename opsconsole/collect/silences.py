"""Reads and changes the silences of one Alertmanager cluster: on one member, which tells the others.

What is posted to two members becomes two silences, so a second member is tried only where the first one
certainly got nothing. A write whose answer was not seen is looked for in the list before anything is said.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from urllib.parse import quote

from msgspec.structs import replace

from opsconsole.clock import Clock
from opsconsole.collect.member import clock_of
from opsconsole.collect.silence_list import read_made, read_silences, write_silence
from opsconsole.errors import OutcomeUnknownError, ParseError, RefusedError, TransportError
from opsconsole.model.inventory import AlertSource
from opsconsole.model.silence import Matcher, Silence, SilenceDraft
from opsconsole.model.states import Reach
from opsconsole.model.text import MESSAGE_LIMIT, clean
from opsconsole.query.matchers import write_matcher
from opsconsole.transport.http_answer import HttpAnswer, HttpFault

AskSource = Callable[[AlertSource, str, str, bytes], Awaitable[HttpAnswer]]
"""Asks one URL of a source with its credentials: source, URL, method, body."""
_NOT_SENT: Final = (
    HttpFault.REFUSED, HttpFault.DNS, HttpFault.NO_ANSWER, HttpFault.BUSY, HttpFault.TLS,
    HttpFault.TLS_EXPIRED, HttpFault.TLS_SELF_SIGNED, HttpFault.TLS_UNTRUSTED, HttpFault.TLS_WRONG_NAME,
)  # fmt: skip
"""Faults that come before the first byte of a request: another member may be asked."""


class SilenceDesk:
    """The silences of one source."""

    def __init__(self, source: AlertSource, ask: AskSource, clock: Clock) -> None:
        self._source = source
        self._ask = ask
        self._clock = clock
        self._ahead = 0.0
        """Seconds the source's clock is ahead of ours: ends are told in its time."""

    async def list(self) -> tuple[Silence, ...]:
        """Read every silence, expired ones included.

        Raises:
            TransportError: No member answers.
            ParseError: The answer is none of Alertmanager's.
        """
        answer = await self._read("/api/v2/silences")
        self._note_clock(answer)
        return read_silences(answer.body, self._source.name)

    async def count(self, matchers: Sequence[Matcher]) -> int:
        """Ask the source how many of its alerts the matchers mean; its own patterns decide.

        Raises:
            TransportError: No member answers.
        """
        filters = "&".join(f"filter={quote(write_matcher(each), safe='')}" for each in matchers)
        answer = await self._read(f"/api/v2/alerts?silenced=true&inhibited=true&{filters}")
        return answer.body.count(b'"fingerprint":')

    async def put(self, draft: SilenceDraft, actor: str, old: Silence | None) -> str:
        """Make a silence, or change one.

        Args:
            draft: What is wanted.
            actor: The author of a new or changed one.
            old: The silence that it replaces; with the same matchers and comment it is extended in place
                from its own end, and its author stays.

        Returns:
            Its id.

        Raises:
            RefusedError: The source said no, in its words.
            OutcomeUnknownError: It may have been made; nobody answers who could say.
            TransportError: Nobody could be asked; nothing was made.
        """
        known = {each.id for each in await self.list()}  # also tells the source's time
        now = self._clock.now() + self._ahead
        if old is not None and old.state != "expired" and old.matchers == draft.matchers:
            is_same = draft.comment == old.comment
            ends = old.ends + draft.seconds if is_same else now + draft.seconds
            author = old.author if is_same else actor
            body = write_silence(draft, author=author, starts=old.starts, ends=ends, id=old.id)
        else:
            starts = now if draft.starts is None else draft.starts + self._ahead
            ends, author = starts + draft.seconds, actor
            body = write_silence(
                draft, author=actor, starts=starts, ends=ends, id=old.id if old else ""
            )
        made = replace(_drafted(draft, self._source.name, author), ends=ends)
        return await self._post(body, made, known)

    async def expire(self, id: str) -> None:
        """End a silence now; one that has ended stays so.

        Raises:
            RefusedError: The source does not know it.
            OutcomeUnknownError: It may have ended; nobody answers who could say.
            TransportError: Nobody could be asked.
        """
        path = f"/api/v2/silence/{quote(id, safe='')}"
        answer = await self._write(path, "DELETE", b"")
        if answer.status == 200:
            return
        if answer.status is not None:
            raise RefusedError("silence", _said(answer))
        if not any(each.id == id and each.state != "expired" for each in await self._looked()):
            return
        raise OutcomeUnknownError("silence", f"{id}: no answer, and it is still there")

    async def _post(self, body: bytes, wanted: Silence, known: set[str]) -> str:
        answer = await self._write("/api/v2/silences", "POST", body)
        if answer.status == 200:
            return read_made(answer.body)
        if answer.status is not None:
            raise RefusedError("silence", _said(answer))
        for each in await self._looked():
            if _is_it(each, wanted) and each.id not in known:
                return each.id
        raise OutcomeUnknownError(
            "silence", f"no answer ({answer.reason}), and it is not in the list"
        )

    async def _looked(self) -> tuple[Silence, ...]:
        try:
            return await self.list()
        except (TransportError, ParseError) as error:
            raise OutcomeUnknownError(
                "silence", f"no answer, nor to a second look: {error}"
            ) from error

    async def _write(self, path: str, method: str, body: bytes) -> HttpAnswer:
        """Send a change to the first member that takes it."""
        answer = HttpAnswer(reason="it has no members")
        for url in self._source.urls:
            answer = await self._ask(self._source, url.rstrip("/") + path, method, body)
            if answer.fault not in _NOT_SENT:
                return answer
        raise TransportError(self._source.name, Reach.NO_ANSWER, answer.reason or "no answer")

    async def _read(self, path: str) -> HttpAnswer:
        reason = "it has no members"
        for url in self._source.urls:
            answer = await self._ask(self._source, url.rstrip("/") + path, "GET", b"")
            if answer.status == 200:
                return answer
            reason = answer.reason or f"status {answer.status}"
        raise TransportError(self._source.name, Reach.NO_ANSWER, reason)

    def _note_clock(self, answer: HttpAnswer) -> None:
        if theirs := clock_of(answer):
            ahead = theirs - self._clock.now()
            self._ahead = ahead if abs(ahead) > 1.5 else 0.0  # the header has whole seconds


def _drafted(draft: SilenceDraft, source: str, author: str) -> Silence:
    return Silence(draft.id, source, draft.matchers, 0.0, 0.0, author, draft.comment)


def _is_it(one: Silence, wanted: Silence) -> bool:
    same = set(one.matchers) == set(wanted.matchers) and one.comment == wanted.comment
    return same and abs(one.ends - wanted.ends) < 1.0 and one.state != "expired"


def _said(answer: HttpAnswer) -> str:
    """Say what a source answered: a JSON string, an object with a message, or nothing."""
    words = clean(answer.body[:MESSAGE_LIMIT].strip().strip(b'"'), MESSAGE_LIMIT)
    return f"status {answer.status}: {words}" if words else f"status {answer.status}"
