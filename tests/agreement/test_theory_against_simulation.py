"""Theory against diagonalization, in models with and without an outlier.

Deviations of order 1/N are below the standard errors at a continuous transition. At a discontinuous
one the N → ∞ theory is approached as 1/log N only, and each draw is compared with what its own
labels predict.
"""

import dataclasses
import functools
from dataclasses import dataclass

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.experiments.compare import Comparison
from bbpscape.theory.finite.label_sampled import label_sampled_law
from bbpscape.theory.law import TEACHER
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.scalar.edges import left_edge
from bbpscape.theory.scalar.outliers import left_outlier

LIMIT = 4.0


@dataclass(frozen=True)
class Case:
    """A model at one α, and the theory that its finite N is compared with."""

    p: int
    p_star: int
    a: float
    alpha: float
    N: int
    draws: int
    finite_size: bool = False

    @property
    def model(self) -> bb.TeacherStudent:
        return bb.TeacherStudent(self.p, self.p_star, bb.NormalizedSquare(self.a))


INFORMED = {
    "default": Case(2, 1, 0.01, 3.0, 300, 20),
    "phase retrieval": Case(1, 1, 0.01, 6.0, 500, 20),
    "three neurons": Case(3, 1, 0.1, 3.0, 200, 20),
    "six neurons": Case(6, 1, 0.05, 2.5, 120, 16),
    "wide teacher": Case(2, 2, 0.1, 15.0, 200, 40),
    "wider teacher": Case(2, 3, 0.5, 30.0, 300, 16),
    "discontinuous, p = 1": Case(1, 1, 2.0, 4.0, 500, 20, finite_size=True),
    "discontinuous, p = 3": Case(3, 1, 1.0, 3.0, 200, 20, finite_size=True),
    "discontinuous, p* = 2": Case(2, 2, 4.0, 9.0, 250, 20, finite_size=True),
}
UNINFORMED = {
    "continuous, below": Case(2, 1, 0.01, 1.0, 300, 20),
    "fewer samples than inputs": Case(3, 1, 0.1, 0.4, 200, 20),
    "wide teacher, below": Case(2, 2, 0.1, 1.5, 250, 20),
}


@functools.cache
def compare(case: Case) -> Comparison:
    return bb.compare(case.model, case.alpha, N=case.N, draws=case.draws, seed=1)


@pytest.mark.parametrize("case", INFORMED.values(), ids=INFORMED.keys())
def test_outlier_overlap_and_edge_region(case):
    result = compare(case)
    expected = bb.threshold(case.model)
    assert expected.transition == ("discontinuous" if case.finite_size else "continuous")
    rows = {row.quantity.split()[0]: row for row in result.rows}
    outlier, m2, fraction = rows["teacher"], rows["its"], rows["fraction"]

    # The errors are small enough for the agreement to mean something.
    gap = result.theory.left_edge.value - outlier.theory
    assert outlier.standard_error < 0.3 * gap
    assert m2.standard_error < 0.1 * m2.theory
    for row in (outlier, m2):
        assert abs(row.z_finite_size if case.finite_size else row.z) < LIMIT, row
    assert abs(fraction.z) < LIMIT, fraction


@pytest.mark.parametrize("case", UNINFORMED.values(), ids=UNINFORMED.keys())
def test_no_outlier_below_the_transition(case):
    result = compare(case)
    assert not result.theory.outliers
    rows = {row.quantity.split()[0]: row for row in result.rows}
    assert rows["m2,"].measured < 20 * case.p_star / case.N
    assert abs(rows["fraction"].z) < LIMIT
    # A sharp edge and its Tracy–Widom shift, to the N^(−2/3) that they are good for.
    lowest = rows["lowest"]
    assert abs(lowest.measured - lowest.theory) < LIMIT * lowest.standard_error + 0.03


def test_z_spreads_as_a_standard_score_does():
    """Over all models and quantities: errors √n too large or too small would be seen."""
    scores, wrong = [], []
    for case in (*INFORMED.values(), *UNINFORMED.values()):
        for row in compare(case).rows:
            z = row.z_finite_size if case.finite_size and row.z_finite_size else row.z
            if z is not None and row.theory != 0:
                scores.append(z)
                wrong.append(z / case.draws**0.5)
    assert len(scores) > 25
    assert 0.7 < np.sqrt(np.mean(np.square(scores))) < 1.5
    assert not 0.7 < np.sqrt(np.mean(np.square(wrong))) < 1.5


def test_outliers_come_in_multiplets_of_p_times_p_star():
    case = Case(3, 2, 0.05, 40.0, 150, 4)
    result = compare(case)
    (outlier,) = result.theory.outliers
    assert outlier.multiplicity == 6
    lowest = result.eigenvalues[:, :7]
    spread = lowest[:, 5] - lowest[:, 0]
    assert (lowest[:, 6] - lowest[:, 5] > 1.5 * spread).all()
    assert (result.m2[:, :6] > 0.5).all()
    assert (result.m2[:, 6] < 0.2).all()


# --- negative controls: the same checks refuse wrong formulas -----------------------------------


def test_the_wrong_curvature_is_refused():
    """Dropping the branch f_1 = (2/p)(3r − y)/(a + y) moves every number by many errors."""
    case = INFORMED["default"]
    result = compare(case)
    wrong = bb.spectrum(dataclasses.replace(case.model, p=200), case.alpha)
    unit = case.model.curvature_unit / wrong.model.curvature_unit
    (outlier,) = wrong.outliers
    measured, m2 = result.rows[0], result.rows[1]
    assert abs(measured.measured - unit * outlier.eigenvalue) > LIMIT * measured.standard_error
    assert abs(m2.measured - outlier.m2) > LIMIT * m2.standard_error


class WithoutTheThree(CommitteeLaw):
    """f₁ = f₀: the curvature along λ, of weight 1/p, is given to the other branch."""

    def _direction(self, name):
        weights, r_power, y_power = super()._direction(name)
        return (sum(weights), 0.0), r_power, y_power


class UndividedTeacher(CommitteeLaw):
    """The p* teacher directions share one y: each is given p* of it."""

    def moments(self, g, order, directions=("bulk",)):
        result = super().moments(g, order, directions)
        rows = [i for i, name in enumerate(directions) if name == TEACHER]
        result[rows] *= self.model.p_star
        return result


@pytest.mark.parametrize("name", ["default", "three neurons", "phase retrieval"])
def test_a_curvature_without_its_factor_three_is_refused(name):
    case, result = INFORMED[name], compare(INFORMED[name])
    law = WithoutTheThree(case.model)
    outlier = left_outlier(law, case.alpha, left_edge(law, case.alpha), TEACHER)
    row = result.rows[0]
    assert abs(row.measured - outlier.eigenvalue) > LIMIT * row.standard_error
    # The same law with the factor is the theory that passes.
    law = CommitteeLaw(case.model)
    outlier = left_outlier(law, case.alpha, left_edge(law, case.alpha), TEACHER)
    assert outlier.eigenvalue == pytest.approx(row.theory, rel=1e-12)


@pytest.mark.parametrize("name", ["default", "three neurons", "wide teacher"])
def test_an_overlap_without_the_weight_y_is_refused(name):
    """m² = 1/(1 − dΣ/dz) with the bulk's own Σ = α E⟨f/(1 − g f)⟩ is 1 − α g² E⟨(f/(1 − g f))²⟩."""
    case, result = INFORMED[name], compare(INFORMED[name])
    (outlier,) = [one for one in result.theory.outliers if one.direction == TEACHER]
    second = CommitteeLaw(case.model).moments(outlier.g, 2)[0, 1]
    row = result.rows[1]
    wrong = 1 - case.alpha * outlier.g**2 * second
    assert abs(row.measured - wrong) > LIMIT * row.standard_error


@pytest.mark.parametrize("name", ["wide teacher", "wider teacher"])
def test_a_teacher_weight_that_ignores_p_star_is_refused(name):
    case, result = INFORMED[name], compare(INFORMED[name])
    law = UndividedTeacher(case.model)
    outlier = left_outlier(law, case.alpha, left_edge(law, case.alpha), TEACHER)
    row = result.rows[0]
    assert outlier is None or abs(row.measured - outlier.eigenvalue) > LIMIT * row.standard_error


def test_the_wrong_signal_weight_is_refused():
    """Ignoring that u² = y along the teacher leaves no outlier: the weight is what makes it."""
    case = INFORMED["default"]
    rng = np.random.default_rng(0)
    y, r = rng.chisquare(1, 20_000), rng.chisquare(2, 20_000) / 2
    law = label_sampled_law(case.model, r, y)
    moments = law.moments(-0.25, 1, ("bulk", "teacher"))[:, 0]
    assert case.alpha * -0.25 * (moments[1] - moments[0]) > 0.5
    blind = dataclasses.replace(law, along={"teacher": np.ones(law.atoms.size)})
    moments = blind.moments(-0.25, 1, ("bulk", "teacher"))[:, 0]
    assert moments[1] - moments[0] == pytest.approx(0, abs=1e-12)


def test_a_teacher_of_another_width_is_refused():
    case = INFORMED["wide teacher"]
    result = compare(case)
    wrong = bb.spectrum(dataclasses.replace(case.model, p_star=1), case.alpha)
    outlier, m2 = result.rows[0], result.rows[1]
    assert abs(outlier.measured - wrong.outliers[0].eigenvalue) > LIMIT * outlier.standard_error
    assert abs(m2.measured - wrong.outliers[0].m2) > LIMIT * m2.standard_error
