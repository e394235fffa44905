"""The finite-N law and its table over N: draws, seeds, limits, records, refusals."""

import json
import math

import numpy as np
import pytest

from bbpscape.core.checks import InvalidInput
from bbpscape.core.report import with_error
from bbpscape.model.losses import NormalizedSquare, Square
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.finite import draws as draws_module
from bbpscape.theory.finite.draws import over_draws, sample_labels
from bbpscape.theory.finite.half_point import half_alpha, half_n
from bbpscape.theory.finite.law import finite_size_law
from bbpscape.theory.finite.scaling import finite_size
from bbpscape.theory.finite.truncated import truncated_threshold
from bbpscape.theory.spectrum import spectrum
from bbpscape.theory.threshold import threshold


def model_of(p, p_star, a):
    return TeacherStudent(p=p, p_star=p_star, loss=NormalizedSquare(a=a))


TRIAL = model_of(1, 1, 2.0)


MODELS = [TRIAL, model_of(1, 1, 0.01), model_of(2, 1, 0.01), model_of(3, 2, 1.0)]


def test_the_labels_of_a_larger_draw_begin_with_those_of_a_smaller_one():
    for model in MODELS:
        for short, long in zip(
            sample_labels(model, 100, 7, 3), sample_labels(model, 300, 7, 3), strict=True
        ):
            np.testing.assert_array_equal(short, long[:100])
            assert abs(long.mean() - 1) < 0.5


def test_the_seed_alone_decides():
    one = finite_size_law(TRIAL, 1.2, 3000, draws=12, seed=4, workers=1)
    many = finite_size_law(TRIAL, 1.2, 3000, draws=12, seed=4, workers=3)
    assert one.to_dict() == many.to_dict()
    fewer = finite_size_law(TRIAL, 1.2, 3000, draws=5, seed=4)
    np.testing.assert_array_equal(fewer.samples["lowest"], one.samples["lowest"][:5])
    other = finite_size_law(TRIAL, 1.2, 3000, draws=12, seed=5)
    assert other.left_edge != one.left_edge
    points = [half_alpha(TRIAL, 500, draws=20, workers=workers) for workers in (1, 2)]
    assert points[0].to_dict() == points[1].to_dict()


def test_a_generator_is_a_seed():
    """One number of its stream is the seed of all draws, of every N and every α that is tried."""

    def rng():
        return np.random.default_rng(8)

    seed = int(rng().integers(2**63))
    law = finite_size_law(TRIAL, 1.2, 300, draws=4, seed=rng())
    assert law.seed == seed
    expected = finite_size_law(TRIAL, 1.2, 300, draws=4, seed=seed)
    assert law.to_dict() == expected.to_dict()
    assert half_alpha(TRIAL, 300, 8, rng()).to_dict() == half_alpha(TRIAL, 300, 8, seed).to_dict()
    both = finite_size(TRIAL, 1.2, [100, 300], 4, rng())
    assert {one.seed for one in (*both.laws, *both.half)} == {seed}
    assert both.laws[1].to_dict() == expected.to_dict()


@pytest.mark.parametrize("model", [model_of(2, 1, 0.01), model_of(3, 2, 1.0), TRIAL])
def test_it_converges_to_the_infinite_n_theory(model):
    alpha, N = 2 * threshold(model).alpha_bbp, 10**5
    law = finite_size_law(model, alpha, N, draws=12)
    expected = next(o for o in spectrum(model, law.alpha).outliers if o.direction == "teacher")
    assert law.probability == 1
    for found, value in ((law.outlier, expected.eigenvalue), (law.m2, expected.m2)):
        assert abs(found.mean - value) < 4 * found.standard_error + 1e-4
    # Negative control: a 2 % error in alpha is seen.
    off = next(o for o in spectrum(model, 1.02 * alpha).outliers if o.direction == "teacher")
    assert abs(law.m2.mean - off.m2) > 4 * law.m2.standard_error + 1e-4


def test_a_law_is_what_its_samples_say():
    law = finite_size_law(TRIAL, 1.0, 300, draws=30)
    found = law.samples["outlier"][np.isfinite(law.samples["outlier"])]
    assert 0 < found.size < 30
    assert law.probability == found.size / 30
    q = (found.size + 1) / 32
    assert law.probability_standard_error == pytest.approx(math.sqrt(q * (1 - q) / 30))
    assert law.outlier.count == law.m2.count == found.size
    assert law.lowest.count == law.left_edge.count == law.m2_lowest.count == 30
    assert law.outlier.mean == pytest.approx(found.mean(), rel=1e-14)
    assert law.outlier.standard_error == pytest.approx(found.std(ddof=1) / math.sqrt(found.size))
    assert law.left_edge.quantiles == {
        level: float(np.quantile(law.samples["left_edge"], level))
        for level in (0.05, 0.25, 0.5, 0.75, 0.95)
    }
    frame = law.to_dataframe()
    assert len(frame) == 30
    assert frame["m2_lowest"].mean() == pytest.approx(law.m2_lowest.mean)
    row = next(line for line in law.summary().splitlines() if line.startswith("lowest"))
    assert row.split()[-4:-1] == [
        f"{np.quantile(law.samples['lowest'], level):.5g}" for level in (0.05, 0.5, 0.95)
    ]
    none = finite_size_law(TRIAL, 0.1, 3000, draws=3)
    assert (none.probability, none.outlier.mean, none.outlier.quantiles) == (0.0, None, None)


def test_the_law_is_for_the_samples_there_are():
    law = finite_size_law(TRIAL, 1.234, 100, draws=2)
    assert (law.N, law.M, law.alpha) == (100, 123, 1.23)


def test_one_draw_has_no_error():
    law = finite_size_law(TRIAL, 1.2, 300, draws=1)
    assert (law.left_edge.standard_error, law.left_edge.count) == (None, 1)
    both = finite_size(TRIAL, 1.2, 300, draws=1)
    assert both.half[0].standard_error is None
    assert half_n(TRIAL, 1.2, draws=1).standard_error is None
    assert np.isnan(both.to_dataframe()["half_alpha_standard_error"][0])
    assert f"  {both.half[0].alpha:.4g}  " in both.summary()
    both.plot()


RESULTS = {
    "law": lambda: finite_size_law(TRIAL, 0.6, 100, draws=8),
    "scaling": lambda: finite_size(TRIAL, N=[100, 200], draws=8),
    "half alpha": lambda: half_alpha(TRIAL, 100, draws=8),
    "half N": lambda: half_n(TRIAL, 1.2, draws=8),
    "truncated": lambda: truncated_threshold(TRIAL, 100),
}


@pytest.mark.parametrize("name", RESULTS)
def test_records_are_exact_and_say_what_they_are(name):
    result = RESULTS[name]()
    text = json.dumps(result.to_dict(), allow_nan=False)
    assert json.dumps(type(result).from_dict(json.loads(text)).to_dict()) == text
    compact = result.to_dict(compact=True)
    assert "samples" not in json.dumps(compact, allow_nan=False)
    assert "p = 1, p* = 1, a = 2" in result.headline()
    assert " ".join(result.summary().split()).startswith(result.headline())
    assert result.status.ok


def test_the_table_of_sizes():
    result = finite_size(TRIAL, N=[100, 200], draws=8)
    assert result.alpha == threshold(TRIAL).alpha_bbp
    frame = result.to_dataframe()
    assert frame["N"].tolist() == [100, 200]
    assert frame["probability"].tolist() == [law.probability for law in result.laws]
    assert frame["left_edge"].tolist() == [law.left_edge.mean for law in result.laws]
    for name in ("left_edge", "m2_lowest"):
        errors = [getattr(law, name).standard_error for law in result.laws]
        assert frame[f"{name}_standard_error"].tolist() == errors
    assert frame["half_alpha"].tolist() == [point.alpha for point in result.half]
    assert frame["truncated_alpha"].tolist() == [
        truncated_threshold(TRIAL, N).alpha_bbp for N in (100, 200)
    ]
    lines = result.summary().splitlines()
    assert lines[1].startswith("N → ∞: alpha_bbp = 1.69042 (discontinuous), alpha_0 = 1.06")
    assert lines[4].split()[0] == "100"
    assert with_error(result.half[0].alpha, result.half[0].standard_error) in lines[4]
    assert finite_size(TRIAL, N=200, draws=8).laws[0].to_dict() == result.laws[1].to_dict()


def test_default_sizes(monkeypatch):
    from bbpscape.theory.finite import scaling

    seen = []
    monkeypatch.setattr(scaling, "finite_size_law", lambda model, alpha, N, *rest: seen.append(N))
    monkeypatch.setattr(scaling, "half_alpha", lambda *rest: None)
    told = []
    finite_size(TRIAL, progress=lambda *done: told.append(done))
    assert seen == [100, 1000, 10_000, 100_000]
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_draws_are_the_same_in_every_version():
    """Draw 3 of seed 7: results of one version are compared with those of another."""
    r, y = sample_labels(model_of(2, 1, 0.01), 2, 7, 3)
    assert y == pytest.approx([3.055879809086134, 2.054786993691783], rel=1e-12)
    assert r == pytest.approx([0.8880538792985457, 0.09868484277269386], rel=1e-12)


@pytest.mark.parametrize(("M", "expected"), [(10, 6), (3, 6), (50, 2), (99, 1), (100, 1)])
def test_workers_by_default_hold_no_more_labels_than_one_draw_may(monkeypatch, M, expected):
    counts = []

    class Pool(draws_module.ThreadPoolExecutor):
        def __init__(self, count):
            counts.append(count)
            super().__init__(1)

    monkeypatch.setattr(draws_module, "ThreadPoolExecutor", Pool)
    monkeypatch.setattr(draws_module, "MOST_SAMPLES", 100)
    monkeypatch.setattr(draws_module.os, "cpu_count", lambda: 6)
    assert over_draws(lambda draw: draw, 8, M, None) == list(range(8))
    assert counts == ([expected] if expected > 1 else [])
    # What is asked for is given, but no more than there are draws.
    assert over_draws(lambda draw: draw, 3, M, 5) == [0, 1, 2]
    assert counts[-1] == 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: finite_size_law(model_of(math.inf, 1, 1.0), 1.0, 100), "p must be finite"),
        (lambda: finite_size_law(TRIAL, 1e-3, 100), "from 1 to"),
        (lambda: finite_size_law(TRIAL, 1.0, 10**9), "from 1 to"),
        (lambda: finite_size_law(TRIAL, 1.0, 10**200), "from 1 to"),
        (lambda: finite_size_law(TRIAL, 1e300, 10**200), "from 1 to"),
        (lambda: finite_size_law(TRIAL, math.inf, 100), "alpha"),
        (lambda: finite_size_law(TRIAL, 1.0, 100, draws=0), "draws"),
        (lambda: finite_size_law(TRIAL, 1.0, 100, draws=10**12), "draws must be from 1 to 1e"),
        (lambda: finite_size(TRIAL, draws=10**12), "draws must be from 1 to 1e"),
        (lambda: half_alpha(TRIAL, 100, draws=10**12), "draws must be from 1 to 1e"),
        (lambda: half_n(TRIAL, 1.2, draws=10**12), "draws must be from 1 to 1e"),
        (lambda: half_alpha(TRIAL, 10**10, draws=2), "alpha N must be from 1 to 2e.08 samples"),
        (lambda: finite_size(TRIAL, N=[100, 10**9]), "from 1 to"),
        (lambda: finite_size(TRIAL, 0.01, N=[100, 10**9]), "from 1 to .* got 1.45"),
        (lambda: finite_size(TRIAL, "x"), "alpha must be a number"),
        (lambda: finite_size(TRIAL, N=[100, 0]), "N must be a positive integer"),
        (lambda: finite_size(TRIAL, seed="x"), "seed"),
        (lambda: finite_size_law(model_of(1, 30, 1.0), 2.0, 30), "N must be above p_star = 30"),
        (lambda: half_n(model_of(1, 60, 1.0), 0.5, draws=2), "no N from 61 to"),
        (lambda: half_alpha(model_of(1, 30, 1.0), 30), "N must be above p_star = 30"),
        (lambda: truncated_threshold(model_of(1, 30, 1.0), 30), "N must be above p_star = 30"),
        (lambda: finite_size(model_of(math.inf, 1, 1.0)), "p must be finite"),
        (lambda: finite_size(TeacherStudent(5, 1, Square())), "p must be at most 4"),
        (lambda: truncated_threshold(TeacherStudent(2, 1, Square()), 9), "needs the quadratic"),
        (lambda: finite_size_law(TRIAL, 1.0, 100, seed=-1), "seed"),
        (lambda: finite_size_law(TRIAL, 1.0, 100, workers=0), "workers"),
        (lambda: finite_size(TRIAL, N=[]), "N must list"),
        (lambda: half_n(TRIAL, -1.0), "alpha"),
        (lambda: truncated_threshold(model_of(math.inf, 1, 1.0), 100), "p must be finite"),
    ],
)
def test_bad_input_is_one_line(call, message):
    with pytest.raises(InvalidInput, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
