"""What every result of an experiment owes: an exact record, a summary, a table, a page."""

import functools
import json

import numpy as np
import pytest

import bbpscape as bb

MODEL = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.5))
RULE = bb.DescentRule(steps=12)


def photograph():
    pytest.importorskip("skimage", reason="photographs ship with scikit-image")
    return bb.photograph(8.0, 8, 2, 0.5, rule=RULE)


# How each is made, what its summary must name, its bulky fields and the rows of its table.
KINDS = {
    "Comparison": (
        lambda: bb.compare(MODEL, 3.02, 50, 3, 4),
        ("p = 2", "p* = 1", "a = 0.5", "alpha = 3.02", "N = 50", "3 draws", "inputs: Gaussian"),
        ("eigenvalues",),
        4,
    ),
    "MethodComparison": (
        lambda: bb.methods(MODEL, [1.0, 4.0], 30, 2, 4),
        ("p = 2", "p* = 1", "a = 0.5", "N = 30", "2 draws", "begins at", "from 0.5"),
        (),
        10,
    ),
    "Descent": (
        lambda: bb.descend(MODEL, 3.0, 24, 3, 4, rule=RULE, workers=1),
        ("p = 2", "p* = 1", "a = 0.5", "alpha = 3", "N = 24", "gd", "random start", "of 3"),
        ("student",),
        3,
    ),
    "DescentHessian": (
        lambda: bb.hessian_along(MODEL, 3.0, 24, [0, 7], 2, 4, rule=RULE, workers=1),
        ("p = 2", "p* = 1", "a = 0.5", "alpha = 3", "N = 24", "gd", "random start", "±"),
        ("student",),
        2,
    ),
    "RecoveryCurve": (
        lambda: bb.recovery(
            MODEL, [1.0, 4.0], 24, 3, 4, [1, 2], ["random", "hessian"], RULE, workers=1
        ),
        ("p = 1", "p = 2", "p* = 1", "a = 0.5", "N = 24", "3 draws", "Hessian start", "alpha_BBP"),
        ("largest_m2", "largest_m2_frobenius"),
        8,
    ),
    "Photograph": (
        photograph,
        ("camera.png", "8 × 8 pixels", "alpha = 8", "a = 0.5", "spectral start"),
        ("image", "begin", "student"),
        4,
    ),
}


@functools.cache
def made(name):
    return KINDS[name][0]()


def keys(record):
    """All keys of a record, at any depth."""
    if isinstance(record, dict):
        return set(record) | {key for one in record.values() for key in keys(one)}
    if isinstance(record, list):
        return {key for one in record for key in keys(one)}
    return set()


@pytest.mark.parametrize("name", KINDS)
def test_the_record_is_exact(name):
    one = made(name)
    record = one.to_dict()
    text = json.dumps(record, allow_nan=False)
    again = type(one).from_dict(json.loads(text))
    assert again.to_dict() == record
    assert bb.Result.from_dict(json.loads(text)).to_dict() == record
    assert record["type"] == name
    assert again.summary() == one.summary()
    assert not again.to_dataframe().compare(one.to_dataframe()).size
    other = json.loads(text.replace("0.5", "0.5000000000000001", 1))
    assert type(one).from_dict(other).to_dict() != record, "a last bit changed"


@pytest.mark.parametrize("name", KINDS)
def test_a_compact_record_leaves_out_what_is_bulky(name):
    one, bulky = made(name), set(KINDS[name][2])
    full, compact = keys(one.to_dict()), keys(one.to_dict(compact=True))
    steps = {str(step) for step in range(RULE.steps + 1)}  # keys of snapshots
    assert full - compact - steps == bulky
    if bulky:
        with pytest.raises(bb.InvalidInput, match="compact"):
            type(one).from_dict(one.to_dict(compact=True))


@pytest.mark.parametrize("name", KINDS)
def test_the_summary_names_the_parameters(name):
    one = made(name)
    for part in KINDS[name][1]:
        assert part in one.summary(), part
    assert "\n" not in repr(one)
    assert repr(one) == f"<{one.headline()}>"
    # The summary is of this one.
    assert "a = 0.01" not in one.summary()


@pytest.mark.parametrize("name", KINDS)
def test_the_table_has_a_row_for_each(name):
    frame = made(name).to_dataframe()
    assert len(frame) == KINDS[name][3]
    assert len(frame.columns) >= 5
    assert frame.notna().any().sum() >= 5


@pytest.mark.parametrize("name", KINDS)
def test_the_page_is_the_summary(name):
    one = made(name)
    page, report = one._repr_html_(), one.report()
    assert page.count("<table>") == len(report.tables)
    for table in report.tables:
        assert table.rows
        for row in table.rows:
            assert len(row) == len(table.columns)
            assert all(cell in page for cell in map(str, row))


@pytest.mark.parametrize(
    "run",
    [
        lambda seed: bb.compare(MODEL, 2.0, 20, 2, seed),
        lambda seed: bb.methods(MODEL, [2.0], 20, 2, seed),
        lambda seed: bb.descend(MODEL, 2.0, 20, 2, seed, rule=RULE, workers=1),
        lambda seed: bb.hessian_along(MODEL, 2.0, 20, [3], 2, seed, rule=RULE, workers=1).descent,
        lambda seed: bb.recovery(MODEL, [2.0], 20, 2, seed, rule=RULE, workers=1),
    ],
    ids=["compare", "methods", "descend", "hessian_along", "recovery"],
)
def test_a_seed_may_be_a_generator_and_is_recorded(run):
    one, expected = run(np.random.default_rng(3)), int(np.random.default_rng(3).integers(2**63))
    assert one.seed == expected
    again, other = run(expected), run(expected + 1)
    assert one.to_dict() == again.to_dict()
    assert not one.to_dataframe().equals(other.to_dataframe())
    for bad in (-1, 1.5, True, "0"):
        with pytest.raises(bb.InvalidInput, match="seed must be"):
            run(bad)
