"""Asks from a host over SSH, by what that host has: curl, bash or nc, openssl, dig, ping.

What cannot be asked there is our trouble and not the target's: a missing tool, a host out of reach.
"""

import ipaddress
import re
import secrets
from typing import Final

from msgspec.structs import replace

from opsconsole.collect import via_scripts
from opsconsole.collect.via_http import curl_config, read_curl
from opsconsole.errors import ParseError
from opsconsole.model.inventory import Host
from opsconsole.model.text import LABEL_LIMIT, clean
from opsconsole.parsers.dig import parse_dig
from opsconsole.parsers.ping import parse_ping
from opsconsole.transport.base import Answer, Command, Ending, Remote
from opsconsole.transport.certificates import facts_of_pem
from opsconsole.transport.dns_probe import split_server
from opsconsole.transport.http_answer import (
    DnsAnswer,
    DnsQuestion,
    Endpoint,
    HttpAnswer,
    HttpFault,
    PingAnswer,
    ProbeAnswer,
)
from opsconsole.transport.probes import split_target

_MARGIN: Final = 2.0
"""Seconds the command may take longer than what it asks: the tool's own limit speaks first."""
_NO_TOOL: Final = 127
_LATE: Final = (124, 137)
"""Exit of timeout(1)."""
_OUTPUT: Final = 512 * 1024
_TIMED: Final = re.compile(rb"\x1e (\d{19}) (\d{19})\n?\Z")
_VERIFY: Final = re.compile(rb"Verify return code: (\d+) \(([^)\n]{0,200})\)")
_TLS_FAULTS: Final = {
    10: HttpFault.TLS_EXPIRED,
    18: HttpFault.TLS_SELF_SIGNED,
    19: HttpFault.TLS_SELF_SIGNED,
    62: HttpFault.TLS_WRONG_NAME,
    64: HttpFault.TLS_WRONG_NAME,
}
"""X509_V_ERR_* of openssl's x509_vfy.h."""
_UNKNOWN_NAME: Final = (
    b"not known", b"resolve", b"nodename nor servname", b"bad address", b"no address", b"unknown host",
)  # fmt: skip


_PLAIN: Final = (b"wrong version number", b"packet length too long", b"record layer failure")


class ViaAsker:
    """An `Asker` that lets a host ask."""

    def __init__(self, remote: Remote, host: Host) -> None:
        self._remote = remote
        self._host = host

    async def fetch(self, endpoint: Endpoint) -> HttpAnswer:
        """Ask by curl; a certificate's facts come with curl 7.88 and newer."""
        mark = secrets.token_hex(8)
        try:
            config = curl_config(endpoint, mark)
        except ValueError as error:
            return HttpAnswer(fault=HttpFault.BAD_REPLY, reason=str(error))
        answer = await self._run("curl", via_scripts.HTTP, (), endpoint.timeout, config.encode())
        if trouble := self._trouble("curl", answer):
            return HttpAnswer(fault=trouble[0], reason=trouble[1])
        return read_curl(answer, mark, endpoint.timeout)

    async def probe_tcp(self, target: str, *, timeout: float) -> ProbeAnswer:
        """Connect by bash's /dev/tcp or nc."""
        host, port = split_target(target)
        args = (host, str(port), _whole(timeout))
        answer = await self._run("bash", via_scripts.TCP, args, timeout)
        if trouble := self._trouble("bash or nc", answer):
            return ProbeAnswer(fault=trouble[0], reason=trouble[1])
        return _connected(answer, timeout)

    async def probe_ssh(self, target: str, *, timeout: float) -> ProbeAnswer:
        """Read the first line by bash's /dev/tcp or nc."""
        host, port = split_target(target)
        args = (host, str(port), _whole(timeout))
        answer = await self._run("bash", via_scripts.SSH, args, timeout)
        if trouble := self._trouble("bash or nc", answer):
            return ProbeAnswer(fault=trouble[0], reason=trouble[1])
        seen = _connected(answer, timeout)
        banner = clean(answer.stdout.partition(b"\n")[0].strip(), LABEL_LIMIT)
        if seen.fault is None and not banner.startswith("SSH-"):
            return replace(seen, fault=HttpFault.BAD_REPLY, reason="does not speak SSH")
        return replace(seen, banner="" if seen.fault else banner)

    async def probe_tls(
        self, target: str, *, timeout: float, ca: str | None = None, name: str | None = None
    ) -> ProbeAnswer:
        """Shake hands by `openssl s_client`, with that host's authorities; `ca` is a file of ours and refused."""
        if ca is not None:
            text = "ca: is a file of this machine, not of the one that asks"
            return ProbeAnswer(fault=HttpFault.NO_TOOL, reason=text)
        host = name or split_target(target)[0]
        args = (target, host, _whole(timeout), "-verify_ip" if _is_ip(host) else "-verify_hostname")
        answer = await self._run("openssl", via_scripts.TLS, args, timeout)
        if trouble := self._trouble("openssl", answer):
            return ProbeAnswer(fault=trouble[0], reason=trouble[1])
        return _shaken(answer, timeout)

    async def probe_dns(self, question: DnsQuestion, *, timeout: float) -> DnsAnswer:
        """Ask by dig."""
        args = [f"+time={_whole(timeout)}", "-t", question.record, "-q", question.name]
        if question.server:
            server, port = split_server(question.server)
            args += [f"@{server}", "-p", str(port)]
        answer = await self._run("dig", via_scripts.DNS, tuple(args), timeout)
        if trouble := self._trouble("dig", answer):
            return DnsAnswer(fault=trouble[0], reason=trouble[1])
        try:
            found = parse_dig(answer.stdout, question.record)
        except ParseError:
            return DnsAnswer(fault=HttpFault.TIMEOUT, reason=_said(answer) or "no answer")
        took = answer.took if found.took is None else found.took
        return DnsAnswer(found.rcode, found.answers, found.ttl, took, found.server)

    async def probe_ping(self, target: str, *, timeout: float) -> PingAnswer:
        """Ask by ping."""
        args = (target, _whole(max(1.0, timeout - 2)))
        answer = await self._run("ping", via_scripts.PING, args, timeout)
        if trouble := self._trouble("ping", answer):
            return PingAnswer(fault=trouble[0], reason=trouble[1])
        try:
            found = parse_ping(answer.stdout)
        except ParseError:
            fault = HttpFault.DNS if _is_unknown_name(answer) else HttpFault.NOT_ALLOWED
            return PingAnswer(fault=fault, reason=_said(answer) or "ping said nothing")
        return PingAnswer(found.sent, found.received, found.mean, found.slowest, answer.took)

    async def _run(
        self, tool: str, script: str, args: tuple[str, ...], timeout: float, stdin: bytes = b""
    ) -> Answer:
        command = Command(
            script=script, args=args, env={"LC_ALL": "C"}, stdin=stdin,
            timeout=timeout + _MARGIN, max_output=_OUTPUT, bare=True,
        )  # fmt: skip
        try:
            return await self._remote.run(self._host, command)
        except ValueError as error:
            return Answer(Ending.UNREACHABLE, reason=f"{tool} cannot be asked so: {error}")

    def _trouble(self, tool: str, answer: Answer) -> tuple[HttpFault, str] | None:
        """Say what kept the host from asking; None when it asked."""
        name = "this machine" if self._host.transport == "local" else self._host.name
        match answer.ending:
            case Ending.EXITED if answer.code == _NO_TOOL:
                return HttpFault.NO_TOOL, f"{tool} is not on {name}"
            case Ending.EXITED:
                return None
            case Ending.FLOODED:
                return HttpFault.TOO_LARGE, f"reply is larger than {_OUTPUT} bytes"
            case Ending.TIMED_OUT:
                return HttpFault.TIMEOUT, "no reply in time"
            case _:
                return HttpFault.VIA_DOWN, f"cannot ask from {name}: {answer.reason}"


def _connected(answer: Answer, timeout: float) -> ProbeAnswer:
    took = _took(answer)
    if answer.code == 0:
        return ProbeAnswer(took=took, phases={"connect": took})
    fault, reason = _fault_of(answer, timeout)
    return ProbeAnswer(took=took, fault=fault, reason=reason)


def _shaken(answer: Answer, timeout: float) -> ProbeAnswer:
    took = _took(answer)
    facts = facts_of_pem(answer.stdout)
    verified = _VERIFY.search(answer.stdout)
    if facts is None or verified is None:
        fault, reason = _fault_of(answer, timeout)
        return ProbeAnswer(took=took, fault=fault, reason=reason)
    seen = ProbeAnswer(
        took=took, phases={"tls": took}, cert_expires_at=facts.expires_at, cert=facts
    )
    code = int(verified[1])
    if code == 0:
        return seen
    fault = _TLS_FAULTS.get(code, HttpFault.TLS_UNTRUSTED)
    return replace(seen, fault=fault, reason=clean(verified[2], LABEL_LIMIT))


def _fault_of(answer: Answer, timeout: float) -> tuple[HttpFault, str]:
    """Judge by what the tool wrote; tools have few exit codes for many reasons."""
    said = (answer.stderr + answer.stdout).lower()
    if answer.code in _LATE or b"timed out" in said:
        return HttpFault.TIMEOUT, f"no reply in {timeout:g} s"
    if b"refused" in said:
        return HttpFault.REFUSED, "connection refused"
    if _is_unknown_name(answer):
        return HttpFault.DNS, _said(answer)
    if any(words in said for words in _PLAIN):
        return HttpFault.TLS, "does not speak TLS (a plain port?)"
    return HttpFault.NO_ANSWER, f"cannot connect: {_said(answer) or f'exit {answer.code}'}"


def _is_unknown_name(answer: Answer) -> bool:
    said = (answer.stderr + answer.stdout).lower()
    return any(words in said for words in _UNKNOWN_NAME)


def _took(answer: Answer) -> float:
    times = _TIMED.search(answer.stdout)
    return (int(times[2]) - int(times[1])) / 1e9 if times else answer.took


def _said(answer: Answer) -> str:
    text = _TIMED.sub(b"", answer.stderr or answer.stdout)
    lines = text.strip().splitlines()
    return clean(lines[-1] if lines else b"", LABEL_LIMIT)


def _whole(seconds: float) -> str:
    return str(max(1, round(seconds)))


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
