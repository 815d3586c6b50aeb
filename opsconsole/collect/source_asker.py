"""Asks the HTTP API of an alert source with the credentials and trust that its configuration says."""

import hashlib
from typing import Final

from opsconsole.collect.asker import Asker
from opsconsole.collect.credentials import Credentials
from opsconsole.model.inventory import AlertSource
from opsconsole.transport.http_answer import Endpoint, HttpAnswer

BODY_LIMIT: Final = 48 << 20
"""Bytes; 10,000 alerts of an Alertmanager are 7 MB, never compressed."""


class SourceAsker:
    """Asks the members of one source's members."""

    def __init__(
        self, source: AlertSource, timeout: float, http: Asker, credentials: Credentials
    ) -> None:
        self.source = source
        self._timeout = timeout
        self._http = http
        self._credentials = credentials

    async def get(self, base: str, path: str) -> HttpAnswer:
        """Ask for a path below a member's base URL; every failure is an answer."""
        return await self.ask(f"{base.rstrip('/')}{path}")

    async def ask(self, url: str, method: str = "GET", body: bytes = b"") -> HttpAnswer:
        """Ask one URL of it; a body is JSON."""
        source = self.source
        return await self._http.fetch(
            Endpoint(
                url, method=method, body=body, timeout=self._timeout, ca=source.ca, cert=source.cert,
                key=source.key, max_body=BODY_LIMIT, gzip=True,
                headers={"Content-Type": "application/json"} if body else {},
                hidden=await self._credentials.of_source(source),
            )
        )  # fmt: skip


def digest_of(body: bytes) -> bytes:
    """Sum a body up, to see whether it is the same as last time: 3 ms for 1.8 MB, reading it takes 30."""
    return hashlib.blake2b(body, digest_size=16).digest()
