"""The law of the inputs: spectra, norms, profiles, names and records."""

import json

import numpy as np
import pytest
from scipy.integrate import quad

import bbpscape as bb
from bbpscape.model.inputs.covariance import (
    Eigenvalues,
    PowerLaw,
    Product,
    covariance,
    read_covariance,
)
from bbpscape.model.inputs.profile import profile
from bbpscape.model.inputs.radial import Atoms, ChiSquare, LogNormal, radial

COVARIANCES = ["isotropic", "power:0.5", "product:0.4", "product:2.0", "1.0,3.0"]
RADIALS = ["gaussian", "chi2:3.0", "chi2:500.0", "lognormal:0.5", "atoms:0.3@0.3,1@0.5,2@0.2"]


@pytest.mark.parametrize("name", COVARIANCES)
def test_a_covariance_has_mean_one_and_is_its_name(name):
    found = covariance(name)
    assert covariance(str(found)) == found
    values = found.values(60)
    assert values.shape == (60,)
    assert (np.diff(values) <= 0).all()
    assert values.mean() == pytest.approx(1, rel=1e-12)
    sigma, weights = found.population(60)
    assert weights.sum() == pytest.approx(1, rel=1e-12)
    assert weights @ sigma == pytest.approx(1, rel=1e-10)


@pytest.mark.parametrize("gamma", [0.3, 1.0, 2.5])
def test_a_product_has_the_law_of_marchenko_and_pastur(gamma):
    c = 1 / gamma
    low, high = (1 - c**0.5) ** 2, (1 + c**0.5) ** 2

    def density(x):
        return np.sqrt((high - x) * (x - low)) / (2 * np.pi * c * x)

    sigma, weights = Product(gamma).population(None)
    for power in (1, 2, 3):
        expected = quad(lambda x, k=power: x**k * density(x), low, high, limit=400)[0]
        assert weights @ sigma**power == pytest.approx(expected, rel=1e-8)
    assert weights[sigma > 0].sum() == pytest.approx(min(1, gamma), rel=1e-12)
    # Quantiles at finite N, and the matrix itself.
    W = np.random.default_rng(1).standard_normal((round(400 * gamma), 400))
    drawn = np.linalg.eigvalsh(W.T @ W / len(W))[::-1]
    assert abs(Product(gamma).values(400) - drawn).max() < 0.03 * drawn.max()


@pytest.mark.parametrize("name", ["chi2:5", "lognormal:0.5", "atoms:0.5@0.5,1.5@0.5", "gaussian"])
def test_a_radial_law_is_told_as_it_was_written(name):
    assert radial(name).label == name


def test_a_file_of_eigenvalues_is_npy(tmp_path):
    sigma = tmp_path / "sigma.npy"
    np.save(sigma, [3.0, 1.0])
    assert read_covariance("covariance", str(sigma)).given == (1.5, 0.5)
    table = tmp_path / "sigma.csv"
    table.write_text("3,1\n")
    with pytest.raises(bb.InvalidInput, match=r"must be a \.npy file of eigenvalues .*sigma\.csv"):
        read_covariance("covariance", str(table))


@pytest.mark.parametrize("name", RADIALS)
def test_a_radial_law_has_mean_one_and_is_its_name(name):
    found = radial(name)
    assert str(radial(str(found))) == str(found)
    tau, weights = found.nodes()
    assert weights.sum() == pytest.approx(1, rel=1e-12)
    assert weights @ tau == pytest.approx(1, rel=1e-9)
    drawn = found.sample(np.random.default_rng(0), 200_000)
    for value in (drawn, drawn**2):
        error = value.std() / len(value) ** 0.5
        power = 1 if value is drawn else 2
        assert abs(value.mean() - weights @ tau**power) <= 4 * error + 1e-12


def test_second_moments_of_the_radial_laws():
    for found, second in (
        (ChiSquare(4), 1.5),
        (ChiSquare(400), 1.005),
        (LogNormal(0.5), 1.2840254),
    ):
        tau, weights = found.nodes()
        assert weights @ tau**2 == pytest.approx(second, rel=1e-5)
    assert Atoms((1.0, 3.0), (3.0, 1.0)).tau == pytest.approx((2 / 3, 2.0))


def test_a_matrix_stands_for_its_eigenvalues():
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    found = covariance(rotation @ np.diag([6.0, 2.0, 1.0]) @ rotation.T)
    assert isinstance(found, Eigenvalues)
    assert found.given == pytest.approx((2.0, 2 / 3, 1 / 3))
    assert PowerLaw(1).values(3) == pytest.approx(np.array([6, 3, 2]) * 3 / 11)


def test_profiles():
    assert profile("top:2").variances(4).tolist() == [2, 2, 0, 0]
    assert profile("source:2").variances(2) == pytest.approx(np.array([1.6, 0.4]))
    assert str(profile("top:2")) == "top:2"
    assert profile("random").random


def test_a_model_keeps_the_law_of_its_inputs():
    inputs = bb.InputLaw("power:0.5", "atoms:0.4@0.5,1.6@0.5", 2.0, "source:1")
    model = bb.TeacherStudent(2, 1, inputs=inputs)
    assert bb.TeacherStudent.from_dict(json.loads(json.dumps(model.to_dict()))) == model
    assert not model.is_reference
    assert model.replace(mean=3).inputs.mean == 3
    assert model.replace(mean=3).inputs.covariance == inputs.covariance
    told = "covariance power:0.5, radial atoms:0.4@0.5,1.6@0.5, mean 2, profile source:1"
    assert told in model.label()
    plain = bb.TeacherStudent(2, 1)
    assert model.identity(3, 100) != plain.identity(3, 100)
    assert "covariance" not in plain.to_dict()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"covariance": "power"}, "covariance must be isotropic, power:BETA"),
        (
            {"covariance": "power:x"},
            "GAMMA.* got 'power:x': beta must be a number, got 'x'",
        ),
        ({"covariance": "power:-1"}, "got 'power:-1': beta must be from 0 to 10"),
        ({"covariance": "product:0"}, "got 'product:0': gamma must be from 0.001"),
        ({"covariance": "1,-1"}, "at least 0"),
        ({"covariance": [[1.0, 2.0], [0.0, 1.0]]}, "symmetric"),
        ({"covariance": [1.0, 1e-20]}, "within 1e"),
        ({"radial": "chi2:0"}, "nu must be from 0.1"),
        ({"radial": "atoms:1@-1"}, "weights above 0"),
        ({"mean": -1}, "mean must be"),
        ({"covariance": "power:1", "profile": "top"}, "profile must be random"),
        ({"covariance": "power:1", "profile": "top:x"}, "top:K.* got 'top:x': K must be a number"),
        ({"covariance": "power:1", "profile": "source:11"}, "got 'source:11': R must be from -10"),
        ({"profile": "top:3"}, "needs a covariance"),
        ({"metric": "cube"}, "metric must be one of"),
    ],
)
def test_what_is_refused(given, told):
    with pytest.raises(bb.InvalidInput, match=told) as caught:
        bb.InputLaw(**given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("covariance", ["isotropic", "power:0", PowerLaw(0.0), "3,3", [2.0], np.eye(3)]),
        ("covariance", ["power:0.5", "power:0.50", "power:5e-1", PowerLaw(0.5)]),
        ("covariance", ["1,2", "2,1", [10.0, 20.0], np.diag([4.0, 2.0])]),
        ("radial", ["gaussian", "atoms:2@3", "1,1", [5.0]]),
        ("radial", ["1,3", "3,1", "atoms:3@1,1@1", "atoms:1@2,3@1,3@1", [2.0, 6.0]]),
    ],
)
def test_one_law_has_one_name(part, names):
    """Its draws are told by it."""
    models = [bb.TeacherStudent(1, 1, inputs=bb.InputLaw(**{part: one})) for one in names]
    assert len({one.identity(4.0, 60) for one in models}) == 1
    assert bb.InputLaw("1,2", profile="source:0") == bb.InputLaw("1,2")


def test_a_power_law_of_too_many_components_has_no_theory():
    with pytest.raises(bb.InvalidInput, match="N must be"):
        PowerLaw(1.0).population(10**9)


def test_a_law_of_many_rows_is_shown_in_a_line():
    rows = np.random.default_rng(0).standard_t(5, (300, 40))
    law = bb.InputLaw.of_data(rows)
    assert "40 eigenvalues" in repr(law)
    assert len(repr(law)) < 200
    assert len(repr(bb.TeacherStudent(2, 1, inputs=law))) < 600
    assert "Eigenvalues(1.5,0.5)" in repr(bb.InputLaw([3.0, 1.0]))
