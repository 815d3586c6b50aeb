"""Ask a name server one question (RFC 1035); every failure is an answer."""

import asyncio
from typing import Final

from opsconsole.clock import Clock
from opsconsole.errors import TransportError
from opsconsole.model.text import LABEL_LIMIT, clean
from opsconsole.transport.http_answer import DnsAnswer, DnsQuestion, HttpFault
from opsconsole.transport.http_faults import judge
from opsconsole.transport.resolver import Resolver

_PORT: Final = 53
_MOST_ANSWERS: Final = 50


async def ask(clock: Clock, resolver: Resolver, question: DnsQuestion, timeout: float) -> DnsAnswer:
    """Ask by UDP, and by TCP when the answer was cut.

    Args:
        clock: For the time it took.
        resolver: For a server that is given by name.
        question: What to ask, and whom.
        timeout: Seconds for all of it.
    """
    import dns.asyncquery  # loaded by the first dns check only
    import dns.exception
    import dns.message

    began = clock.monotonic()
    server, port = "", _PORT
    try:
        async with asyncio.timeout(timeout):
            server, port = await _server(resolver, question.server)
            query = dns.message.make_query(question.name, question.record)
            reply, _ = await dns.asyncquery.udp_with_fallback(query, server, timeout, port)
    except TransportError as error:
        return DnsAnswer(fault=HttpFault.DNS, reason=error.reason, server=question.server)
    except (TimeoutError, dns.exception.Timeout):
        who = server or question.server or "the name server"
        fault, reason = HttpFault.TIMEOUT, f"{who} did not answer in {timeout:g} s"
    except (dns.exception.DNSException, OSError, EOFError, ValueError) as error:
        word = judge(error, timeout, "connect")
        fault, reason = word.word, f"{server or question.server or 'name server'}: {word.reason}"
    else:
        return _read(reply, question, server, clock.monotonic() - began)
    took = clock.monotonic() - began
    return DnsAnswer(took=took, server=server, fault=fault, reason=reason)


async def _server(resolver: Resolver, wanted: str) -> tuple[str, int]:
    if not wanted:
        return await asyncio.to_thread(_system_server), _PORT
    host, port = split_server(wanted)
    return (await resolver.resolve(host))[0], port


def _system_server() -> str:
    """Read the first name server of resolv.conf(5); blocks.

    Raises:
        OSError: There is none.
    """
    import dns.resolver

    try:
        found = dns.resolver.Resolver().nameservers
    except dns.resolver.NoResolverConfiguration as error:
        raise OSError(str(error)) from error
    if not found or not isinstance(found[0], str):
        raise OSError("no name server in resolv.conf")
    return found[0]


def split_server(text: str) -> tuple[str, int]:
    """Take `192.0.2.53`, `ns1:5353` or `[2001:db8::53]:53` apart."""
    if text.count(":") > 1 and not text.startswith("["):
        return text, _PORT
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        return text.strip("[]"), _PORT
    return host.strip("[]"), int(port)


def _read(reply: object, question: DnsQuestion, server: str, took: float) -> DnsAnswer:
    import dns.message
    import dns.rcode
    import dns.rdatatype

    assert isinstance(reply, dns.message.Message)
    wanted = dns.rdatatype.from_text(question.record)
    found = [rows for rows in reply.answer if rows.rdtype == wanted]
    values = [clean(each.to_text(), LABEL_LIMIT) for rows in found for each in rows]
    return DnsAnswer(
        rcode=dns.rcode.to_text(reply.rcode()),
        answers=tuple(sorted(values)[:_MOST_ANSWERS]),
        ttl=float(min((rows.ttl for rows in found), default=0)) if found else None,
        took=took,
        server=server,
    )
