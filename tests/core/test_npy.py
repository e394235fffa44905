"""Arrays from .npy files: what is promised is there, or one line. Rows: test_input_files.py."""

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.core import memory
from bbpscape.core.npy import read_npy
from bbpscape.model.inputs.covariance import read_covariance


@pytest.mark.parametrize("kind", ["f4", ">f8", "i2", "?"])
def test_an_array_in_its_own_precision(tmp_path, kind):
    for array in (np.arange(6).astype(kind), np.asfortranarray(np.eye(3)).astype(kind)):
        np.save(tmp_path / "a.npy", array)
        found = read_npy("x", str(tmp_path / "a.npy"))
        assert found.dtype == kind
        np.testing.assert_array_equal(found, array)


def test_what_is_no_whole_array_of_numbers(tmp_path, monkeypatch):
    path = tmp_path / "a.npy"
    with pytest.raises(bb.InvalidInput, match="x must be a file, and there is no file"):
        read_npy("x", path)
    np.save(path, np.ones(5))
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(
        bb.InvalidInput, match="x must be a whole .npy file: its header promises 40"
    ):
        read_npy("x", path)
    with pytest.raises(bb.InvalidInput, match="covariance must be a whole .npy file"):
        read_covariance("covariance", str(path))
    path.write_bytes(b"0.5, 1")
    with pytest.raises(bb.InvalidInput, match="covariance must be an .npy file of numpy.save"):
        read_covariance("covariance", str(path))
    np.save(path, np.array(["a"]))
    with pytest.raises(bb.InvalidInput, match="x must be real numbers, got dtype <U1"):
        read_npy("x", path)
    np.save(path, np.ones(5))
    assert len(read_covariance("covariance", str(path)).values(5)) == 5
    monkeypatch.setattr(memory, "available_memory", lambda: 79)
    with pytest.raises(bb.InvalidInput, match="rows = 5 needs"):
        read_npy("x", path)
