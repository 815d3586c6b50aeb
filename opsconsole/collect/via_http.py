"""An HTTP request as a curl configuration, and curl's output as an HTTP answer (curl(1), `-K`, `-w`)."""

import re
from collections.abc import Mapping
from typing import Final

from opsconsole.model.text import LABEL_LIMIT, clean
from opsconsole.transport.base import Answer
from opsconsole.transport.certificates import facts_of_pem
from opsconsole.transport.http_answer import Endpoint, HttpAnswer, HttpFault

_FIELDS: Final = (
    "http_code", "time_namelookup", "time_connect", "time_appconnect", "time_starttransfer",
    "time_total", "remote_ip", "redirect_url",
)  # fmt: skip
_FAULTS: Final = {
    5: HttpFault.DNS, 6: HttpFault.DNS, 7: HttpFault.REFUSED, 28: HttpFault.TIMEOUT,
    35: HttpFault.TLS, 51: HttpFault.TLS_WRONG_NAME, 60: HttpFault.TLS_UNTRUSTED,
    63: HttpFault.TOO_LARGE,
}  # fmt: skip
"""curl's exit codes."""
_STATUS_LINE: Final = re.compile(rb"HTTP/[\d.]+ (\d{3})[^\r\n]*\r?\n")
_HEADERS_SHOWN: Final = 100
_CODE: Final = re.compile(rb"^curl: \(\d+\) ")


def curl_config(endpoint: Endpoint, mark: str) -> str:
    """Write what to ask as a configuration for curl's stdin.

    Args:
        endpoint: What to ask; `ca`, `cert` and `key` are files of this machine and refused.
        mark: Hex digits that no body can know; its line begins what curl measured.

    Raises:
        ValueError: A value cannot be written, or names a file of this machine.
    """
    if endpoint.ca or endpoint.cert or endpoint.key:
        raise ValueError("ca, cert and key are files of this machine, not of the one that asks")
    headers = {str(name): str(value) for name, value in endpoint.headers.items()}
    headers |= {name: secret.reveal() for name, secret in endpoint.hidden.items()}
    trailer = " ".join(f"%{{{name}}}" for name in _FIELDS)
    lines = [
        "silent", "show-error", "globoff",
        _line("proto", "=http,https"),
        _line("url", endpoint.url),
        "head" if endpoint.method == "HEAD" else _line("request", endpoint.method),
        *([] if endpoint.method == "HEAD" else ["include"]),
        _line("max-time", f"{endpoint.timeout:g}"),
        _line("user-agent", "opsconsole"),
        _line("noproxy", "*"),
        *(_line("header", f"{name}: {value}") for name, value in headers.items()),
        *([_line("data-binary", endpoint.body.decode())] if endpoint.body else []),
        f'write-out = "\\n{mark} {trailer}\\n%{{certs}}"',
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _line(name: str, value: str) -> str:
    if any(char in value for char in "\r\n\0"):
        raise ValueError(f"{name}: a line cannot be broken")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name} = "{escaped}"'


def read_curl(answer: Answer, mark: str, timeout: float) -> HttpAnswer:
    """Read curl's output: headers, body, the line of measures, and the chain as PEM where curl can."""
    text, _, trailer = answer.stdout.rpartition(f"\n{mark} ".encode())
    measures, _, pem = trailer.partition(b"\n")
    words = measures.decode("ascii", errors="replace").split(" ")
    said = dict(zip(_FIELDS, [*words, *[""] * len(_FIELDS)], strict=False))
    phases, took = _phases(said)
    if answer.code:
        said_why = clean(_CODE.sub(b"", answer.stderr.strip()), LABEL_LIMIT)
        stderr = f"no reply in {timeout:g} s" if answer.code == 28 else str(said_why)
        return HttpAnswer(
            took=took, fault=_fault(answer.code, stderr),
            reason=stderr or f"curl: exit {answer.code}",
        )  # fmt: skip
    facts = facts_of_pem(pem)
    headers, body = _parted(text)
    redirect = said["redirect_url"]
    return HttpAnswer(
        status=int(said["http_code"]) if said["http_code"].isdigit() else None,
        headers=headers, body=body, phases=phases, took=took, cert=facts,
        cert_expires_at=facts.expires_at if facts else None,
        ip=clean(said["remote_ip"], LABEL_LIMIT), redirect=clean(redirect, LABEL_LIMIT),
    )  # fmt: skip


def _fault(code: int, said: str) -> HttpFault:
    if code == 60 and "expired" in said:
        return HttpFault.TLS_EXPIRED
    if code == 60 and "self" in said:
        return HttpFault.TLS_SELF_SIGNED
    if code == 60 and "subject name" in said:
        return HttpFault.TLS_WRONG_NAME
    return _FAULTS.get(code, HttpFault.BAD_REPLY)


def _phases(said: Mapping[str, str]) -> tuple[dict[str, float], float]:
    """Turn curl's moments since the begin into durations."""
    try:
        dns, connect, tls, first, total = (float(said[name]) for name in _FIELDS[1:6])
    except ValueError:
        return {}, 0.0
    phases = {"dns": dns, "connect": max(0.0, connect - dns)}
    if tls:
        phases["tls"] = max(0.0, tls - connect)
    phases["first_byte"] = max(0.0, first - max(tls, connect))
    phases["transfer"] = max(0.0, total - first)
    return phases, total


def _parted(text: bytes) -> tuple[Mapping[str, str], bytes]:
    """Part the headers from the body; interim answers (1xx) come before the real one."""
    found: dict[str, str] = {}
    while line := _STATUS_LINE.match(text):
        head, _, text = text.partition(b"\r\n\r\n")
        rows = head[line.end() :].split(b"\r\n")[:_HEADERS_SHOWN]
        pairs = [row.partition(b":") for row in rows if b":" in row]
        found = {
            clean(name.strip(), LABEL_LIMIT).lower(): clean(value.strip(), LABEL_LIMIT)
            for name, _, value in reversed(pairs)
        }
        if not line[1].startswith(b"1"):
            break
    return found, text
