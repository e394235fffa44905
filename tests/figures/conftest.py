"""The data of a figure: as committed, and computed anew at the smallest size."""

import functools

import pytest
from figures.__main__ import make
from figures.kit import HERE, Data

from figures import kit


@pytest.fixture(scope="session", autouse=True)
def work(tmp_path_factory):
    """A folder of this run alone: studies that another left would be taken as they are."""
    kit.WORK = tmp_path_factory.mktemp("figures")


@functools.cache
def read(name, size):
    folder = HERE / name if size == "committed" else make(name, "smallest")
    return Data.read(folder / "data.json")


@pytest.fixture(params=["committed", "smallest"])
def data(request):
    """The data of the figure that the test is named after."""
    return read(request.function.__name__.split("_")[1], request.param)


@pytest.fixture
def committed(request):
    """As committed alone: what some ten draws cannot tell."""
    return read(request.function.__name__.split("_")[1], "committed")


@pytest.fixture
def committed_of():
    """The committed data of a figure by its name."""
    return lambda name: read(name, "committed")


@pytest.fixture
def beside(data):
    """Another figure's data, of the same size."""
    return lambda name: read(name, "committed" if data.size == "full" else data.size)
