"""Results of the simulation: exact records, tables, and what they say."""

import json

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.core.result import Result
from bbpscape.simulation.eigen.certificate import Certificate
from bbpscape.simulation.eigen.cost_model import CostModel
from bbpscape.simulation.eigen.lanczos import spectral_density, spectral_measures
from bbpscape.simulation.eigen.lowest_pairs import LowestPairs
from bbpscape.simulation.eigen.signal import largest_overlap

ONE = bb.draw(bb.TeacherStudent(2, 1), 3.0, 40, np.random.default_rng(0))
H = ONE.hessian
PAIRS = bb.lowest(H, 4, method="iterative")
M2 = bb.eigen.teacher_overlap(PAIRS.eigenvectors, ONE.teacher_basis)
RESULTS = {
    "pairs": PAIRS,
    "measure": spectral_measures(H, np.ones((1, 80)), 5)[0],
    "density": spectral_density(H, np.linspace(-2, 2, 5), 0.3, seed=7),
    "largest": largest_overlap(H, PAIRS.eigenvalues, M2, ONE.teacher_basis),
    "cost": CostModel(2, 40, 120, 4),
}


@pytest.mark.parametrize("name", RESULTS)
def test_records_are_exact(name):
    one = RESULTS[name]
    record = json.loads(json.dumps(one.to_dict(), allow_nan=False))
    again = type(one).from_dict(record)
    assert again.to_dict() == one.to_dict()
    assert type(Result.from_dict(record)) is type(one)


@pytest.mark.parametrize("name", RESULTS)
def test_each_says_what_it_is(name):
    one = RESULTS[name]
    assert one.headline() in one.summary()
    assert one.headline() in repr(one)
    assert "<table" in one._repr_html_()


def test_tables():
    frame = RESULTS["density"].to_dataframe()
    assert list(frame) == ["eigenvalue", "density", "standard_error"]
    np.testing.assert_array_equal(frame["density"], RESULTS["density"].density)
    frame = PAIRS.to_dataframe()
    np.testing.assert_array_equal(frame["eigenvalue"], PAIRS.eigenvalues)
    np.testing.assert_array_equal(frame["bound"], PAIRS.bounds)
    frame = RESULTS["measure"].to_dataframe()
    assert frame["weight"].sum() == pytest.approx(1)
    frame = RESULTS["cost"].to_dataframe()
    assert frame["chosen"].tolist() == [True, False]
    assert frame["bytes"].tolist() == [RESULTS["cost"].dense_bytes, RESULTS["cost"].iterative_bytes]


def test_a_compact_record_leaves_the_vectors_out():
    record = PAIRS.to_dict(compact=True)
    assert "eigenvectors" not in record
    with pytest.raises(bb.InvalidInput, match="'eigenvectors'"):
        LowestPairs.from_dict(record)


def test_a_generator_is_a_seed_and_the_record_has_the_number():
    generator = np.random.default_rng(4)
    found = spectral_density(H, [0.0], 0.3, seed=generator)
    assert found.seed == int(np.random.default_rng(4).integers(2**63))
    again = spectral_density(H, [0.0], 0.3, seed=found.seed)
    np.testing.assert_array_equal(again.density, found.density)


def changed(**values):
    return LowestPairs(
        **{name: getattr(PAIRS, name) for name in PAIRS.__dataclass_fields__} | values
    )


def test_a_bad_result_says_so():
    assert PAIRS.status.ok
    assert "none missed" in PAIRS.summary()
    missed = changed(certificate=Certificate("inertia", False, 5, 0.0))
    assert "missed" in missed.status.problem
    assert "MISSED ONE" in missed.summary()
    loose = changed(converged=False, residuals=PAIRS.residuals + 1.0)
    assert "above" in loose.status.problem
    rounded = changed(converged=False, bounds=PAIRS.bounds + 100.0)
    assert "up to 1e+02" in rounded.status.problem
