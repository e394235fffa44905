"""Examples of docstrings are run in an empty folder: what they write is gone with it."""

import pytest


@pytest.fixture(autouse=True)
def _in_an_empty_folder(request, tmp_path, monkeypatch):
    if isinstance(request.node, pytest.DoctestItem):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("MPLBACKEND", "Agg")
