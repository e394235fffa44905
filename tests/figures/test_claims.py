"""The figures' data say what figures/README.md says: as committed, and computed anew, small."""

import dataclasses
import math

import numpy as np
import pytest
from figures.claims import (
    activation_gaps,
    density_gap,
    descent_crossing,
    gaps,
    lowest_gap,
    online_gaps,
    online_hessian_gaps,
    overlap_gaps,
)
from figures.descent_panels import widths_of
from figures.kit import column, rows, table_of
from figures.meeting import outlier_crossings, phi_collapse, phi_trend
from figures.together import phi_meeting

import bbpscape as bb

GAP = 4.0  # standard errors


def values(data, table, name, **wanted):
    return np.array(column(data.tables[table], name, **wanted))


def test_figure01_overlap_follows_the_theory(data):
    for case, jump in (("continuous", 0.0), ("discontinuous", 0.1097650852)):
        assert np.abs(overlap_gaps(data, case, 1.5)).max() < GAP
        assert np.abs(overlap_gaps(data, case, 1.5, data.parameters["N"][-1])).max() < GAP
        (law,) = rows(data.tables["thresholds"], case=case)
        assert law["transition"] == case
        assert law["m2_jump"] == pytest.approx(jump, rel=1e-8)


def test_figure01_theory_of_another_loss_does_not(committed):
    """Negative control: the theory of a = 0.01."""
    model = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.01))
    alpha = sorted({*column(committed.tables["theory"], "alpha", case="continuous")})
    m2 = bb.overlap_curve(model, alpha).m2.tolist()
    data = dataclasses.replace(committed, tables=dict(committed.tables))
    for case in ("continuous", "discontinuous"):
        names = [case] * len(alpha)
        data.tables["theory"] = {"case": names, "alpha": alpha, "m2": m2}
        assert np.abs(overlap_gaps(data, case, 1.5, data.parameters["N"][-1])).max() > GAP


@pytest.mark.parametrize("p_star", [1, 2])
def test_figure02_minimum_at_the_critical_loss(data, beside, p_star):
    if p_star == 2:
        data = beside("figure06")
    over_a = data.tables["over_a"]
    for row in rows(over_a, p="inf"):
        assert row["alpha_bbp"] == pytest.approx(p_star * (row["a"] + 1) / 2, rel=1e-8)
        assert row["transition"] == "discontinuous"
    for row in rows(data.tables["minima"]):
        found = rows(over_a, p=row["p"])
        for one in found:
            wanted = "continuous" if one["a"] < row["a_critical"] else "discontinuous"
            assert one["transition"] == wanted
        below = [one["alpha_bbp"] for one in found]
        assert min(below) >= row["alpha_minimum"] * (1 - 1e-9)
        # Beyond a_c it rises, and almost linearly: the slope tends to p*/2.
        above = [one for one in found if one["a"] > row["a_critical"]]
        slopes = np.diff([one["alpha_bbp"] for one in above]) / np.diff([one["a"] for one in above])
        assert (slopes > 0).all()
        assert slopes[-1] == pytest.approx(p_star / 2, rel=0.1)


def test_figure02_width_lowers_the_threshold_until_it_is_discontinuous(data, beside):
    for figure in (data, beside("figure06")):
        for a in figure.parameters["a"]:
            found = [row for row in rows(figure.tables["over_p"], a=a) if row["p"] != "inf"]
            smooth = [row["alpha_bbp"] for row in found if row["transition"] == "continuous"]
            jumps = [row["alpha_bbp"] for row in found if row["transition"] == "discontinuous"]
            assert [row["alpha_bbp"] for row in found] == smooth + jumps
            assert (np.diff(smooth) < 0).all()
            if a < 1 and len(jumps) > 1:
                assert (np.diff(jumps) > 0).all()
            for row in found:
                assert row["alpha_0"] <= row["alpha_bbp"] * (1 + 1e-9)


def test_figure03_phi(data):
    thresholds = {row["case"]: row for row in rows(data.tables["thresholds"])}
    assert thresholds["continuous"]["alpha_bbp"] == pytest.approx(1.3796, abs=5e-5)
    assert thresholds["discontinuous"]["alpha_bbp"] == pytest.approx(1.6904168238, rel=1e-9)
    N = data.parameters["N"][0]
    for case in ("continuous", "discontinuous"):
        first, *_, last = rows(data.tables["phi"], case=case, N=N)
        error = math.hypot(first["standard_error"], last["standard_error"])
        assert last["mean"] - first["mean"] > (GAP if data.size == "full" else -2) * error


def test_figure03_curves_meet_at_the_threshold_only_where_it_is_continuous(committed):
    """φ of all N at once, and the probability of an outlier at successive N."""
    for case in ("continuous", "discontinuous"):
        (law,) = rows(committed.tables["thresholds"], case=case)
        every, alpha = phi_collapse(committed, case), law["alpha_bbp"]
        met = [one for one in outlier_crossings(committed, case) if math.isfinite(one.alpha)]
        assert len(met) >= 3
        both = phi_meeting(committed, case)
        assert every.p_value > 0.01
        assert every.standard_error < 0.025 * alpha
        if case == "continuous":
            assert abs(every.alpha - alpha) < min(2 * every.standard_error, 0.05 * alpha)
            assert abs(both.alpha - alpha) < min(2 * both.standard_error, 0.05 * alpha)
            for one in met[1:]:
                assert abs(one.alpha - alpha) < min(2.5 * one.standard_error, 0.05 * alpha)
            assert abs(met[-1].alpha - alpha) < 0.002 * alpha
        else:
            assert every.alpha + 10 * every.standard_error < alpha
            assert both.alpha + 10 * both.standard_error < alpha
            assert all(0.5 * alpha < one.alpha < 0.75 * alpha for one in met)


def test_figure03_phi_at_the_threshold(committed):
    """It stays where it is, or goes to 1: slope in log N of φ at the α nearest to α_BBP."""
    slope, error = phi_trend(committed, "continuous")
    assert abs(slope) < 3 * error
    slope, error = phi_trend(committed, "discontinuous")
    assert slope > GAP * error


def test_figure03_half_of_the_sampled_labels(data):
    """α_½ of a continuous case comes to α_BBP; of a discontinuous one it is far below, and creeps
    up. Half of the draws have an outlier there."""
    for case in ("continuous", "discontinuous"):
        (law,) = rows(data.tables["thresholds"], case=case)
        half = rows(data.tables["half"], case=case)
        for row in half:
            curve = rows(data.tables["outlier"], case=case, N=row["N"])
            alpha, probability = zip(*((r["alpha"], r["probability"]) for r in curve), strict=True)
            assert abs(np.interp(row["alpha_half"], alpha, probability) - 0.5) < 0.1
        if data.size == "full":
            last, second = half[-1], half[2]
            off = abs(last["alpha_half"] - law["alpha_bbp"])
            if case == "continuous":
                assert off < max(3 * last["standard_error"], 0.002 * law["alpha_bbp"])
            else:
                assert off > 0.2 * law["alpha_bbp"]
                error = math.hypot(last["standard_error"], second["standard_error"])
                assert last["alpha_half"] > second["alpha_half"] + 5 * error


def test_figure04_onset_falls_with_the_width(data):
    for a in data.parameters["a"]:
        found = rows(data.tables["onset"], a=a)
        tangent = [row["tangent"] for row in found]
        assert (np.diff(tangent) < 0).all()
        if a == 1.0:
            # The tangent at the jump is near the point where half of finite draws see an outlier.
            for row in found:
                assert row["alpha_half"] == pytest.approx(
                    row["tangent"], abs=0.02 + GAP * row["standard_error"]
                )


def test_figure05_density_and_outlier(data):
    limit = 0.01 if data.size == "full" else 0.06
    for case, (_, (below, above)) in data.parameters["a"].items():
        assert density_gap(data, case, below) < limit
        assert density_gap(data, case, above) < limit
        assert abs(lowest_gap(data, case, above)) < GAP
        (state,) = rows(data.tables["states"], case=case, alpha=below)
        assert state["outlier"] is None


def test_figure05_density_of_another_alpha_differs(data):
    """Negative control: the theory above α_BBP against the eigenvalues below it."""
    for case, (_, (below, above)) in data.parameters["a"].items():
        table = dict(data.tables["theory"])
        table["alpha"] = [above if alpha == below else below for alpha in table["alpha"]]
        other = type(data)(
            data.figure, data.size, data.parameters, {**data.tables, "theory": table}
        )
        assert density_gap(other, case, below) > 0.2


def test_figure07_a_narrow_student_needs_much_more_data(data):
    for a in data.parameters["a"]:
        found = rows(data.tables["thresholds"], a=a)
        alpha = np.array([row["alpha_bbp"] for row in found])
        weak = np.array([row["weak_recovery"] for row in found])
        assert np.allclose(weak, np.array([row["p_star"] for row in found]) / 2)
        # Where the transition is discontinuous it goes with p*, and faster where it is not.
        assert (np.diff(alpha / weak) > -1e-7).all()
        assert alpha[-1] / weak[-1] > 1.5 * alpha[0] / weak[0]


def test_figure08_other_activations_follow_the_theory(data):
    for name, case in data.parameters["cases"].items():
        for p in case["p"]:
            assert np.abs(activation_gaps(data, name, p, 1.4)).max() < GAP


@pytest.mark.parametrize("name", ["figure09", "figure10"])
def test_figure09_descent_learns_beyond_the_transition(data, beside, name):
    if name != "figure09":
        data = beside(name)
    random, hessian = (
        next(key for key in data.tables if key.startswith(start)) for start in ("random", "hessian")
    )
    for p_star, widths in widths_of(data).items():
        for p in widths:
            place = {"observable": "final_m2", "p": p, "p_star": p_star}
            found = sorted(rows(data.tables[random], **place), key=lambda row: row["alpha"])
            if p >= p_star:
                first, *_, last = found
                assert last["mean"] > first["mean"] + GAP * last["standard_error"]
            # The Hessian's eigenvectors are never a worse start.
            for row in rows(data.tables[hessian], **place):
                (other,) = [one for one in found if math.isclose(one["alpha"], row["alpha"])]
                error = math.hypot(row["standard_error"], other["standard_error"])
                assert row["mean"] > other["mean"] - GAP * error - 0.02


@pytest.mark.parametrize("name", ["figure09", "figure10"])
def test_figure09_descents_go_to_their_end(data, beside, name):
    """A draw that has recovered goes on beyond m² = 0.9; both norms are one at p* = 1."""
    if name != "figure09":
        data = beside(name)
    for table in [one for key, one in data.tables.items() if key[-1].isdigit()]:
        end, other = (rows(table, observable=key) for key in ("final_m2", "final_m2_frobenius"))
        for row, frobenius in zip(end, other, strict=True):
            assert frobenius["mean"] >= row["mean"] - 1e-6
            assert row["p_star"] > 1 or frobenius["mean"] == pytest.approx(row["mean"], abs=1e-6)
        recovered = rows(table, observable="recovered", mean=1.0)
        found = [rows(table, observable="final_m2", **_place(row))[0]["mean"] for row in recovered]
        assert max(found) > 0.93


@pytest.mark.parametrize("name", ["figure09", "figure10"])
def test_figure09_what_no_choice_changes(committed_of, name):
    """From a random start ¼ lies at nearly one α for all p ≥ 2, while α_BBP falls to half or not:
    at every N, by both norms, and by gradient flow. A Hessian start comes there at smaller α."""
    data = committed_of(name)
    tables = ("random-500", "random-1000", "random-2000", "random-500-flow")
    found = {
        (table, p): descent_crossing(data, table, p, 1, 0.25)
        for table in tables
        for p in column(data.tables[table], "p", p_star=1)
        if p >= 2
    }
    alpha = np.array([value for value, _ in found.values()])
    assert alpha.max() / alpha.min() < 1.35
    for p in (2, 4):
        (small, error), (large, other) = found["random-500", p], found["random-2000", p]
        assert large > small - GAP * math.hypot(error, other)
        flow, gd = found["random-500-flow", p], found["random-500", p]
        assert abs(flow[0] - gd[0]) < GAP * math.hypot(flow[1], gd[1]) + 0.05
    early = descent_crossing(data, "hessian-500", 4, 1, 0.25)[0]
    assert early < 0.75 * alpha.min()


def test_figure09_which_descents_have_converged(committed_of):
    """Random starts, N = 500, p* = 1: all of p ≥ 4 at a = 0.01; at a = 2 none where p ≥ 2 and the
    student learns."""
    for name, least, expected in (("figure09", 4, 1.0), ("figure10", 2, 0.0)):
        table = committed_of(name).tables["random-500"]
        found = [
            row["mean"]
            for row in rows(table, observable="converged", p_star=1)
            if row["p"] >= least and (name == "figure09" or row["alpha"] >= 1.75)
        ]
        assert len(found) > 10
        assert set(found) == {expected}


def _place(row):
    return {key: row[key] for key in ("p", "p_star", "alpha")}


def test_figure11_label_noise_raises_the_threshold(data):
    for p in data.parameters["widths"]:
        alpha = values(data, "thresholds", "alpha_bbp", p=p)
        weak = np.array(data.tables["weak_recovery"]["alpha"])
        assert (np.diff(alpha) > 0).all()
        assert (alpha > weak).all()
    for noise in data.parameters["shown"]:
        law = next(r for r in rows(data.tables["thresholds"], p=2) if r["noise"] > noise - 1e-9)
        found = rows(data.tables["simulation"], observable="m2", label_noise=noise)
        found = [row for row in found if row["alpha"] > 2.2 * law["alpha_bbp"]]
        theory = table_of(rows(data.tables["theory"], noise=noise))
        assert len(found) > 0
        assert np.abs(gaps(found, theory)).max() < GAP


def test_figure12_methods_follow_their_theory(data):
    begins = {row["method"]: row["alpha"] for row in rows(data.tables["methods"])}
    assert begins["optimal"] == pytest.approx(0.5, rel=1e-9)
    assert begins["optimal"] < begins["average Hessian"] < begins["Hessian"]
    for name, alpha in begins.items():
        found = [
            row for row in rows(data.tables["simulation"], method=name) if row["alpha"] > 2 * alpha
        ]
        assert len(found) > 0
        assert np.abs(gaps(found)).max() < GAP


def test_figure12_nothing_crosses_what_can_be_known(data):
    """Every method's m², in theory at every α and measured within 4 errors, is below the q of
    message passing, and that below the information limit."""
    best = data.tables["bayes"]
    q = dict(zip(best["alpha"], best["message_passing"], strict=True))
    limit = np.array(best["information_limit"])
    assert (np.array(best["message_passing"]) <= limit + 1e-9).all()
    for row in rows(data.tables["theory"]):
        assert row["m2"] <= q[row["alpha"]] + 1e-6
    # Measured away from the weak threshold, where finite N alone gives 1/N.
    line = np.interp(data.tables["simulation"]["alpha"], best["alpha"], best["message_passing"])
    for row, highest in zip(rows(data.tables["simulation"]), line, strict=True):
        if row["alpha"] > 0.7:
            assert row["mean"] < highest + 4 * row["standard_error"]
    # And the line is not far up: the optimal method reaches two thirds of it somewhere.
    optimal = rows(data.tables["theory"], method="optimal")
    assert max(row["m2"] / q[row["alpha"]] for row in optimal if q[row["alpha"]] > 0) > 2 / 3


def test_figure13_the_signature_washes_out(data):
    for case in data.parameters["cases"]:
        found = rows(data.tables["hessian"], case=case)
        first, last = found[0], found[-1]
        assert abs(first["m2"] - first["theory_m2"]) < GAP * first["m2_error"] + 0.02
        assert last["m2"] < 0.5 * first["m2"]
        assert last["student_m2"] > 0.1


def test_figure14_inputs_of_a_power_law_follow_the_theory(data):
    theory = data.tables["theory"]
    for p in data.parameters["widths"]:
        alpha = values(data, "theory", "alpha_bbp", p=p)
        assert (np.diff(alpha) < 0).all()
        # Beyond β = 0.8 a few components are all: one draw is not like another (README).
        for row in rows(data.tables["simulation"], p=p):
            (at,) = rows(theory, p=p, beta=row["beta"])
            expected = at[f"m2_{row['alpha']:g}"]
            if row["beta"] <= 0.8 and expected > 0.25:
                assert abs(row["mean"] - expected) < GAP * row["standard_error"] + 0.01


def test_figure14_steep_inputs_follow_the_theory_of_each_draw(data):
    """Few components count: draws differ, and only a theory of each draw knows by how much."""
    found = rows(data.tables["draws"])
    assert max(abs(row["z_finite_size"]) for row in found) < GAP
    if data.size == "full":
        last = found[-1]
        own, limit = (abs(last[name] - last["measured"]) for name in ("finite_size", "theory"))
        assert own < limit / 5


def test_figure14_theory_of_isotropic_inputs_does_not(data):
    """Negative control: β = 0 for all."""
    (plain,) = rows(data.tables["theory"], p=1, beta=0.0)
    alpha = max(data.parameters["alpha"])
    last = [row for row in rows(data.tables["simulation"], p=1, alpha=alpha) if row["beta"] > 0.5]
    gap = [(row["mean"] - plain[f"m2_{alpha:g}"]) / row["standard_error"] for row in last]
    assert np.abs(gap).max() > GAP


def test_figure14_others_measurements_follow_the_theory(data):
    """|overlap| of ten instances at each α: z of Student's law with 9 degrees."""
    for gamma in (0.5, 1.0):
        law = rows(data.tables["product"], gamma=gamma)
        alpha, q = [row["alpha"] for row in law], [math.sqrt(row["m2"]) for row in law]
        found = [row for row in rows(data.tables["measured"], gamma=gamma) if row["alpha"] > 0.45]
        gap = [
            (row["q_mean"] - np.interp(row["alpha"], alpha, q)) / (row["q_std"] / math.sqrt(10))
            for row in found
        ]
        assert len(gap) > 30
        assert abs(np.mean(gap)) < GAP * 1.134 / math.sqrt(len(gap))
        assert 0.7 < np.std(gap) < 1.6


def test_figure15_the_covariance_explains_most(data):
    for kind in data.parameters["kinds"]:
        far = {row["theory"]: row for row in rows(data.tables["distance"], kind=kind)}
        assert far["isotropic"]["distance"] > 10 * far["isotropic"]["error"]
        assert far["covariance"]["distance"] < 0.5 * far["isotropic"]["distance"]
        # Norms bring it nearer, or leave it as near as the draws can tell.
        bound = far["covariance"]["distance"] + 2 * far["covariance"]["error"]
        assert far["norms"]["distance"] < bound


def test_figure16_order_parameters_follow_their_equations(data):
    z = np.concatenate([online_gaps(data, case) for case in data.parameters["cases"]])
    assert abs(z).max() < GAP
    # Entries of one path go together, and few are those of one time.
    assert (0.4 if data.size == "full" else 0.0) < math.sqrt((z**2).mean()) < 1.7


def test_figure16_the_hessian_is_that_of_an_independent_student(data):
    z = np.concatenate([online_hessian_gaps(data, case) for case in data.parameters["cases"]])
    assert len(z) >= 4
    assert abs(z).max() < GAP
    assert 0.2 < math.sqrt((z**2).mean()) < 1.7


def test_figure16_the_student_at_the_start_is_another(data):
    """Negative control: the Hessian's theory at t = 0 in place of every later one."""
    if data.size != "full":
        return
    for case in data.parameters["cases"]:
        found = rows(data.tables["hessian"], case=case)
        later = [row for row in found[1:] if row["outlier"] < row["edge"]]
        moved = [
            (row["outlier_measured"] - found[0]["outlier"]) / row["outlier_error"] for row in later
        ]
        assert max(map(abs, moved)) > GAP
