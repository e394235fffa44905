"""Inputs that are drawn where Lanczos looks at them: the algebra, the law, and large N."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import ks_2samp

import bbpscape as bb
from bbpscape.simulation.dice import draw as dice
from bbpscape.simulation.dice.inputs import DicedInputs
from bbpscape.simulation.dice.lanczos import DicedLanczos

MODELS = {
    "p = 1": bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.5)),
    "p = 2": bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.7)),
    "overlap, noise": bb.TeacherStudent(
        1, 1, bb.losses.AbsoluteNormalizedSquare(0.3), overlap=0.3, labels=bb.Labels(0.1)
    ),
}
N, ALPHA, DRAWS = 14, 3.0, 200


@pytest.mark.parametrize(("M", "p", "directions"), [(60, 1, 1), (60, 2, 2), (60, 3, 3), (20, 1, 1)])
def test_an_exhausted_space_has_the_eigenpairs_of_the_inputs_it_has_seen(M, p, directions):
    generator = np.random.default_rng(0)
    inputs = DicedInputs(M, 30, 3, generator)
    curvature = generator.standard_normal((M, p, p))
    curvature = curvature + curvature.swapaxes(1, 2)
    start = np.zeros((directions, p, 3))
    start[np.arange(directions), np.arange(directions) % p, 0] = 1.0
    lanczos = DicedLanczos(inputs, curvature, start)
    while not lanczos.exhausted:
        lanczos.step()
    X = inputs.columns
    H = np.einsum("mkl,im,jm->kilj", curvature, X, X).reshape(p * inputs.size, -1)
    values, vectors = np.linalg.eigh(H)
    mass = (vectors.reshape(p, inputs.size, -1)[:, 0] ** 2).sum(axis=0)
    found, residuals, weights = lanczos.ritz(p * 30)
    if M < 30:  # H has a null space, of which Lanczos sees one vector
        kept = abs(values) > 1e-9
        values, mass = values[kept], mass[kept]
        seen = abs(found) > 1e-9
        found, weights = found[seen], weights[seen]
    assert found == pytest.approx(values, abs=1e-11)
    assert weights == pytest.approx(mass, abs=1e-11)
    assert not residuals.any()


def test_a_product_with_rows_that_were_asked_for_has_the_length_of_a_gaussian_vector():
    """N |Xᵀv|² ~ χ² of N degrees of freedom; noise along v would add 1."""
    generator, found = np.random.default_rng(1), []
    for _ in range(1500):
        inputs = DicedInputs(5, 40, 1, generator)
        w = np.linalg.qr(generator.standard_normal((5, 2)))[0].T
        inputs.reveal(w)
        found.append(40 * ((w @ inputs.columns.T) ** 2).sum(axis=1))
    mean, error = np.mean(found), np.std(found) / math.sqrt(2 * len(found))
    assert abs(mean - 40) < 4 * error < 0.7


def _samples(model, wrong=None):
    """(lowest eigenvalue, its m²) of diced draws, and of draws that hold their inputs."""
    copies = int(model.p) * model.p_star
    seeds = np.random.SeedSequence(5).spawn(DRAWS)
    diced = [dice.DicedDraw(model, ALPHA, N, seed).lowest(copies) for seed in seeds]
    held = bb.simulate(model, ALPHA, N, DRAWS, seed=7, k=copies, method="dense", workers=1).draws
    return [
        np.array([[one.eigenvalues[0], one.m2[:copies].sum()] for one in ones])
        for ones in (diced, held)
    ]


@pytest.mark.parametrize("name", MODELS)
def test_the_law_is_that_of_inputs_that_are_held(name):
    diced, held = _samples(MODELS[name])
    for column in (0, 1):
        assert ks_2samp(diced[:, column], held[:, column]).pvalue > 0.01


def test_a_wrong_length_of_the_new_direction_is_seen(monkeypatch):
    """The negative control: √N in place of χ_{N − size}."""
    whole = np.random.default_rng

    class Wrong:
        def __init__(self, generator):
            self._generator = generator

        def __getattr__(self, name):
            return getattr(self._generator, name)

        def chisquare(self, df):
            return np.full(np.shape(df), float(N))

    numpy = SimpleNamespace(**{**vars(np), "random": SimpleNamespace(default_rng=None)})
    numpy.random.default_rng = lambda seed: Wrong(whole(seed))
    monkeypatch.setattr(dice, "np", numpy)
    diced, held = _samples(MODELS["p = 1"])
    assert ks_2samp(diced[:, 0], held[:, 0]).pvalue < 1e-6


@pytest.mark.parametrize(
    ("model", "N"),
    [
        (bb.TeacherStudent(1, 1, bb.NormalizedSquare(2.0)), 4000),
        (bb.TeacherStudent(2, 1, bb.NormalizedSquare(1.5)), 1500),
    ],
)
def test_at_a_large_n_the_outlier_is_that_of_theory(model, N):
    alpha = 2.5
    copies = int(model.p) * model.p_star
    theory = bb.spectrum(model, alpha)
    (outlier,) = [one for one in theory.outliers if one.eigenvalue < theory.left_edge.value]
    found = bb.simulate(model, alpha, N, 6, method="dice", tol=1e-4, dtype="float32")
    assert found.status.ok
    lowest = np.array([one.eigenvalues[:copies].mean() for one in found.draws])
    m2 = np.array([one.total_m2 / copies for one in found.draws])
    for values, expected in ((lowest, outlier.eigenvalue), (m2, outlier.teacher_m2)):
        error = values.std(ddof=1) / math.sqrt(len(values))
        assert abs(values.mean() - expected) < 4 * error
        assert error < 0.03


def test_the_largest_overlap_is_that_of_all_eigenvectors():
    model, verdicts = MODELS["p = 1"], []
    for seed in np.random.SeedSequence(3).spawn(20):
        one = dice.DicedDraw(model, 1.8, 60, seed)
        one.lowest(2)
        found = one.largest_overlap().lowest
        lanczos = one._lanczos
        while not lanczos.exhausted:
            lanczos.step()
        masses = lanczos.ritz(60)[2]
        assert found == (masses.argmax() == 0)
        verdicts.append(found)
    assert 2 < sum(verdicts) < 18  # both answers were given


def test_a_study_of_diced_draws(tmp_path):
    model, path = MODELS["p = 1"], tmp_path / "dice.sqlite"
    axes = {"alpha": [1.5, 6.0], "N": 50}
    names = ["lowest", "m2", "phi", "gap", "teacher_mass"]
    study = bb.Study(model, axes, names, 20, seed=2, eigensolver="dice")
    table = study.run(path, workers=1).to_dataframe()
    assert not table["failed"].sum()
    held = bb.Study(model, axes, names, 20, seed=2).run(workers=1).to_dataframe()
    both = table.merge(held, on=["alpha", "observable", "source"])
    both = both[both["source"] == "simulation"]
    z = (both["mean_x"] - both["mean_y"]) / np.hypot(
        both["standard_error_x"], both["standard_error_y"]
    )
    z = z[np.isfinite(z)]
    assert len(z) >= 8
    assert abs(z).max() < 3.5
    with pytest.raises(bb.InvalidInput, match='eigensolver cannot change from "dice" to null'):
        bb.Study(model, axes, names, 40, seed=2).run(path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"stream": True}, "standard Gaussian inputs that are not held"),
        ({"inputs": np.random.default_rng(0).standard_normal((90, 15))}, "that are not held"),
        ({"device": "torch-cpu"}, "runs on the cpu"),
    ],
)
def test_what_the_method_is_not_for(options, words):
    if "device" in options:
        pytest.importorskip("torch")
    N = None if "inputs" in options else 15
    with pytest.raises(bb.InvalidInput, match=words):
        bb.simulate(MODELS["p = 1"], 3.0, N, method="dice", **options)


def test_a_descent_has_no_eigensolver():
    with pytest.raises(bb.InvalidInput, match="for spectra"):
        bb.Study(MODELS["p = 1"], {"alpha": 3.0, "N": 30}, ["descent_m2"], eigensolver="dice")
