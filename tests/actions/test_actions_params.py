"""Each parameter type: what it takes, what it makes of it, and what it refuses."""

import pytest

from opsconsole.actions.argv import Given, build_argv
from opsconsole.actions.grammars import GRAMMARS, World
from opsconsole.actions.params import read_params, read_value
from opsconsole.errors import RefusedError
from opsconsole.model.action import ParamSpec, may_be_empty

WORLD = World({"web1", "db1"}, {"shop"}, {"abcd"}, 1_700_000_000.0)

GOOD = [
    ("str", "hello there", "hello there", "hello there"),
    ("text", "two\nlines", "two\nlines", "two\nlines"),
    ("int", "007", "7", 7),
    ("float", "0.50", "0.5", 0.5),
    ("bool", "True", "true", True),
    ("bool", "no", "false", False),
    ("percent", "10%", "0.1", 0.1),
    ("duration", "1m30s", "90", 90.0),
    ("duration", "1000s", "1000", 1000.0),
    ("bytes", "2GiB", "2147483648", 2147483648),
    ("when", "10m ago", "1699999400", 1_699_999_400.0),
    ("multi", "a, b", "a,b", ("a", "b")),
    ("host", "host:web1", "web1", "web1"),
    ("hosts", "web1,db1", "web1,db1", ("web1", "db1")),
    ("service", "shop", "shop", "shop"),
    ("unit", "nginx.service", "nginx.service", "nginx.service"),
    ("unit", "nginx", "nginx.service", "nginx.service"),
    ("unit", "getty@tty1.service", "getty@tty1.service", "getty@tty1.service"),
    ("pid", "4242", "4242", 4242),
    ("path", "/var/log//syslog", "/var/log/syslog", "/var/log/syslog"),
    ("hostname", "shop.example", "shop.example", "shop.example"),
    ("ip", "2001:db8::1", "2001:db8::1", "2001:db8::1"),
    ("cidr", "192.0.2.0/24", "192.0.2.0/24", "192.0.2.0/24"),
    ("port", "0443", "443", 443),
    (
        "url",
        "https://shop.example/x?y=1",
        "https://shop.example/x?y=1",
        "https://shop.example/x?y=1",
    ),
]
BAD = [
    ("str", "a\x1bb"), ("str", "x" * 257), ("str", "a\u2028b"), ("str", "\u202egnp.exe"), ("str", "a\u200bb"),
    ("text", "a\0b"),
    ("int", "1.5"), ("int", "1e3"), ("int", "٣"), ("float", "nan"), ("float", "inf"), ("bool", "maybe"),
    ("percent", "lots"), ("duration", "15"), ("bytes", "-1"), ("when", "yesterday"),
    ("host", "web9"), ("hosts", "web1,web9"), ("service", "nope"), ("alert", "nope"),
    ("unit", "-rf.service"), ("unit", "a b.service"), ("unit", "x;reboot.service"), ("unit", "a/b"),
    ("unit", "nginx.service\n"[:-1] + "\nx"), ("unit", "$(reboot)"),
    ("pid", "1"), ("pid", "-4"), ("path", "etc"), ("path", "/etc/../root"), ("path", "/a\nb"),
    ("hostname", "-oProxyCommand=x"), ("hostname", "+short"), ("hostname", "@8.8.8.8"), ("hostname", "a..b"),
    ("ip", "192.0.2.1; id"), ("ip", "fe80::1%eth0;x"), ("cidr", "192.0.2.1/33"), ("port", "0"), ("port", "70000"),
    ("url", "file:///etc/passwd"), ("url", "http://"), ("url", "http://u:p@shop.example/"),
    ("url", "https://a.example/ b"), ("url", "-x"), ("secret", "hunter2"),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "typed", "text", "value"), GOOD)
def test_a_good_value_becomes_one_argv_slot_and_a_python_value(
    type_: str, typed: str, text: str, value: object
) -> None:
    parsed = read_value(ParamSpec("p", type_), typed, WORLD)

    assert (parsed.text, parsed.value) == (text, value)


@pytest.mark.parametrize(("type_", "typed"), BAD)
def test_a_value_outside_its_grammar_is_refused(type_: str, typed: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read_value(ParamSpec("p", type_), typed, WORLD)


TYPES = """
str text int float bool percent duration bytes when enum multi host hosts service alert unit pid path
hostname ip cidr port url secret
"""


def test_every_type_of_the_table_has_a_grammar() -> None:
    assert set(TYPES.split()) == set(GRAMMARS)


LIMITED = [
    (ParamSpec("p", "int", min=1, max=5), "6", "is more than 5"),
    (ParamSpec("p", "duration", max=60), "2m", "is more than 60"),
    (ParamSpec("p", "enum", choices=("a", "b")), "c", "is none of a, b"),
    (ParamSpec("p", "str", pattern="[a-z]+"), "a1", "does not match"),
    (ParamSpec("p", "str", pattern="[a-z]+"), "a\nb", "control character"),
    (ParamSpec("p", "path", under=("/var/log",)), "/var/logs/x", "does not lie under"),
    (ParamSpec("p", "unit", refuse=("sshd*",)), "sshd", "this action is not for sshd*"),
]


@pytest.mark.parametrize(("spec", "typed", "words"), LIMITED)
def test_ranges_choices_roots_and_refusals_hold(spec: ParamSpec, typed: str, words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("*", r"\*")):
        read_value(spec, typed, WORLD)


def test_every_mistake_is_told_at_once() -> None:
    specs = (ParamSpec("n", "int", required=True), ParamSpec("u", "unit", required=True))

    with pytest.raises(RefusedError) as refused:
        read_params(specs, {"n": "x", "z": "1"}, WORLD)

    assert str(refused.value) == (
        "there is no parameter z; there is n, u; n: 'x' is not a whole number; u is missing"
    )


def test_a_line_is_never_a_command() -> None:
    with pytest.raises(TypeError):
        build_argv("systemctl restart nginx")


ARGV = [
    (["rm", Given("-rf")], False),
    (["rm", "--", Given("-rf")], True),
    (["journalctl", "--unit=" + Given("-rf")], True),
    (["rm", Given("--"), Given("-rf")], False),
    (["echo", Given("a\nb")], False),
    (["echo", "a\0b"], False),
    ([], False),
    ([""], False),
]


@pytest.mark.parametrize(("elements", "good"), ARGV)
def test_a_given_value_is_never_taken_for_an_option(elements: list[str], good: bool) -> None:
    if good:
        assert build_argv(elements) == tuple(elements)
        return
    with pytest.raises(ValueError, match=r"\S"):
        build_argv(elements)


@pytest.mark.parametrize(
    ("default", "empty"),
    [
        (None, True),
        ("3", False),
        ("${service.labels.lb_pool}", True),
        ("${alert.labels.mount}|/var/log", False),
        ("${alert.labels.unit}|${service.labels.unit}", True),
    ],
)
def test_a_default_that_only_refers_to_something_may_come_to_nothing(
    default: str | None, empty: bool
) -> None:
    assert may_be_empty(default) is empty
