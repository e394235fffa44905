"""State evolution of 100 α and weak recovery of a teacher: seconds, one line each."""

import time

import numpy as np

import bbpscape as bb

ALPHAS = np.linspace(0.1, 3.0, 100)
MODELS = {
    "u1**2": {},
    "|u|^2/2": {"p_star": 2},
    "u1**2, noise 0.1": {"labels": bb.Labels(noise=0.1)},
    "u1**2, noise 0.01": {"labels": bb.Labels(noise=0.01)},
    "u1**2, counts": {"labels": bb.Labels(poisson=True)},
    "relu": {"teacher": "relu"},
    "sign(u1), flips": {"teacher": "sign(u1)", "labels": bb.Labels(flip=0.1)},
    "u1**3 - 3*u1": {"teacher": "u1**3 - 3*u1"},
}
TEACHERS = ("u1*u2", "sign(u1*u2)", "u1/u2", "max(u1, u2)", "u1**2 + 2*u2**2")


def main() -> None:
    for name, given in MODELS.items():
        model = bb.TeacherStudent(**{"p": 1, "p_star": 1, "loss": "square"} | given)
        start = time.perf_counter()
        bb.bayes_optimal(model, ALPHAS)
        print(f"bayes_optimal, 100 alpha, {name:20} {time.perf_counter() - start:6.2f} s")
    for name in TEACHERS:
        start = time.perf_counter()
        bb.weak_recovery(2, alpha=2.0, teacher=name)
        print(f"weak_recovery, {name:31} {time.perf_counter() - start:6.2f} s")


if __name__ == "__main__":
    main()
