"""The keys that say as whom a far side is asked: headers, basic, bearer, a certificate."""

from typing import Final

from opsconsole.config import kinds
from opsconsole.config.fields import Field, Kind, Values, map_of, record_of, table
from opsconsole.config.loader import Node
from opsconsole.config.problems import Problems

_SECRET_HEADERS: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "x-api-key", "x-auth-token"}
)


def _header_value() -> Kind[str]:
    plain = kinds.text()

    def read(node: Node, problems: Problems) -> str | None:
        value = plain.read(node, problems)
        if value is not None and value.startswith("secret:") and not value[7:].strip():
            problems.add(node.mark, "secret: needs the name of an entry in `secrets:`")
            return None
        return value

    return Kind(read, plain.schema)


HEADERS = Field(
    "headers", map_of(kinds.header, _header_value()), "Headers to send; secrets as `secret:NAME`."
)
USER = Field("user", kinds.text(200), "User of basic authentication.", required=True)
PASSWORD = Field("password", kinds.secret_name, "Its password: secret:NAME.", required=True)
BASIC: Final = table("`basic:`", USER, PASSWORD)
BASIC_FIELD = Field("basic", record_of(BASIC, lambda values, _: values), "Basic authentication.")
BEARER = Field("bearer", kinds.secret_name, "Token of bearer authentication: secret:NAME.")
CA = Field("ca", kinds.path(), "PEM file of the authority to trust instead of the system's.")
CERT = Field("cert", kinds.path(), "PEM file of the certificate to show (mTLS).")
KEY = Field("key", kinds.path(), "PEM file of its key; without it the key is in `cert`.")


def check_credentials(values: Values, problems: Problems) -> None:
    """Tell what does not go together, and a credential that is in the file itself."""
    for name, value in (values.get(HEADERS) or {}).items():
        if name.lower() in _SECRET_HEADERS and "secret:" not in value:
            problems.add(
                values.place(HEADERS),
                f"{name} is a credential: write `secret:NAME` and name it under `secrets:`",
            )
    if KEY in values and CERT not in values:
        problems.add(values.place(KEY), "key is the key of a `cert:`, which is missing")
    if BASIC_FIELD in values and BEARER in values:
        problems.add(values.place(BEARER), "either `basic:` or `bearer:`, not both")


def login_of(values: Values) -> tuple[str, str]:
    """Give the user and the password's `secret:NAME` of `basic:`; both empty without it."""
    basic = values.get(BASIC_FIELD)
    return (basic.value(USER, ""), basic.value(PASSWORD, "")) if basic else ("", "")
