"""Files that are written whole or not at all."""

import os
import stat

import pytest

from bbpscape.core.checks import InvalidInput
from bbpscape.core.files import check_output_path, replacing


def _write(path, text):
    with replacing(path) as temporary:
        temporary.write_text(text)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o755])
def test_a_file_that_is_there_keeps_its_permissions(tmp_path, mode):
    path = tmp_path / "kept.json"
    path.write_text("old")
    path.chmod(mode)
    _write(path, "new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", mode)


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        _write(tmp_path / "new.json", "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new.json").stat().st_mode) == mode
    assert os.listdir(tmp_path) == ["new.json"]


def test_a_link_goes_on_pointing_to_its_file(tmp_path):
    (tmp_path / "there").mkdir()
    real, link = tmp_path / "there" / "real.json", tmp_path / "link.json"
    real.write_text("old")
    link.symlink_to(real)
    _write(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert os.listdir(real.parent) == ["real.json"]


def test_an_error_leaves_what_was_there_and_nothing_else(tmp_path):
    path = tmp_path / "kept.json"
    path.write_text("old")
    with pytest.raises(TypeError):
        _write(path, 5)
    with pytest.raises(InvalidInput, match="Is a directory"), replacing(path):
        tmp_path.read_bytes()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["kept.json"]


def test_devices_and_pipes_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/null"):
        with pytest.raises(InvalidInput, match="device or a pipe"):
            check_output_path(path)
    with pytest.raises(InvalidInput, match="is a folder"):
        check_output_path(tmp_path)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
