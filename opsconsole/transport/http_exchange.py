"""Exchanges over httpx: one small client an endpoint, for a shared pool costs O(connections) a request."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Final

import httpx

from opsconsole.clock import Clock
from opsconsole.errors import TransportError
from opsconsole.model.text import LABEL_LIMIT, clean
from opsconsole.transport import probes
from opsconsole.transport.certificates import facts_of
from opsconsole.transport.http_answer import Endpoint, HttpAnswer, HttpFault
from opsconsole.transport.http_body import ACCEPTED, read_body
from opsconsole.transport.http_faults import Fault, judge
from opsconsole.transport.http_phases import Phases
from opsconsole.transport.resolver import ADDRESSES_TRIED, Resolver

_KEPT_FOR: Final = 120.0
_POOL_SHARE: Final = 0.7
_HEADERS_SHOWN: Final = 100
_LIMITS: Final = httpx.Limits(
    max_connections=2, max_keepalive_connections=1, keepalive_expiry=_KEPT_FOR
)

Trust = tuple[str | None, str | None, str | None]
"""Files of the authority, our certificate and its key."""
_Key = tuple[str, Trust]


class Exchanges:
    """Keeps a small client with 1 or 2 connections for each endpoint.

    Args:
        clock: Where time comes from.
        resolver: Finds addresses.
        context: Gives a TLS context for files; raises SSLError when one cannot be read.
    """

    def __init__(
        self,
        clock: Clock,
        resolver: Resolver,
        context: Callable[[Trust], Awaitable[ssl.SSLContext]],
    ) -> None:
        self._clock = clock
        self._resolver = resolver
        self._context = context
        self._clients: dict[_Key, httpx.AsyncHTTPTransport] = {}
        self._plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        """For endpoints without TLS: a client wants one, and an empty one costs nothing."""

    async def fetch(self, endpoint: Endpoint) -> HttpAnswer:
        """Ask once; redirects are shown and not followed, encodings other than identity refused."""
        began = self._clock.monotonic()
        phases = Phases(self._clock)
        try:
            async with asyncio.timeout(endpoint.timeout):
                return await self._ask(endpoint, phases)
        except TransportError as error:
            fault = Fault(HttpFault.DNS, error.reason)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            is_late = isinstance(error, httpx.TimeoutException)
            fault = judge(TimeoutError() if is_late else error, endpoint.timeout, phases.name)
        finally:
            await phases.close_half_open()
        expiry = await self._refused_certificate(endpoint, fault, began)
        return HttpAnswer(
            phases=phases.seconds(),
            took=self._clock.monotonic() - began,
            cert_expires_at=expiry,
            fault=fault.word,
            reason=fault.reason,
            sent=phases.is_sending,
        )

    async def _ask(self, endpoint: Endpoint, phases: Phases) -> HttpAnswer:
        url = httpx.URL(endpoint.url)
        if url.scheme not in ("http", "https") or not url.host:
            raise httpx.UnsupportedProtocol(f"not an http or https address: {endpoint.url}")
        phases.begin("dns")
        addresses = await self._resolver.resolve(url.host)
        phases.end("dns")
        client = await self._client(url, (endpoint.ca, endpoint.cert, endpoint.key))
        *others, last = addresses[:ADDRESSES_TRIED]
        for address in others:
            try:
                return await self._exchange_twice(client, endpoint, url, address, phases)
            except httpx.ConnectError:
                if phases.name != "connect":
                    raise
        return await self._exchange_twice(client, endpoint, url, last, phases)

    async def _exchange_twice(
        self,
        client: httpx.AsyncHTTPTransport,
        endpoint: Endpoint,
        url: httpx.URL,
        address: str,
        phases: Phases,
    ) -> HttpAnswer:
        """Ask; once more when a kept connection turns out to be closed: that says nothing of the server."""
        try:
            return await self._exchange(client, endpoint, url, address, phases)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            if phases.is_fresh or endpoint.method not in ("GET", "HEAD"):
                raise
        return await self._exchange(client, endpoint, url, address, phases)

    async def _client(self, url: httpx.URL, trust: Trust) -> httpx.AsyncHTTPTransport:
        key = (f"{url.scheme}://{url.netloc.decode('ascii')}", trust)
        if key not in self._clients:
            context = await self._context(trust) if url.scheme == "https" else self._plain
            self._clients.setdefault(
                key, httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=_LIMITS)
            )
        return self._clients[key]

    async def _exchange(
        self,
        client: httpx.AsyncHTTPTransport,
        endpoint: Endpoint,
        url: httpx.URL,
        address: str,
        phases: Phases,
    ) -> HttpAnswer:
        request = _request(endpoint, url, address, phases)
        response = await client.handle_async_request(request)
        try:
            phases.end("first_byte")
            body, fault = await read_body(response, endpoint.max_body, gzip=endpoint.gzip)
            phases.end("transfer")
            facts = facts_of(response.extensions.get("network_stream"))
        finally:
            await response.aclose()
        location = response.headers.get("location", "") if response.is_redirect else ""
        return HttpAnswer(
            status=response.status_code,
            headers={
                name.lower(): clean(value, LABEL_LIMIT)
                for name, value in reversed(response.headers.multi_items()[:_HEADERS_SHOWN])
            },
            body=body,
            phases=phases.seconds(),
            took=phases.took,
            cert_expires_at=facts.expires_at if facts else None,
            cert=facts,
            fault=fault.word if fault else None,
            reason=fault.reason if fault else "",
            ip=address,
            redirect=clean(location, LABEL_LIMIT),
        )

    async def _refused_certificate(
        self, endpoint: Endpoint, fault: Fault, began: float
    ) -> float | None:
        """When we refused a certificate, look at its end date in what is left of the time."""
        left = endpoint.timeout - (self._clock.monotonic() - began)
        if not fault.is_certificate or left <= 0:
            return None
        url = httpx.URL(endpoint.url)
        return await probes.look_at_certificate(self._resolver, url.host, url.port or 443, left)

    async def close(self) -> None:
        """Close every kept connection."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.aclose()


def _request(endpoint: Endpoint, url: httpx.URL, address: str, phases: Phases) -> httpx.Request:
    seconds = endpoint.timeout
    headers = {
        "host": url.netloc.decode("ascii"),
        "user-agent": "opsconsole",
        "accept": "*/*",
        "accept-encoding": ACCEPTED[endpoint.gzip],
    } | {name.lower(): value for name, value in endpoint.headers.items()}
    headers |= {name.lower(): secret.reveal() for name, secret in endpoint.hidden.items()}
    return httpx.Request(
        endpoint.method,
        url.copy_with(host=address),
        headers=headers,
        content=endpoint.body or None,
        extensions={
            "trace": phases.trace,
            "sni_hostname": url.host,
            "timeout": {
                "connect": seconds,
                "read": seconds,
                "write": seconds,
                # shorter than the total time, so that our own full pool is not blamed on the target
                "pool": seconds * _POOL_SHARE,
            },
        },
    )
