"""Where files are, and when a state folder is refused (S03, S04)."""

import os
import stat
from pathlib import Path

import pytest

from opsconsole.config import paths
from opsconsole.config.paths import config_file, engine_name, state_dir
from opsconsole.errors import ConfigError, EngineError


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "s"),
        "XDG_CONFIG_HOME": str(tmp_path / "c"),
    }


def test_the_usual_file_is_in_the_config_home(environ: dict[str, str], tmp_path: Path) -> None:
    assert config_file(environ) == tmp_path / "c/opsconsole/opsconsole.yaml"
    assert config_file({"HOME": "/h", "XDG_CONFIG_HOME": "relative"}) == Path(
        "/h/.config/opsconsole/opsconsole.yaml"
    )


def test_engines_are_named_after_what_they_watch(environ: dict[str, str], tmp_path: Path) -> None:
    one, same = tmp_path / "a.yaml", tmp_path / "link.yaml"
    one.touch()
    same.symlink_to(one)

    name = engine_name(one, environ=environ)

    assert engine_name(environ=environ) == "default"
    assert engine_name(config_file(environ), environ=environ) == "default"
    assert len(name) == 12
    assert engine_name(same, environ=environ) == name
    assert engine_name(tmp_path / "b.yaml", environ=environ) != name
    assert engine_name(one, override="mine") == "mine"


def test_one_set_of_hosts_has_one_engine_however_it_is_written(environ: dict[str, str]) -> None:
    assert engine_name(hosts="web2,web1,db1", environ=environ) == engine_name(
        hosts="db1,web[1-2]", environ=environ
    )
    assert engine_name(hosts="web1", environ=environ) != engine_name(hosts="web2", environ=environ)
    assert engine_name(hosts="web[1", environ=environ)


@pytest.mark.parametrize("name", ["", "..", "a/b", "-x", "x" * 41, "a b"])
def test_an_engine_cannot_be_called_anything(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot name an engine"):
        engine_name(override=name)


def test_a_state_folder_is_made_for_its_owner_alone(
    environ: dict[str, str], tmp_path: Path
) -> None:
    found = state_dir("default", environ=environ)

    assert found.path == tmp_path / "s/opsconsole/default"
    assert found.note == ""
    assert stat.S_IMODE(found.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(found.path.parent.stat().st_mode) == 0o700
    assert state_dir("default", environ=environ) == found


def test_without_create_nothing_is_made(environ: dict[str, str], tmp_path: Path) -> None:
    state_dir("default", create=False, environ=environ)

    assert not (tmp_path / "s").exists()


def test_a_folder_others_can_only_read_is_closed_to_them(
    environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "s/opsconsole").mkdir(parents=True)
    (tmp_path / "s/opsconsole").chmod(0o755)

    state_dir("x", environ=environ)

    assert stat.S_IMODE((tmp_path / "s/opsconsole").stat().st_mode) == 0o700


def test_s04_a_folder_that_others_may_write_is_refused_with_the_fix(
    environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "s/opsconsole/x").mkdir(parents=True)
    (tmp_path / "s/opsconsole").chmod(0o700)
    (tmp_path / "s/opsconsole/x").chmod(0o777)

    with pytest.raises(EngineError, match=r"others may write .* chmod 700"):
        state_dir("x", environ=environ)


def test_s04_a_planted_link_is_refused(environ: dict[str, str], tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (tmp_path / "s").mkdir()
    (tmp_path / "s/opsconsole").symlink_to(victim)

    with pytest.raises(EngineError, match="is a symbolic link"):
        state_dir("x", environ=environ)

    assert list(victim.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_s04_a_folder_of_somebody_else_is_refused(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "s/opsconsole").mkdir(parents=True, mode=0o700)
    os.chown(tmp_path / "s/opsconsole", 12345, 12345)

    with pytest.raises(EngineError, match="belongs to uid 12345"):
        state_dir("x", environ=environ)


def test_a_file_in_the_way_is_refused(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s/opsconsole").touch()

    with pytest.raises(EngineError, match="is not a folder"):
        state_dir("x", environ=environ)


def test_s03_a_home_that_cannot_hold_state_has_a_spare_place_and_says_so(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()

    found = state_dir(
        "t" * 12, create=False, environ={"HOME": str(blocked), "XDG_STATE_HOME": "/" + "x" * 90}
    )

    assert found.path == Path(f"/var/tmp/opsconsole-{os.geteuid()}") / ("t" * 12)
    assert "too long a path for a socket" in found.note


def test_a_network_home_is_recognised(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/sda1 / ext4 rw 0 0\nfiler:/home /home/op1 nfs4 rw 0 0\nx /mnt/a\\040b fuse.sshfs rw 0 0\n"
    )

    assert paths._file_system(Path("/home/op1/.local"), mounts) == "nfs4"
    assert paths._file_system(Path("/home/op10"), mounts) == "ext4"
    assert paths._file_system(Path("/mnt/a b/c"), mounts) == "fuse.sshfs"
    assert paths._NETWORK_TYPES.fullmatch("nfs4")
    assert not paths._NETWORK_TYPES.fullmatch("ext4")
