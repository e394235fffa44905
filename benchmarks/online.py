"""Seconds of an online path to t = 100, and of its simulation.

    python benchmarks/online.py

The goal: 10 s of theory at p = 3.
"""

import time

import numpy as np

import bbpscape as bb

SQUARE = bb.losses.Square()
CASES = {
    "p = 1, quadratic, a = 0.5": (1, 1, bb.NormalizedSquare(0.5), "quadratic", 0.05),
    "p = 3, quadratic, a = 0.5": (3, 1, bb.NormalizedSquare(0.5), "quadratic", 0.1),
    "p = 3, tanh": (3, 1, SQUARE, "tanh", 1.0),
    "p = 3, erf": (3, 1, SQUARE, "erf", 1.0),
    "p = 3, p* = 2, tanh": (3, 2, SQUARE, "tanh", 1.0),
    "p = 3, relu": (3, 1, SQUARE, "relu", 0.5),
}
END = 100.0


def main() -> None:
    print(f"{'path to t = 100':30}{'seconds':>8}{'error':>10}{'m2':>8}")
    for name, (p, p_star, loss, activation, rate) in CASES.items():
        overlap = 0.1 * np.random.default_rng(0).standard_normal((p_star, p))
        model = bb.TeacherStudent(p, p_star, loss, activation, overlap=overlap)
        began = time.perf_counter()
        path = bb.online(model, rate, [0.0, END])
        seconds = time.perf_counter() - began
        print(f"{name:30}{seconds:8.2f}{path.quadrature_error:10.1e}{path.m2[-1]:8.4f}")
    model = bb.TeacherStudent(3, 1, SQUARE, "tanh", overlap=0.1)
    began = time.perf_counter()
    bb.online(model, 1.0, [0.0, 10.0], 500, 16)
    print(f"\n16 draws of N = 500 to t = 10: {time.perf_counter() - began:.2f} s")


if __name__ == "__main__":
    main()
