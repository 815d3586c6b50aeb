"""The keys of `http:`, named clients that actions may use, and of `plugin_config:`."""

from typing import Final

from opsconsole.config import kinds
from opsconsole.config.credentials import (
    BASIC_FIELD,
    BEARER,
    CA,
    CERT,
    HEADERS,
    KEY,
    check_credentials,
    login_of,
)
from opsconsole.config.fields import Field, Values, list_of, map_of, record_of, table
from opsconsole.config.problems import Problems
from opsconsole.model.inventory import HttpClient

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

URL = Field("url", kinds.url, "Address that every path is put behind.", required=True)
METHODS = Field(
    "methods",
    list_of(kinds.choice(_METHODS), or_one=True),
    "What may be sent; without it GET and HEAD, which change nothing.",
)
TIMEOUT = Field(
    "timeout", kinds.duration(0.1, 300, "a time from 100ms to 5m"), "Longest wait for an answer."
)
CLIENT: Final = table(
    "an HTTP client",
    URL, METHODS, TIMEOUT, HEADERS, BASIC_FIELD, BEARER, CA, CERT, KEY,
    hints={"base_url": "the word is url", "token": "the word is bearer", "method": "the word is methods"},
)  # fmt: skip


def _read_client(values: Values, problems: Problems) -> HttpClient | None:
    check_credentials(values, problems)
    url = values.get(URL)
    if url is None:
        return None
    if "?" in url or "#" in url:
        problems.add(values.place(URL), "a client's url has no query; an action says it")
        return None
    user, password = login_of(values)
    usual = HttpClient("")
    return HttpClient(
        url=url.rstrip("/"),
        methods=values.value(METHODS, usual.methods),
        timeout=values.value(TIMEOUT, usual.timeout),
        headers=values.value(HEADERS, {}),
        user=user,
        password=password,
        bearer=values.value(BEARER, ""),
        ca=values.get(CA),
        cert=values.get(CERT),
        key=values.get(KEY),
    )


HTTP = Field(
    "http",
    map_of(kinds.name, record_of(CLIENT, _read_client)),
    "HTTP clients that actions may use, by name: {lb: {url: https://lb.example/api}}.",
)
PLUGIN_CONFIG = Field(
    "plugin_config",
    map_of(kinds.name, map_of(kinds.name, kinds.text(4_000))),
    "What plugins are told, by their id: {acme: {region: eu-1}}.",
)
