"""YAML as we read it: 1.2 words, marks, and bounds."""

from pathlib import Path

import pytest

from opsconsole.config.loader import Map, Scalar, Seq, load_yaml, parse_yaml, plain
from opsconsole.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"), ("yes", "yes"), ("No", "No"), ("off", "off"), ("y", "y"),
        ("true", True), ("False", False), ("~", None), ("null", None),
        ("22:30", "22:30"), ("1:2:3", "1:2:3"), ("0640", 640), ("0x1F", 31), ("0o17", 15),
        ("1_000", "1_000"), ("1e3", 1000.0), (".5", 0.5), ("1.", 1.0), ("-7", -7), ("+7", 7),
        ("2026-11-22", "2026-11-22"), ("10s", "10s"), ("=", "="), ("'12'", "12"), ("!!str 12", "12"),
    ],
)  # fmt: skip
def test_a_plain_word_means_what_yaml_1_2_says(text: str, value: object) -> None:
    node = parse_yaml(f"key: {text}", "f")

    assert plain(node) == {"key": value}


def test_on_is_a_word_as_a_key_too() -> None:
    assert plain(parse_yaml("on: {role: web}\n22: port\n", "f")) == {
        "on": {"role": "web"},
        "22": "port",
    }


def test_every_value_knows_its_place() -> None:
    node = parse_yaml("a: 1\nb:\n  - 'x'\n  - c: y\n", "f.yaml")

    assert isinstance(node, Map)
    assert node.keys["b"][1:] == (2, 1)
    items = node.entries["b"]
    assert isinstance(items, Seq)
    assert items.items[0].mark == ("f.yaml", 3, 5)
    assert isinstance(items.items[0], Scalar)
    assert items.items[0].inset == 1


def test_anchors_and_merge_keys_unfold() -> None:
    text = "base: &b {user: ops, port: 22}\nhost: {<<: *b, port: 2222}\n"

    assert plain(parse_yaml(text, "f")) == {
        "base": {"user": "ops", "port": 22},
        "host": {"user": "ops", "port": 2222},
    }


def test_an_empty_file_is_an_empty_mapping(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text("# nothing but this\n")

    assert load_yaml(path) == Map({}, {}, load_yaml(path).mark)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("a: 1\nb: 2\na: 3\n", "f:3:1: a is given twice; first in line 1"),
        ("a:\n\t- b\n", "f:2:1: not YAML: a tab; indent with spaces"),
        ("a: [1, 2\n", "f:2:1: not YAML: did not find expected ',' or ']'"),
        ("a: *nobody\n", "f:1:4: *nobody refers to nothing above it"),
        ("a: !!python/object/apply:os.system ['x']\n", "f:1:4: the tag"),
        ("--- \na: 1\n---\nb: 2\n", "f:3:1: a second document"),
        ("? [a]\n: 1\n", "f:1:3: a key must be a word"),
        ("a: &x [*x]\n", "f:1:8: *x refers to nothing above it"),
        ("a: \x07\n", "f: not YAML"),
        ("[" * 60 + "]" * 60, "f:1:42: is nested deeper than 40 levels"),
        ("- " * 60 + "x", "nested deeper than 40 levels"),
    ],
    ids=[
        "twice",
        "tab",
        "open",
        "alias",
        "tag",
        "documents",
        "key",
        "loop",
        "control",
        "flow",
        "block",
    ],
)
def test_what_is_wrong_has_its_line(text: str, mistake: str) -> None:
    if text.startswith("a: !!"):
        text = text.replace("['x']", "x")

    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, "f")

    assert mistake in str(caught.value.mistakes[0])


def test_aliases_cost_what_they_unfold_to() -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]

    with pytest.raises(ConfigError, match="unfolds to more than"):
        parse_yaml("\n".join(lines), "bomb")


def test_two_mistakes_are_both_told() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_yaml("a: 1\na: 2\nb: *x\n", "f")

    assert [mistake.line for mistake in caught.value.mistakes] == [2, 3]


@pytest.mark.parametrize(
    ("raw", "mistake"), [(b"a: \xff\n", ":1:1: is not UTF-8"), (b"\xef\xbb\xbfa: 1", None)]
)
def test_bytes_are_read_as_utf8(tmp_path: Path, raw: bytes, mistake: str | None) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(raw)

    if mistake is None:
        assert plain(load_yaml(path)) == {"a": 1}
    else:
        with pytest.raises(ConfigError, match=mistake):
            load_yaml(path)


def test_a_missing_file_is_a_mistake_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read: No such file"):
        load_yaml(tmp_path / "none.yaml")
