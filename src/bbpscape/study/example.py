"""The study file that ``bbpscape study init`` writes."""

EXAMPLE = """\
# A study: theory and simulation over a grid, kept in a file beside this one (suffix .sqlite).
#
#   bbpscape study check STUDY.toml      how many points, how long, how much memory
#   bbpscape study run STUDY.toml        compute what is missing; stop and start it at will
#   bbpscape study status STUDY.toml     what is done, what failed and why
#   bbpscape study export STUDY.toml --out table.csv
#   bbpscape study plot STUDY.toml --out figure.png
#
# More draws, more values on an axis, or theory = true later: only what is new is computed.

# Draw i of a point depends on this seed, the point's own parameters and i, and on nothing else.
seed = 0
# Independent draws at each point. 0: theory alone, which needs no N.
draws = 20
# Draws that are computed and written together. More of them where one takes milliseconds.
block = 5

# lowest        lowest eigenvalue
# m2            squared teacher overlap of the lowest eigenvector
# total_m2      its sum over the p p* lowest eigenvectors
# phi           1 if the eigenvector with the largest m2 is among the p p* lowest, else 0
# gap           distance from the p p*-th lowest eigenvalue to the next
# teacher_mass  m2 of all eigenvectors below the edge at infinite N, over p p*
# and of a gradient descent on the loss, which ends where the teacher is recovered, or with
# until = "end" goes on:
# descent_m2    largest squared magnetization that it reaches, by the nuclear norm
# descent_m2_frobenius  the same by the Frobenius norm, another at p_star > 1
# final_m2      that at its end, where the gradient vanishes or the budget is spent
# final_m2_frobenius  the same by the Frobenius norm
# converged     1 if it ends because the gradient vanishes
# recovered     1 if m2 reaches 0.9, else 0
# recovery_step at which step
# descent_loss  loss a sample at its end
# descent_error  generalization error there
observables = ["lowest", "total_m2", "teacher_mass"]

# The limits at infinite N beside them, with the left edge and alpha_bbp.
theory = true

# Theory at finite N beside them too, over as many draws, for lowest, m2 and total_m2.
finite_n = false

# "float64" or "float32"; "cpu", "cuda" or "torch-cpu"; residual over the largest eigenvalue found;
# "auto", or "dice" for an N of up to a million.
precision = "float64"
device = "cpu"
tolerance = 1e-8
eigensolver = "auto"

# Parameters with one value: p, p_star, a, alpha and N, and for other networks
# loss, delta, activation, teacher, label_noise, flip, poisson, overlap and student_gram. A descent
# also has start ("random", "hessian", "spectral" or "overlap"), method ("gd", "momentum" or
# "flow"), domain ("free" or "sphere"), steps, its budget, and until ("recovery", which ends a
# draw, or "end": on to convergence or the last step).
[model]
p = 1
p_star = 1
a = 2.0

# Parameters with several: every combination is a point. A list, or an even range; log = true is
# for equal ratios.
[axes]
alpha = { start = 0.8, stop = 2.4, count = 9 }
N = [100, 200, 400]

# Parameters that go together, as lists of one length; the number of draws may be among them.
# [[zipped]]
# N = [100, 200, 400]
# draws = [80, 40, 20]
"""
