"""Figure 17: the exponent of an edge and the jump of the overlap."""

import numpy as np
import pytest
from figures.figure17.power_edge import PowerEdge
from figures.kit import HERE, Data, column, rows

import bbpscape as bb

GAP = 4.0  # standard errors


@pytest.mark.parametrize(("kappa", "eta"), [(0.5, 0.0), (4.0, 0.0), (2.5, 1.0)])
@pytest.mark.parametrize("g", [-0.7, -1.3 - 0.3j, 0.5 - 0.01j])
def test_the_moments_are_integrals(kappa, eta, g):
    law = PowerEdge(kappa, 0.8, eta)
    found = law.moments(np.array(g), 2, ("bulk", "teacher"))

    # In x = √t the powers are whole, and Gauss's rule exact to rounding away from the cut.
    nodes, weights = np.polynomial.legendre.leggauss(300)
    x, weights = (1 + nodes) / 2, weights / 2
    density, t = weights * (kappa + 1) * 2 * x ** (2 * kappa + 1), x**2
    ratio = (t - 1) / (1 - g * (t - 1))
    expected = [[density * w @ ratio**k for k in (1, 2)] for w in (1 + 0 * t, law.variance(t))]
    np.testing.assert_allclose(found, expected, rtol=1e-8)
    log = density @ np.log(1 - g * (t - 1))
    assert abs(law.log_moment(np.array(g)) - log) < 1e-9


# ω (κ + 1) κ (κ − 1) = 2 (κ − η)(κ − η + 1) at κ_c.
@pytest.mark.parametrize(
    ("omega", "eta", "critical"),
    [(1.0, 0.0, 3.0), (0.5, 1.0, 3.0), (0.25, 1.0, 7.0), (1.0, 0.5, 2.3364)],
)
def test_the_critical_exponent_depends_on_where_the_signal_is(omega, eta, critical):
    """κ_c = 1 + 2/ω for w − 1 = ω, but 2/ω − 1 for w − 1 = ω/(1 − s)."""
    for kappa in (critical - 0.01, critical + 0.01):
        law = PowerEdge(kappa, omega, eta)
        found, (alpha, jump) = bb.threshold(law), law.transition
        assert found.transition == ("continuous" if kappa < critical else "discontinuous")
        if kappa > critical:
            assert found.alpha_bbp == pytest.approx(alpha, rel=1e-9)
            assert found.m2_jump == pytest.approx(jump, rel=1e-7)


def test_figure17_the_jump_begins_at_the_critical_exponent(data):
    for row in rows(data.tables["transitions"]):
        omega, kappa = row["omega"], row["kappa"]
        jumps = kappa > 1 + 2 / omega
        assert row["transition"] == ("discontinuous" if jumps else "continuous")
        if jumps:
            assert row["alpha_bbp"] == pytest.approx(kappa / omega, rel=1e-8)
        jump = max(0.0, (omega * (kappa - 1) - 2) / (omega * (kappa + 1)))
        assert row["m2_jump"] == pytest.approx(jump, abs=1e-8)


def test_figure17_the_density_at_the_transition_has_one_of_two_powers(data):
    for kappa in data.parameters["kappas"]:
        found = rows(data.tables["edges"], kappa=kappa)[:4]
        depth, rho = (np.log([row[name] for row in found]) for name in ("depth", "rho"))
        power = 0.5 if kappa < 3 else kappa
        assert np.polyfit(depth, rho, 1)[0] == pytest.approx(power, rel=0.05)


def test_figure17_simulation_jumps_as_the_theory_does(data):
    table = data.tables["toy"]
    found = [row for row in rows(table) if row["ratio"] >= (1.5 if row["kappa"] < 3 else 1.0)]
    gap = [(row["mean"] - row["theory"]) / row["standard_error"] for row in found]
    assert np.abs(gap).max() < GAP
    # The theory of another exponent does not.
    other = {row["ratio"]: row["theory"] for row in rows(table, kappa=2.0)}
    moved = [
        (row["mean"] - other[row["ratio"]]) / row["standard_error"]
        for row in rows(table, kappa=6.0)
        if row["ratio"] >= 1
    ]
    assert min(moved) > GAP


def test_figure17_the_law_narrows_about_the_jump(data):
    """At α_BBP m² of label-sampled draws has one mode, at the jump; what is spread is 1/√N."""
    levels = data.parameters["levels"]
    low, middle, high = (levels.index(level) for level in (0.05, 0.5, 0.95))
    found = rows(data.tables["law"], source="labels", place="at")
    jump = bb.threshold(bb.TeacherStudent(1, 1, bb.NormalizedSquare(2.0))).m2_jump
    width = np.array([row["m2"][high] - row["m2"][low] for row in found])
    assert found[-1]["m2"][middle] == pytest.approx(jump, abs=width[-1])
    ratio = width[:-1] / width[1:]
    assert ((ratio > 1.5) & (ratio < 7)).all()
    below = column(data.tables["law"], "probability", source="labels", place="below")
    if data.size == "full":
        assert max(below) - below[-1] > 0.5


def test_figure04_the_line_through_m2_reaches_0_below_half_of_the_draws(data):
    for row in rows(data.tables["sizes"]):
        for name in ("narrow", "wide"):
            error = np.hypot(row["standard_error"], row[f"{name}_error"])
            # By a thousandth it is none, at N = 10⁷, p = 2.
            assert row["alpha_half"] - row[name] > -3 * error - 0.0015
            if data.size == "full" and row["case"] == "p = 1, a = 2":
                assert row["alpha_half"] - row[name] > 3 * error


def test_figure08_tanh_at_its_thresholds():
    """At N = 250 each draw is what its own coordinates say; beyond α_BBP N = 1000 is the limit."""
    near = Data.read(HERE / "figure08" / "data.json").tables["near"]
    assert np.abs(column(near, "z")[::2]).max() < GAP
    for row in rows(near, N=1000, alpha=6.0):
        assert abs(row["mean"] - row["theory"]) < GAP * row["standard_error"]
