"""The choke point for secrets: everything that hosts and clients say passes here before anybody sees it."""

import base64
import re
from typing import Final
from urllib.parse import quote

from msgspec.structs import replace

from opsconsole.transport.base import Answer

MASK: Final = "‹secret›"
_SHORTEST: Final = 4
"""Characters: a shorter value would mask half of what is said, and is no secret anyway."""


class Redactor:
    """Knows the secrets of one run; masks them, also encoded for a URL, as base64, and in lines of their own."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._text: re.Pattern[str] | None = None
        self._bytes: re.Pattern[bytes] | None = None

    def add(self, value: str) -> None:
        """Mask a value from here on."""
        for line in {value, *value.splitlines()}:
            line = line.strip()
            if len(line) >= _SHORTEST:
                encoded = base64.b64encode(line.encode()).decode()
                self._forms |= {line, quote(line, safe=""), encoded, encoded.rstrip("=")}
        if self._forms:
            longest_first = sorted(self._forms, key=len, reverse=True)
            self._text = re.compile("|".join(map(re.escape, longest_first)))
            self._bytes = re.compile(b"|".join(re.escape(form.encode()) for form in longest_first))

    def text(self, text: str) -> str:
        """Mask a text."""
        return text if self._text is None else self._text.sub(MASK, text)

    def content(self, content: bytes) -> bytes:
        """Mask bytes."""
        return content if self._bytes is None else self._bytes.sub(MASK.encode(), content)

    def line(self, line: str | bytes) -> str | bytes:
        """Mask a line, whatever it is made of."""
        return self.text(line) if isinstance(line, str) else self.content(line)

    def words(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """Mask an argument list."""
        return words if self._text is None else tuple(map(self.text, words))

    def answer(self, answer: Answer) -> Answer:
        """Mask all that an answer says."""
        if self._text is None:
            return answer
        return replace(
            answer,
            stdout=self.content(answer.stdout),
            stderr=self.content(answer.stderr),
            reason=self.text(answer.reason),
        )
