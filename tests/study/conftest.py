"""What the tests of runs share: a table to compare with, and no process left behind."""

import pytest
from tests.study import small


@pytest.fixture(autouse=True)
def no_process_is_left():
    yield
    small.end_all()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    path = small.write(tmp_path_factory.mktemp("undisturbed"))
    assert small.run(path, 1).done == small.POINTS
    return small.table(path)
