"""What every kind of result owes: a report, a page, a table, a figure, an exact record."""

import json
import re
import unicodedata

import pytest
from tests.plots.samples import MODEL, SAMPLES, sample

import bbpscape as bb
from bbpscape.core.report import WIDTH, places_of
from bbpscape.core.result import Result

# A yes or no of one draw: there is nothing to draw.
WITHOUT_FIGURE = {"LargestOverlap": lambda: bb.simulate(MODEL, 8.0, 40, 1, phi=True)}
ERROR = re.compile(r"(-?[\d.]+) ± ([\d.]+)(?![\d.e])")


def kinds(base=Result):
    """All that there are in the package, each by its name."""
    for one in base.__subclasses__():
        if one.__module__.startswith("bbpscape."):
            yield one
            yield from kinds(one)


@pytest.fixture(scope="module")
def result(request, tmp_path_factory):
    if request.param in WITHOUT_FIGURE:
        return WITHOUT_FIGURE[request.param]().draws[0].largest_overlap
    return sample(request.param, str(tmp_path_factory.mktemp("studies")))


every = pytest.mark.parametrize("result", [*SAMPLES, *WITHOUT_FIGURE], indirect=True)


def test_every_kind_is_here():
    for name in bb.__all__:
        getattr(bb, name)
    assert {one.__name__ for one in kinds()} == {*SAMPLES, *WITHOUT_FIGURE}
    assert {one.__name__ for one in bb.plots.plot.registry} - {"object"} == set(SAMPLES)


def columns(line):
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in line)


@every
def test_it_reads_well(result):
    told = str(result)
    assert told == result.summary()
    assert max(map(columns, told.splitlines())) <= WIDTH
    assert "\n" not in repr(result).replace(result.headline(), "")
    assert len(repr(result)) < 300
    for value, error in ERROR.findall(told):
        # As many digits as the error allows: two of the error, and the value to the same place.
        if float(error):
            assert len(error.partition(".")[2]) == places_of(float(error)), told
        assert len(value.partition(".")[2]) == len(error.partition(".")[2]), told


@every
def test_a_notebook_shows_a_table(result):
    page = result._repr_html_()
    assert page.count("<table") == len(result.report().tables) > 0
    assert page.count("<tr>") >= 2
    for table in result.report().tables:
        for row in table.rows:
            assert len(row) == len(table.columns)


@every
def test_it_is_a_tidy_table(result):
    frame = result.to_dataframe()
    assert len(frame) >= 1
    assert len(frame.columns) >= 2
    single = frame.map(lambda one: isinstance(one, str) or not hasattr(one, "__len__"))
    assert single.all(axis=None), "a cell that holds several values"


@every
def test_its_record_is_exact(result):
    record = result.to_dict()
    again = Result.from_dict(json.loads(json.dumps(record, allow_nan=False)))
    assert type(again) is type(result)
    assert again.to_dict() == record
    assert again.summary() == result.summary()
