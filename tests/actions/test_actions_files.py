"""Files put onto a host, by the real sh: whole or not at all, and as they were on the way back."""

import subprocess
from pathlib import Path

import pytest

from opsconsole.actions.file_steps import GET, PUT, PUT_BACK, prior_suffix

SUFFIX = prior_suffix("20260101-000000-abcdef", "conf/put")
NAMES = ["a.conf", "with space", "-rf", "new\nline", "$(id)", "'quoted'", "*", "ünï"]


def sh(
    script: str, *args: str, root: Path, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["/bin/sh", "-c", script, "step", *args],
        input=stdin,
        capture_output=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "OPSC_ROOT": str(root)},
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_replaced_and_given_back(tmp_path: Path, name: str) -> None:
    place = tmp_path / name
    place.write_text("old")
    place.chmod(0o600)

    put = sh(PUT, f"/{name}", "0644", SUFFIX, root=tmp_path, stdin=b"new\x00\xff")

    assert (put.returncode, put.stderr) == (0, b"")
    assert place.read_bytes() == b"new\x00\xff"
    assert place.stat().st_mode & 0o777 == 0o644
    back = sh(PUT_BACK, f"/{name}", SUFFIX, root=tmp_path)
    assert (back.returncode, place.read_text()) == (0, "old")
    assert place.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_a_file_that_was_not_there_is_removed_again(tmp_path: Path) -> None:
    sh(PUT, "/new.conf", "0640", SUFFIX, root=tmp_path, stdin=b"x")
    sh(PUT_BACK, "/new.conf", SUFFIX, root=tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_giving_back_what_was_never_put_touches_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("theirs")

    back = sh(PUT_BACK, "/a.conf", SUFFIX, root=tmp_path)

    assert back.stdout == b"nothing was put\n"
    assert (tmp_path / "a.conf").read_text() == "theirs"


def test_a_symbolic_link_and_a_folder_that_is_not_there_are_refused(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("theirs")
    (tmp_path / "link").symlink_to("target")

    link = sh(PUT, "/link", "0644", SUFFIX, root=tmp_path, stdin=b"x")
    nowhere = sh(PUT, "/no/such/file", "0644", SUFFIX, root=tmp_path, stdin=b"x")

    assert link.returncode == 73
    assert nowhere.returncode == 73
    assert (tmp_path / "target").read_text() == "theirs"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link", "target"]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_read_whatever_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x00 content")

    assert sh(GET, f"/{name}", root=tmp_path).stdout == b"\x00 content"
